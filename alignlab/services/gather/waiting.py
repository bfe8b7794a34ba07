"""Wait for an answer from outside without going deaf: who watches is told all the while and may stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

_TELL_EVERY_S = 0.4
_T = TypeVar("_T")


def answered(ask: Callable[[], _T], tell: Callable[[], None], *, stop: Callable[[], None]) -> _T:
    """Do `ask` in a thread and call `tell` twice a second until it is done.

    If `tell` raises, such as a `StoppedError`, `stop` is called, that error is raised, and what the thread still
    brings is thrown away.
    """
    tell()
    answer = begun(ask)
    while wait([answer], timeout=_TELL_EVERY_S).not_done:
        try:
            tell()
        except BaseException:
            stop()
            raise
    return answer.result()


def begun(ask: Callable[[], _T]) -> Future[_T]:
    """Begin `ask` in a thread of its own, which does not hold a process that wants to end: an archive may be silent."""
    answer: Future[_T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return answer
