"""Surveys of "observed" sources cut out of the small demo, so that what a run should say of them is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.config import Config
from alignlab.store.artefact import Meta
from alignlab.store.survey import Photons, Survey, SurveyContents, write_survey
from alignlab.variables import VARIABLE_NAMES


def cut_out(
    survey: Survey, rows: NDArray[np.integer], *, config: Config, name: str = "mine", grid: str = "log"
) -> Survey:
    """Publish the given rows of a survey as a survey of its own, without papers."""
    frame = dict(zip(VARIABLE_NAMES, survey.variables[rows].T, strict=True))
    contents = SurveyContents(
        sources=survey.sources.iloc[rows].assign(split="test").reset_index(drop=True),
        variables=survey.limits.iloc[rows].assign(**frame).reset_index(drop=True),
        limits=survey.limits.iloc[rows].reset_index(drop=True),
        photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(len(rows) + 1, np.int64)),
        arrays={name: np.array(survey.array(name)[rows]) for name in ("spectra", "counts", "background")},
    )
    meta = Meta(kind="survey", name=name, simulated=False, recipe={"grid_kind": grid})
    return write_survey(contents, meta, config.surveys_dir)
