"""Reading what others made, in a process of its own that may take so much time and memory and no more.

Files that people drop are parsed by libraries in C, and may be made to hurt them. So they are read by a child process
(`alignlab.services.limited_server`), which the operating system ends when it goes beyond its limits. What it found
comes back as JSON and as files that cannot run. The children are forked from a server that has everything imported.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report

#: Of the environment, the child sees these alone: keys and tokens are none of its business.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_")
#: How often a caller is asked whether to go on.
_LOOK_S = 0.25
#: How long the server may need until it has imported everything.
_START_S = 120.0
_GRACE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one piece of work may take.

    Attributes
    ----------
    wall_s : int
        Seconds on the clock; of processor time twice as many.
    memory_mb : int
        Memory on top of what the imported libraries have.
    file_mb : int
        Largest file that it may write.
    """

    wall_s: int = 30
    memory_mb: int = 2048
    file_mb: int = 2048


class LimitError(AlignlabError):
    """The work went beyond its limits, or its process died.

    Attributes
    ----------
    doing : str
        What it last said that it was doing; "" where it said nothing.
    """

    def __init__(self, message: str, *, remedy: str = "", doing: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.doing = doing


def run_limited(
    task: str,
    arguments: dict[str, Any],
    *,
    what: str,
    limits: Limits | None = None,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Let a child process do `task` and wait for its answer.

    Parameters
    ----------
    task : str
        ``package.module:function`` of ours; it is called with `arguments` and ``on_step=``, and returns what JSON can
        hold. What is larger it leaves in files.
    arguments : dict
        What JSON can hold.
    what : str
        The work in words, for messages: ``Reading what was dropped``.
    limits : Limits, optional
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``; asked several times a second.

    Raises
    ------
    LimitError
        If the work takes too long or too much memory, or its process dies.
    AlignlabError
        As the task raised it.
    StoppedError
        If `on_step` returned False; the process is gone by then.
    """
    limits = limits or Limits()
    with _connection() as line:
        line.sendall(json.dumps({"task": task, "arguments": arguments, "limits": asdict(limits)}).encode() + b"\n")
        return _answer(line, what, limits, on_step)


def warm_up(*, after_s: float = 0.0) -> None:
    """Start the server, unless it runs, so that the first work need not wait for its imports; return at once.

    Parameters
    ----------
    after_s : float
        Seconds to wait before, so that its imports do not slow what is done now.
    """
    if not after_s:
        _server.line()
    elif _server.is_needed_soon():
        timer = threading.Timer(after_s, warm_up)
        timer.daemon = True
        timer.start()


def _answer(line: socket.socket, what: str, limits: Limits, on_step: OnStep | None) -> dict[str, Any]:
    line.settimeout(_LOOK_S)
    latest: dict[str, Any] = {"done": 0, "total": 1, "info": ""}
    found: dict[str, Any] | None = None
    ends_at = time.monotonic() + limits.wall_s + _START_S
    for message in _messages(line):
        if message is None:
            if time.monotonic() > ends_at:
                raise LimitError(
                    f"Nothing was heard for {limits.wall_s + _START_S:.0f} s of the process that was {what}."
                )
        elif "info" in message:
            latest = message
            ends_at = min(ends_at, time.monotonic() + limits.wall_s + _GRACE_S)
        elif "exit" in message:
            return _judged(message["exit"], found, what, limits, str(latest["info"]))
        else:
            found = message
        if latest["info"]:
            report(on_step, latest["done"], latest["total"], latest["info"])
    raise LimitError(f"{what} was given up: the server of such processes ended.", remedy="Try again.")


def _messages(line: socket.socket) -> Iterator[dict[str, Any] | None]:
    """What the child and its server say, None whenever a while passes in silence."""
    heard = b""
    while True:
        try:
            block = line.recv(65536)
        except TimeoutError:
            yield None
            continue
        except OSError:
            return
        if not block:
            return
        *lines, heard = (heard + block).split(b"\n")
        for text in lines:
            yield json.loads(text)


def _judged(status: int, found: dict[str, Any] | None, what: str, limits: Limits, doing: str) -> dict[str, Any]:
    """The answer of a process that has ended, or the reason why there is none."""
    if found is not None and "answer" in found:
        answer: dict[str, Any] = found["answer"]
        return answer
    if found is not None and "error" in found:
        raise AlignlabError(found["error"], remedy=found["remedy"])
    at = f", while {doing}" if doing else ""
    smaller = "Check that the file is what it says it is, and give less at once."
    damaged = "The file may be damaged in a way that a library does not withstand: fetch it again."
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if found is not None and "memory" in found:
        said, remedy = f"{what} needs more than {limits.memory_mb / 1024:g} GB of memory{at}.", smaller
    elif found is not None:
        said, remedy = f"{what} failed{at} ({found['fault']}).", damaged
    elif number in (signal.SIGALRM, signal.SIGXCPU):
        said, remedy = f"{what} took more than {limits.wall_s} s{at}.", smaller
    else:
        name = signal.Signals(number).name if number else f"exit code {os.waitstatus_to_exitcode(status)}"
        why = ", as happens when memory runs out" if number == signal.SIGKILL else ""
        said, remedy = f"{what} ended its process{at} ({name}{why}).", damaged
    raise LimitError(said, remedy=remedy, doing=doing)


class _Server:
    """The process that forks the children; started when it is first needed, and again should it have died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0
        self._is_expected = False

    def line(self) -> socket.socket:
        """The socket on which it takes work."""
        with self._lock:
            if self._control is None or self._process is None or self._owner != os.getpid() or self._has_ended():
                self._start()
            assert self._control is not None
            return self._control

    def is_needed_soon(self) -> bool:
        """True the first time that this is asked, unless it runs already."""
        with self._lock:
            first, self._is_expected = not self._is_expected and self._process is None, True
            return first

    def hand_over(self, end: socket.socket) -> None:
        """Give it one end of a line to a caller."""
        for last in (False, True):
            control = self.line()
            try:
                with self._lock:
                    socket.send_fds(control, [b"."], [end.fileno()])
                return
            except OSError:
                if last:
                    raise
                self.close()

    def close(self) -> None:
        """End it, with all that it started."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._process is not None and self._owner == os.getpid():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(2)
                self._process.kill()
                self._process.wait()
            self._control = self._process = None

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {k: v for k, v in os.environ.items() if k in _ENVIRONMENT or k.startswith(_PREFIXES)}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "alignlab.services.limited_server", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=2, env=environment,
                start_new_session=True,
            )  # fmt: skip
        if self._control is not None:
            self._control.close()
        self._control, self._owner = ours, os.getpid()


_server = _Server()
atexit.register(_server.close)


@contextlib.contextmanager
def _connection() -> Iterator[socket.socket]:
    """A line to a child that is about to be forked; closing it ends the child."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _server.hand_over(theirs)
        yield ours
