from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import percentileofscore

from alignlab.services.distributions import FEWEST_FOR_RANK, STRIP_BINS, VariableDistributions
from alignlab.variables import VARIABLE_NAMES, VARIABLES


@pytest.fixture
def spread(workspace):
    return VariableDistributions(workspace.survey)


def test_percentiles_are_those_of_scipy(workspace, spread):
    classes = workspace.survey.sources["source_class"]
    common = classes.value_counts().index[0]
    for number in range(len(VARIABLES)):
        values = workspace.survey.variables[:, number]
        value = float(values[np.isfinite(values)][5])
        rank = spread.rank_among_all(number, value)
        known = values[np.isfinite(values)]
        assert rank.n == len(known)
        assert rank.percent == pytest.approx(percentileofscore(known, np.float32(value), kind="mean"))
        same = values[(classes == common).to_numpy() & np.isfinite(values)]
        rank = spread.rank_in_class(number, value, common)
        assert rank.n == len(same)
        if rank.n >= FEWEST_FOR_RANK:
            assert rank.percent == pytest.approx(percentileofscore(same, np.float32(value), kind="mean"))


def test_missing_values_and_small_classes_have_no_rank(spread):
    assert np.isnan(spread.rank_among_all(0, float("nan")).percent)
    assert spread.rank_in_class(0, 0.1, "").n == 0
    assert np.isnan(spread.rank_in_class(0, 0.1, "no such class").percent)


def test_strips_hold_shares_and_place_values_in_order(workspace, spread):
    for number, variable in enumerate(VARIABLES):
        strip = spread.strip(number, "AGN")
        assert strip.everything.shape == strip.same_class.shape == (STRIP_BINS,)
        assert 0 <= strip.everything.min() <= strip.everything.max() == 1
        values = np.sort(workspace.survey.variables[:, number])
        values = values[np.isfinite(values)]
        places = [strip.position(float(v)) for v in values[:: max(1, len(values) // 30)]]
        assert places == sorted(places)
        assert 0 <= places[0] <= places[-1] <= 1
        assert np.isnan(strip.position(float("nan")))
        if strip.logarithmic:
            assert strip.position(0.0) == 0.0
        assert variable.name == VARIABLE_NAMES[number]
    assert not spread.strip(0, "").same_class.any()
