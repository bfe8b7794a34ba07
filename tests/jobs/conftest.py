"""Queues on SQLite in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alignlab.config import Config
from alignlab.jobs.queue import JobQueue


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path / "data")


@pytest.fixture
def queue(config: Config) -> Iterator[JobQueue]:
    made = JobQueue(config)
    yield made
    made.close()
