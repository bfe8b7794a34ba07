"""Progress and cancellation: one callback signature for every long function."""

from __future__ import annotations

from collections.abc import Callable

from alignlab.errors import AlignlabError

#: ``on_step(done, total, info)`` returns False to stop, True to go on; `info` is a short phrase for a person.
OnStep = Callable[[int, int, str], bool]


class StoppedError(AlignlabError):
    """The caller's ``on_step`` returned False, so there is no result."""


def report(on_step: OnStep | None, done: int, total: int, info: str) -> None:
    """Tell the caller how far the work is.

    Raises
    ------
    StoppedError
        If the caller wants it to stop.
    """
    if on_step is not None and not on_step(done, total, info):
        raise StoppedError(f"stopped on request at {info} ({done} of {total})")
