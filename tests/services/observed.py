"""Surveys of "observed" sources cut out of the small demo, so that what a run should say of them is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from alignlab.config import Config
from alignlab.store.artefact import Meta
from alignlab.store.survey import Photons, Survey, SurveyContents, write_survey
from alignlab.variables import VARIABLE_NAMES


def cut_out(
    survey: Survey,
    rows: ArrayLike,
    *,
    config: Config,
    name: str = "mine",
    grid: str = "log",
    spectra: ArrayLike | None = None,
) -> Survey:
    """Publish the given rows of a survey as a survey of its own, without papers, if asked with other spectra."""
    rows = np.asarray(rows)
    arrays = {array: np.array(survey.array(array)[rows]) for array in ("spectra", "counts", "background")}
    if spectra is not None:
        arrays["spectra"] = np.asarray(spectra, np.float32)
    contents = SurveyContents(
        sources=survey.sources.iloc[rows].assign(split="test").reset_index(drop=True),
        variables=pd.DataFrame(survey.variables[rows], columns=list(VARIABLE_NAMES)),
        limits=survey.limits.iloc[rows].reset_index(drop=True),
        photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(len(rows) + 1, np.int64)),
        arrays=arrays,
    )
    meta = Meta(kind="survey", name=name, simulated=False, recipe={"grid_kind": grid})
    return write_survey(contents, meta, config.surveys_dir)
