"""Jobs stand back while a page is being drawn, but never for long."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import pytest

from alignlab.config import Config
from alignlab.jobs import courtesy


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(data_dir=tmp_path)
    config.jobs_dir.mkdir()
    return config


def test_a_page_is_being_drawn_for_a_moment_after_it_was_told(config: Config) -> None:
    assert not courtesy.is_drawing(config)
    courtesy.tell_drawing(config)
    assert courtesy.is_drawing(config)
    [told] = config.jobs_dir.iterdir()
    long_ago = time.time() - 2 * courtesy.DRAWING_S
    os.utime(told, (long_ago, long_ago))
    assert not courtesy.is_drawing(config)


def test_a_clock_that_was_set_back_stops_nothing(config: Config) -> None:
    courtesy.tell_drawing(config)
    [told] = config.jobs_dir.iterdir()
    later = time.time() + 3600
    os.utime(told, (later, later))
    assert not courtesy.is_drawing(config)


def test_nothing_is_written_where_no_job_ever_ran(tmp_path: Path) -> None:
    courtesy.tell_drawing(Config(data_dir=tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_stops_no_page(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(self)

    monkeypatch.setattr(Path, "touch", refuse)
    courtesy.tell_drawing(config)


def _work(config: Config, counted: Synchronized[int]) -> None:
    courtesy.stand_back(config)
    while True:
        time.sleep(0.005)
        counted.value += 1


@pytest.fixture
def counted(config: Config) -> Any:
    """A counter that a process of its own counts up, about two hundred times a second, unless it stands back."""
    context = multiprocessing.get_context("spawn")
    counted = context.Value("q", 0)
    process = context.Process(target=_work, args=(config, counted), daemon=True)
    process.start()
    until(lambda: counted.value > 0)
    time.sleep(courtesy.SHORTEST_WORK_S)
    yield counted
    process.kill()
    process.join()


def until(holds: Callable[[], bool], *, seconds: float = 60.0) -> float:
    """How long it took until something held."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def test_work_stops_while_a_page_is_drawn_and_goes_on_afterwards(config: Config, counted: Any) -> None:
    before = counted.value
    until(lambda: counted.value > before)
    courtesy.tell_drawing(config)
    # The process looks every so often; by then it has stopped.
    time.sleep(courtesy.DRAWING_S / 2)
    stopped_at = counted.value
    time.sleep(courtesy.DRAWING_S / 8)
    assert counted.value == stopped_at
    until(lambda: counted.value > stopped_at)


def test_pages_drawn_without_end_leave_work_its_share(config: Config, counted: Any) -> None:
    before, ends = counted.value, time.monotonic() + 2.5 * (courtesy.LONGEST_PAUSE_S + courtesy.SHORTEST_WORK_S)
    changes = []
    while time.monotonic() < ends:
        courtesy.tell_drawing(config)
        time.sleep(0.05)
        changes.append(counted.value - before)
        before = counted.value
    stood, worked = sum(n == 0 for n in changes), sum(n > 0 for n in changes)
    assert stood > worked > len(changes) / 10
