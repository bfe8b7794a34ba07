"""A data folder of its own for each stage that is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignlab.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path / "data")
