"""Tasks for `test_limited`: work that behaves, and work that a limited process must be able to end."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

import numpy as np

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report


def double(number: int, *, on_step: OnStep | None = None) -> dict[str, object]:
    for step in range(3):
        report(on_step, step, 3, "doubling")
    return {"number": 2 * number, "environment": sorted(os.environ), "process": os.getpid()}


def refuse(*, on_step: OnStep | None = None) -> dict[str, object]:
    raise AlignlabError("it is green", remedy="Paint it.")


def surprise(*, on_step: OnStep | None = None) -> dict[str, object]:
    raise KeyError("COUNTS")


def sleep(note: str, *, on_step: OnStep | None = None) -> dict[str, object]:
    Path(note).write_text(str(os.getpid()))
    report(on_step, 0, 1, "sleeping")
    ctypes.CDLL(None).sleep(60)  # in C, where no signal handler of Python runs
    return {}


def spin(*, on_step: OnStep | None = None) -> dict[str, object]:
    while True:
        pass


def grow(*, on_step: OnStep | None = None) -> dict[str, object]:
    report(on_step, 0, 1, "reading large.fits")
    blocks = []
    while True:
        blocks.append(np.ones(10_000_000))


def crash(*, on_step: OnStep | None = None) -> dict[str, object]:
    report(on_step, 0, 1, "reading odd.fits")
    ctypes.string_at(0)
    return {}


def write(path: str, *, on_step: OnStep | None = None) -> dict[str, object]:
    with Path(path).open("wb") as file:
        for _ in range(100):
            file.write(bytes(1024**2))
            time.sleep(0.001)
    return {}
