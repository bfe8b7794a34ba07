"""Truth and variables of a small simulated survey, for the literature to write about."""

from __future__ import annotations

import pytest

from alignlab.spectra.simulate import SimulatedSurvey, simulate_survey

N_SOURCES = 300


@pytest.fixture(scope="package")
def simulated() -> SimulatedSurvey:
    return simulate_survey(N_SOURCES, seed=3)
