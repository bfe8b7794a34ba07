"""Luminosity functions: exact limits, and slopes whose intervals hold what they promise on simulated ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from alignlab.analysis.luminosity_function import cumulative_counts, power_law


def simulated(rng: np.random.Generator, n: int, *, slope: float, limit: float = 1e37) -> np.ndarray:
    return limit * (1 - rng.random(n)) ** (-1 / slope)


def test_cumulative_counts_have_gehrels_limits():
    counts = cumulative_counts([3.0, 1.0, 2.0, np.nan, -1.0, 0.0])
    assert counts.at.tolist() == [1, 2, 3]
    assert counts.n.tolist() == [3, 2, 1]
    # Gehrels 1986, tables 1 and 2: 84.13% limits of one and of three.
    assert (counts.low[-1], counts.high[-1]) == (pytest.approx(0.1727, abs=2e-4), pytest.approx(3.300, abs=2e-3))
    assert (counts.low[0], counts.high[0]) == (pytest.approx(1.367, abs=2e-3), pytest.approx(5.918, abs=2e-3))


def test_the_slope_is_that_of_greatest_likelihood():
    values = simulated(np.random.default_rng(0), 50, slope=0.8)
    fit = power_law(values, limit=1e37)
    grid = np.linspace(0.3, 2, 4000)
    likelihood = 50 * np.log(grid) - grid * np.log(values / 1e37).sum()
    assert fit.slope == pytest.approx(grid[likelihood.argmax()], abs=5e-4)
    assert fit.low == pytest.approx(chi2.ppf(0.025, 100) / 2 / np.log(values / 1e37).sum())
    assert fit.expected(1e37) == pytest.approx(50)


@pytest.mark.parametrize("slope", [0.6, 1.6])
@pytest.mark.parametrize("n", [6, 80])
def test_the_interval_holds_the_slope_as_often_as_promised(slope, n):
    rng = np.random.default_rng(n)
    fits = [power_law(simulated(rng, n, slope=slope), limit=1e37, n_drawn=1) for _ in range(350)]
    assert 0.92 < np.mean([fit.low <= slope <= fit.high for fit in fits]) < 0.98


def test_a_power_law_is_accepted_and_a_break_is_not():
    rng = np.random.default_rng(5)
    accepted = [power_law(simulated(rng, 60, slope=1.0), limit=1e37, n_drawn=199).p for _ in range(150)]
    assert 0.01 < np.mean(np.array(accepted) < 0.05) < 0.10
    broken = np.minimum(simulated(rng, 400, slope=0.5), simulated(rng, 400, slope=3.0, limit=5e37))
    assert power_law(broken, limit=1e37).p < 0.01


def test_only_what_lies_above_the_limit_counts_and_too_few_have_no_slope():
    values = simulated(np.random.default_rng(6), 40, slope=1.0)
    with_faint = np.concatenate([values, np.full(30, 5e36), [np.nan]])
    assert power_law(with_faint, limit=1e37) == power_law(values, limit=1e37)
    assert power_law(values[:4], limit=1e37) is None
    with pytest.raises(ValueError, match="limit must be positive"):
        power_law(values, limit=0)
