"""The small demo, opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue, Workspace


@pytest.fixture(scope="package")
def workspace(small_demo: Config) -> Iterator[Workspace]:
    """The small demo's survey and run; tests leave them as they are."""
    opened = Catalogue(small_demo).open_workspace()
    yield opened
    opened.survey.close()
    opened.run.close()
