"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from alignlab.config import Config

PROJECT = Path(__file__).resolve().parent.parent

# The suite tries the same cases every time; HYPOTHESIS_PROFILE=explore tries others.
settings.register_profile("suite", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


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


#: Size of `small_demo`: enough for one rarity of each kind, every class and a split with a few queries.
SMALL_DEMO_SOURCES = 400


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A data folder with a small demo survey and its run, simulated and trained once; tests leave it as it is."""
    # Imported here: tests that need no demo need not wait for torch.
    from alignlab.services.demo import build_demo

    config = Config(data_dir=tmp_path_factory.mktemp("demo"))
    build_demo(config=config, n_sources=SMALL_DEMO_SOURCES)
    return config


@pytest.fixture(scope="session")
def finished_demo(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A copy of `small_demo` with all its maps, judged: an app opened on it starts no work in the background."""
    from tests.pages.finished_maps import with_finished_maps

    return with_finished_maps(small_demo, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def demo_copy(small_demo: Config, tmp_path: Path) -> Config:
    """A copy of `small_demo` in which a test may ingest, apply and delete."""
    return Config(data_dir=Path(shutil.copytree(small_demo.data_dir, tmp_path / "data")))


@pytest.fixture(scope="session")
def two_runs(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A copy of `finished_demo` with a second run, trained shortly, that nobody has chosen; tests leave it as it is."""
    from alignlab.services.runs import train_run
    from alignlab.services.workspace import Catalogue
    from alignlab.training.recipe import AlignmentRecipe
    from tests.pages.finished_maps import finish_maps

    config = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path_factory.mktemp("two") / "data")))
    catalogue = Catalogue(config)
    catalogue.lab.set_active_run("demo", catalogue.run_ids("demo")[0])
    survey = catalogue.survey("demo")
    short = AlignmentRecipe(name="short", temperature=0.1, max_epochs=2, patience=2, shared_dim=16)
    run = train_run(survey, short, config=config, seed=5)
    finish_maps(survey, run)
    run.close()
    survey.close()
    return config


@pytest.fixture
def two_runs_copy(two_runs: Config, tmp_path: Path) -> Config:
    """A copy of `two_runs` in which a test may promote and delete."""
    return Config(data_dir=Path(shutil.copytree(two_runs.data_dir, tmp_path / "two")))
