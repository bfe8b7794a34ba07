"""The server that forks a child for each piece of limited work: ``python -m alignlab.services.limited_server FD``.

It takes ends of sockets through the socket FD. On each stands one line of JSON: the task, its arguments, its limits. A
child is forked, sets its limits for good and does the task; it writes its progress and its answer on the same socket,
and the server adds how it ended. Whoever closes the other end has the child killed. The server ends with its parent.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import resource
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from alignlab.errors import AlignlabError

_log = logging.getLogger(__name__)
#: What most of the work needs: imported once, before the first child.
_PRELOADED = ("alignlab.ingest.kept", "alignlab.services.drop_reading", "alignlab.spectra.fit")
_STATUS = Path("/proc/self/status")
_LONGEST_REQUEST = 1024**2
_REQUEST_S = 10.0
_MOST_OPEN_FILES = 256
#: Progress is told so often at most (s), unless something else is done.
_TELL_S = 0.1


class _Tell:
    """Says on the socket how far the work is."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._info, self._at = line, "", 0.0

    def __call__(self, done: int, total: int, info: str) -> bool:
        now = time.monotonic()
        if info != self._info or now - self._at > _TELL_S:
            say(self._line, {"done": int(done), "total": int(total), "info": info})
            self._info, self._at = info, now
        return True


def say(line: socket.socket, message: dict[str, Any]) -> None:
    """Write one message."""
    line.sendall(json.dumps(message).encode() + b"\n")


def set_limits(limits: dict[str, int]) -> None:
    """Bind this process, for good: memory, time, sizes of files; no core dumps."""
    memory = limits["memory_mb"] * 1024**2
    seconds = limits["wall_s"]
    bounds = [] if (used := _memory_used()) is None else [
        (resource.RLIMIT_DATA, used["VmData"] + memory),
        (resource.RLIMIT_AS, used["VmSize"] + 2 * memory),
    ]  # fmt: skip
    for what, most in (
        *bounds,
        (resource.RLIMIT_CPU, 2 * seconds),
        (resource.RLIMIT_FSIZE, limits["file_mb"] * 1024**2),
        (resource.RLIMIT_NOFILE, _MOST_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # The kernel ends the process then, whatever library it is in.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _memory_used() -> dict[str, int] | None:
    """Bytes that this process has mapped; None on systems that do not tell (and keep no limit)."""
    try:
        status = _STATUS.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return None
    pairs = (line.split(":", 1) for line in status if line.startswith(("VmData", "VmSize")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}


def _do(line: socket.socket, request: dict[str, Any]) -> None:
    """In the child: the task, its answer or what went wrong."""
    try:
        set_limits(request["limits"])
        module, _, function = request["task"].partition(":")
        answer = getattr(importlib.import_module(module), function)(**request["arguments"], on_step=_Tell(line))
        said = {"answer": answer}
    except AlignlabError as error:
        said = {"error": error.message, "remedy": error.remedy}
    except MemoryError:
        said = {"memory": True}
    except Exception as error:  # noqa: BLE001 - what a stranger's file makes a library raise is not known
        _log.exception("a piece of limited work failed")
        # torch raises a RuntimeError where numpy raises a MemoryError.
        is_memory = "allocate memory" in str(error)
        said = {"memory": True} if is_memory else {"fault": f"{type(error).__name__}: {error}"[:300]}
    gc.collect()
    say(line, said)


def serve(control: socket.socket) -> None:
    """Fork a child for each line that comes through `control`, until that is closed."""
    children: dict[int, socket.socket] = {}
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        for end in (control, woken):
            selector.register(end, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is control:
                    line = _next_line(control)
                    if line is None:
                        return
                    if (pid := _fork(line, (control, woken, wake, *children.values()))) is not None:
                        children[pid] = line
                        selector.register(line, selectors.EVENT_READ, data=pid)
                elif key.fileobj is woken:
                    with contextlib.suppress(BlockingIOError):
                        woken.recv(4096)
                elif key.data in children:
                    # Nothing is sent after the request: the other end has been closed.
                    selector.unregister(children[key.data])
                    os.kill(key.data, signal.SIGKILL)
            for pid, status in _ended():
                line = children.pop(pid)
                with contextlib.suppress(KeyError):
                    selector.unregister(line)
                with contextlib.suppress(OSError):
                    say(line, {"exit": status})
                line.close()


def _next_line(control: socket.socket) -> socket.socket | None:
    message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    return socket.socket(fileno=descriptors[0]) if message and descriptors else None


def _request(line: socket.socket) -> dict[str, Any] | None:
    line.settimeout(_REQUEST_S)
    text = b""
    with contextlib.suppress(OSError):
        while not text.endswith(b"\n") and len(text) < _LONGEST_REQUEST:
            block = line.recv(65536)
            if not block:
                return None
            text += block
    line.settimeout(None)
    return json.loads(text) if text.endswith(b"\n") else None


def _fork(line: socket.socket, others: tuple[socket.socket, ...]) -> int | None:
    """Process id of the child that does what stands on the line; None where nothing does."""
    request = _request(line)
    if request is None:
        line.close()
        return None
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for other in others:
            other.close()
        _do(line, request)
        code = 0
    finally:
        os._exit(code)


def _ended() -> list[tuple[int, int]]:
    """Children that have ended, with their wait status."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while (pair := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(pair)
    return found


def main() -> None:
    """Import what the work needs, then serve until the parent is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in _PRELOADED:
        importlib.import_module(module)
    gc.freeze()
    serve(control)
    # The children that are left are of no use to anybody.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
