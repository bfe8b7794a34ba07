"""What the code of a job has in its hands while it runs: a folder, and ways to tell how far it is."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.jobs.spec import JobProgress, JobSpec
from alignlab.progress import OnStep
from alignlab.store.artefact import write_file_atomically

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PROGRESS, METRICS, LOG, CHECKPOINT = "progress.json", "metrics.jsonl", "log.txt", "checkpoint.safetensors"


class Work:
    """One job at work, in a process of its own, which may be killed at any moment and started again.

    Everything that must outlast a kill lies in `folder`. The app reads the progress, metrics and log files there
    while they grow.

    Parameters
    ----------
    spec : JobSpec
    folder : Path
        The job's own folder; made if absent.
    rounds : sequence of sequence of dict
        For a job with parts: the results of its parts, one list per round of its plan.
    """

    def __init__(self, spec: JobSpec, folder: Path, *, rounds: Sequence[Sequence[dict[str, Any]]] = ()) -> None:
        self.spec, self.folder, self.rounds = spec, folder, rounds
        folder.mkdir(parents=True, exist_ok=True)
        self._started, self._first = time.monotonic(), 0.0
        self._known = False

    @property
    def checkpoint(self) -> Path:
        """File for the state of a training; there already when the job was killed after it had been written."""
        return self.folder / CHECKPOINT

    def progress(self, fraction: float, message: str) -> None:
        """Publish how far the work is; the remaining time follows from the pace since this process began."""
        if not self._known:
            self._first, self._known = fraction, True
        done, spent = fraction - self._first, time.monotonic() - self._started
        remaining = spent * (1 - fraction) / done if done > 0 and spent > 1 else None
        known = JobProgress(fraction=fraction, message=message, remaining_s=remaining)

        def write(path: Path) -> None:
            path.write_text(json.dumps(asdict(known)), encoding="utf-8")

        write_file_atomically(self.folder / PROGRESS, write)

    def on_step(self, first: float = 0.0, last: float = 1.0) -> OnStep:
        """Turn the one progress callback into `progress`, as the part from `first` to `last` of the whole."""

        def step(done: int, total: int, info: str) -> bool:
            self.progress(first + (last - first) * (done / total if total else 1.0), info)
            return True

        return step

    def metric(self, **values: float | int | str | None) -> None:
        """Append one line of live figures, such as one epoch's; what is not finite is written as null."""
        clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
        self._append(METRICS, json.dumps(clean))

    def tell_epoch(self, epoch: DataclassInstance) -> None:
        """Append the figures of one epoch, the fields of a dataclass: what trainings call after each."""
        self.metric(**asdict(epoch))

    def metrics(self) -> list[dict[str, Any]]:
        """The live figures so far, also those from before a kill; a half-written last line is left out."""
        return read_metrics(self.folder)

    def log(self, text: str) -> None:
        """Append a line to the job's log."""
        self._append(LOG, f"{time.strftime('%H:%M:%S', time.gmtime())} {text}")

    def _append(self, name: str, line: str) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def read_progress(folder: Path) -> JobProgress:
    """How far the job in `folder` is."""
    try:
        return JobProgress(**json.loads((folder / PROGRESS).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return JobProgress()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The live figures of the job in `folder`; an epoch told twice, before and after a kill, counts as told last."""
    try:
        lines = (folder / METRICS).read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []
    told: dict[Any, dict[str, Any]] = {}
    for number, line in enumerate(lines):
        try:
            values = json.loads(line)
        except ValueError:
            continue  # cut in half by a kill; what follows was written by the process after it
        key = values.get("epoch", f"line {number}")
        told.pop(key, None)
        told[key] = values
    return list(told.values())


def read_log(folder: Path, n_lines: int = 40) -> list[str]:
    """The last lines of the job's log."""
    try:
        return (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-n_lines:]
    except FileNotFoundError:
        return []
