"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real Chandra data; the test is skipped where it is absent, unless it was asked for by name."""
    named = os.environ.get("ALIGNLAB_REAL_DATA")
    folder = (PROJECT / (named or "../shared/data")).resolve()
    if not folder.is_dir():
        if named:
            pytest.fail(f"ALIGNLAB_REAL_DATA names {named}, which is not a folder")
        pytest.skip("no real data beside the project (../shared/data)")
    return folder
