"""Dropped spectra of several kinds, interpreted once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.services.apply import apply_run
from alignlab.services.interpret.contract import Interpretation
from alignlab.services.interpret.stages import interpret_stages
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import AppliedSurvey, Workspace
from alignlab.spectra.grid import minmax_normalise
from alignlab.store.artefact import Meta
from alignlab.store.survey import Photons, SurveyContents, write_survey
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="package")
def laid_over(small_demo: Config, tmp_path_factory: pytest.TempPathFactory):
    """A function: the run's view of spectra with these counts (n, 400), as the subjects that a drop would give."""
    import pandas as pd

    from alignlab.services.workspace import Catalogue

    workspace = Catalogue(small_demo).open_workspace()
    folder = tmp_path_factory.mktemp("laid_over")

    def lay_over(counts, *, name: str, background=None, variables=None, ra=np.nan, dec=np.nan, notes="") -> list:
        counts = np.asarray(counts, np.float32)
        n = len(counts)
        total = counts.sum(axis=1)
        sources = pd.DataFrame(
            {"name": [f"{name}-{i}" for i in range(n)], "ra": ra, "dec": dec, "source_class": "", "split": "test",
             "counts": total, "net_counts": total, "exposure_s": 20_000.0, "notes": notes}
        )  # fmt: skip
        blank = pd.DataFrame(np.nan, index=range(n), columns=list(VARIABLE_NAMES), dtype="float32")
        contents = SurveyContents(
            sources=sources,
            variables=blank if variables is None else blank.assign(**variables),
            limits=pd.DataFrame({"hard_hs_lolim": np.full(n, np.nan)}),
            photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(n + 1, np.int64)),
            arrays={
                "spectra": minmax_normalise(counts),
                "counts": counts,
                "background": np.full_like(counts, np.nan) if background is None else np.asarray(background),
            },
        )
        meta = Meta(kind="survey", name=name, simulated=False, recipe={"grid_kind": "log"})
        survey = write_survey(contents, meta, folder / "surveys")
        overlay = apply_run(workspace.run, workspace.survey, survey, into=folder / "applied")
        seen = Workspace(workspace.config, workspace.survey, workspace.run, (AppliedSurvey(survey, overlay),))
        return [subject_of(seen, i, name) for i in range(n)]

    yield lay_over
    workspace.survey.close()
    workspace.run.close()


@pytest.fixture(scope="package")
def like_demo(laid_over, workspace: Workspace) -> list[Subject]:
    """Three test sources of the demo, handed in as if they were new."""
    rows = np.flatnonzero(workspace.survey.split == "test")[:3]
    variables = {name: workspace.survey.variables[rows, column] for column, name in enumerate(VARIABLE_NAMES)}
    return laid_over(
        workspace.survey.counts[rows], background=workspace.survey.background[rows], name="handed", variables=variables
    )


@pytest.fixture(scope="package")
def stages(like_demo: list[Subject]) -> list[Interpretation]:
    """All stages of the first of them."""
    return list(interpret_stages(like_demo[0]))


@pytest.fixture(scope="package")
def found(stages: list[Interpretation]) -> Interpretation:
    """The whole interpretation of the first of them."""
    return stages[-1]


@pytest.fixture
def drop_folder(tmp_path: Path) -> Path:
    """Where a test drops files."""
    return tmp_path / "session"
