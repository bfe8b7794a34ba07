"""Long work in a process of its own, so that a page never waits and a closed tab never kills it.

A task has three files in ``data/tasks``: a lock that its process holds while it runs (the operating system frees it
when the process dies, however it dies), its progress as JSON, and a log.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep
from alignlab.store.artefact import write_file_atomically

#: Set for a process that was started with its task's lock: the task's name.
INHERITED_LOCK = "ALIGNLAB_TASK_LOCK_OF"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a background task is.

    Attributes
    ----------
    fraction : float
        From 0 to 1.
    message : str
        What it is doing, in words.
    done : bool
        True when it ended well.
    error : str
        Why it failed, with the remedy; empty while it has not.
    """

    fraction: float = 0.0
    message: str = ""
    done: bool = False
    error: str = ""


class TaskIsRunningError(AlignlabError):
    """Another process is doing this work already."""


@dataclass(frozen=True)
class Task:
    """A piece of background work, known by its name."""

    config: Config
    name: str

    @property
    def _folder(self) -> Path:
        return self.config.data_dir / "tasks"

    @property
    def log_path(self) -> Path:
        """What its process printed."""
        return self._folder / f"{self.name}.log"

    @property
    def _progress_path(self) -> Path:
        return self._folder / f"{self.name}.json"

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the lock; gives its file descriptor, which a child process may inherit together with the lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{self.name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TaskIsRunningError(f"{self.name} is running already.", remedy="Wait for it to end.") from None
            yield file.fileno()

    def is_running(self) -> bool:
        """Whether a process is doing this work now."""
        try:
            with self._locked():
                return False
        except TaskIsRunningError:
            return True

    def progress(self) -> Progress:
        """How far it is; a process that died without a word is an error that names the log."""
        running = self.is_running()
        try:
            known = Progress(**json.loads(self._progress_path.read_text()))
        except FileNotFoundError:
            return Progress(message="starting")
        if known.done or known.error or running:
            return known
        return Progress(
            fraction=known.fraction, error=f"The process stopped while {known.message}. Its log is {self.log_path}."
        )

    def forget(self) -> None:
        """Drop what was told of earlier work; a process that is at it goes on."""
        for path in (self._progress_path, self.log_path):
            path.unlink(missing_ok=True)

    def start(self, arguments: Sequence[str]) -> None:
        """Start ``alignlab ARGUMENTS`` for this task unless its process is running; return at once.

        The new process is born with the lock, so there is no moment at which the task seems idle.
        """
        try:
            with self._locked() as lock, self.log_path.open("wb") as log:
                self._publish(Progress(message="starting"))
                process = subprocess.Popen(
                    [sys.executable, "-m", "alignlab", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(lock,),
                    env={
                        **os.environ,
                        "ALIGNLAB_DATA": str(self.config.data_dir.resolve()),
                        INHERITED_LOCK: self.name,
                    },
                )
        except TaskIsRunningError:
            return
        # Nobody else waits for it: without this it would stay a zombie for as long as the app lives.
        threading.Thread(target=process.wait, daemon=True).start()

    def run(self, work: Callable[[OnStep], None], *, on_step: OnStep | None = None) -> None:
        """Do the work in this process, holding the lock and publishing progress as it comes.

        Raises
        ------
        TaskIsRunningError
            If another process is at it.
        """
        with nullcontext() if os.environ.get(INHERITED_LOCK) == self.name else self._locked():

            def report(done: int, total: int, info: str) -> bool:
                self._publish(Progress(fraction=done / total if total else 0.0, message=info))
                return on_step is None or on_step(done, total, info)

            try:
                work(report)
            except Exception as error:
                # Published for the page that waits, then raised for this process's own log and exit code.
                reason = str(error) if isinstance(error, AlignlabError) else f"{type(error).__name__}: {error}"
                self._publish(Progress(error=reason))
                raise
            self._publish(Progress(fraction=1.0, message="ready", done=True))

    def _publish(self, progress: Progress) -> None:
        def write(path: Path) -> None:
            path.write_text(json.dumps(asdict(progress)))

        write_file_atomically(self._progress_path, write)
