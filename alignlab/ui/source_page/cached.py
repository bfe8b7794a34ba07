"""What the Source page needs of a whole survey or run, computed once per process."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.analysis.sky_map import galactic, mollweide
from alignlab.services import dossier
from alignlab.services.distributions import VariableDistributions
from alignlab.services.rankings import Ranking, ranking
from alignlab.services.similar_papers import PaperPlaces, paper_places
from alignlab.services.subject import Subject
from alignlab.services.workspace import Workspace
from alignlab.spectra.light_curve import LightCurve

#: Cells of the sky map's density, in x and y.
SKY_CELLS = (64, 32)


def distributions(workspace: Workspace) -> VariableDistributions:
    """Distributions of the variables in the run's survey."""
    return _distributions(workspace, workspace.survey.digest)


@st.cache_resource(max_entries=4, show_spinner=False)
def _distributions(_workspace: Workspace, survey: str) -> VariableDistributions:
    del survey  # only there to be part of the key, here as below
    return VariableDistributions(_workspace.survey)


def papers_in_space(workspace: Workspace) -> PaperPlaces:
    """Where the papers of the run's survey lie in the shared space."""
    return _papers_in_space(workspace, workspace.survey.digest, workspace.run.digest)


@st.cache_resource(max_entries=4, show_spinner=False)
def _papers_in_space(_workspace: Workspace, survey: str, run: str) -> PaperPlaces:
    del survey, run
    return paper_places(_workspace)


def ordered(subject: Subject, key: str, remembered: Subject | None) -> Ranking:
    """A ranking of the sources of the subject's survey."""
    survey, run, _ = subject.key
    return _ordered(subject, remembered, survey, run, key, None if remembered is None else remembered.key)


@st.cache_resource(max_entries=64, show_spinner=False)
def _ordered(
    _subject: Subject,
    _remembered: Subject | None,
    survey: str,
    run: str,
    key: str,
    remembered: tuple[str, str, int] | None,
) -> Ranking:
    del survey, run, remembered
    return ranking(_subject, key, _remembered)


def light_curve_of(subject: Subject) -> LightCurve | None:
    """The light curve of a source; None where it has too few photons with a time."""
    survey, _, index = subject.key
    return _light_curve(subject, survey, index)


@st.cache_resource(max_entries=256, show_spinner=False)
def _light_curve(_subject: Subject, survey: str, index: int) -> LightCurve | None:
    del survey, index
    return dossier.light_curve_of(_subject)


def sky_density(workspace: Workspace) -> NDArray[np.float64]:
    """Sources of the run's survey in each cell of the sky map, shape (rows, columns), the fullest being 1."""
    return _sky_density(workspace, workspace.survey.digest)


@st.cache_resource(max_entries=4, show_spinner=False)
def _sky_density(_workspace: Workspace, survey: str) -> NDArray[np.float64]:
    del survey
    sources = _workspace.survey.sources
    ra, dec = sources["ra"].to_numpy(np.float64), sources["dec"].to_numpy(np.float64)
    known = np.isfinite(ra) & np.isfinite(dec)
    x, y = mollweide(*galactic(ra[known], dec[known]))
    columns, rows = SKY_CELLS
    held = np.histogram2d(y, x, bins=(rows, columns), range=((-1, 1), (-2, 2)))[0]
    return held / max(held.max(), 1)
