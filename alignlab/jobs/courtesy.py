"""Jobs stand back while a page is being drawn: a person waits for the page, nobody for the next hundredth of a second
of a training.

A low priority shares out the processor, not its caches and memory; beside a training that was given every second core
at nice 10, pages took up to 1.7 times as long as alone. So the app says when it begins and ends to draw, by touching a
file, and each job's process pauses for that moment. Only on the machine of the app.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from pathlib import Path
from types import FrameType

from alignlab.config import Config

#: A page that was begun or ended so long ago is drawn, also by the browser.
DRAWING_S = 0.5
#: Pages drawn one after the other stop a job for at most so long; then it works for at least so long.
LONGEST_PAUSE_S, SHORTEST_WORK_S = 1.5, 0.5
_LOOK_S = 0.02


def tell_drawing(config: Config) -> None:
    """Ask the jobs of this machine to stand back for a moment: microseconds; nothing where no job ever ran."""
    if config.jobs_dir.is_dir():
        # A folder that may not be written to is no reason to show no page: jobs go on as they are.
        with contextlib.suppress(OSError):
            _path(config).touch()


def is_drawing(config: Config) -> bool:
    """Whether the app of this machine is drawing a page."""
    try:
        age = time.time() - _path(config).stat().st_mtime
    except FileNotFoundError:
        return False
    # A clock that was set back must not stop jobs until it has caught up.
    return 0 <= age < DRAWING_S


def stand_back(config: Config) -> None:
    """Pause this process's main thread, from now on, whenever a page is being drawn: call there.

    The pause is a signal's handler, so that it falls between two operations of whatever the thread computes, and no
    code of a job need know of it. What the thread has begun in a compiled library it ends first.
    """
    signal.signal(signal.SIGUSR1, _Pause(config))
    threading.Thread(target=_look, args=(config, threading.get_ident()), daemon=True, name="courtesy").start()


class _Pause:
    """The handler: sleeps while a page is being drawn."""

    def __init__(self, config: Config) -> None:
        self._config, self._ended = config, time.monotonic() - SHORTEST_WORK_S
        self._is_pausing = False

    def __call__(self, signal_number: int, frame: FrameType | None) -> None:
        began = time.monotonic()
        # The next signal comes while this one's handler sleeps.
        if self._is_pausing or began - self._ended < SHORTEST_WORK_S:
            return
        self._is_pausing = True
        while is_drawing(self._config) and time.monotonic() - began < LONGEST_PAUSE_S:
            time.sleep(_LOOK_S)
        self._ended, self._is_pausing = time.monotonic(), False


def _look(config: Config, thread: int) -> None:
    while True:
        time.sleep(_LOOK_S)
        if is_drawing(config):
            signal.pthread_kill(thread, signal.SIGUSR1)


def _path(config: Config) -> Path:
    return config.jobs_dir / f"drawing-{socket.gethostname()}"
