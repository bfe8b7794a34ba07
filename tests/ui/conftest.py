"""A small workspace, built once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue, Workspace
from tests.ui.small_demo import build_small_demo


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_demo(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def workspace(small_demo: Path) -> Iterator[Workspace]:
    opened = Catalogue(Config(data_dir=small_demo)).open_workspace()
    yield opened
    opened.survey.close()
    opened.run.close()
    for applied in opened.overlays:
        applied.survey.close()
