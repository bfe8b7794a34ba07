"""Mutual information against the analytic value of normal variables and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_regression

from alignlab.analysis.mutual_information import as_correlation, information_interval, mutual_information


def normal_pair(rho: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x, noise = np.random.default_rng(seed).normal(size=(2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9])
def test_normal_variables(rho):
    x, y = normal_pair(rho, 4000, 1)
    found = mutual_information(x, y, rng=np.random.default_rng(0))
    assert found == pytest.approx(-0.5 * np.log(1 - rho**2), abs=0.04)
    assert as_correlation(found) == pytest.approx(rho, abs=0.2 if rho == 0 else 0.05)


def test_agrees_with_scikit_learn_on_a_curve_without_correlation():
    rng = np.random.default_rng(3)
    x = rng.normal(size=1500)
    y = x**2 + 0.3 * rng.normal(size=1500)
    ours = mutual_information(x, y, rng=rng)
    theirs = mutual_info_regression(x[:, None], y, n_neighbors=3, random_state=0)[0]
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.15
    assert ours == pytest.approx(theirs, abs=0.08)
    assert ours > 0.5


def test_another_scale_changes_nothing():
    x, y = normal_pair(0.7, 500, 4)
    first = mutual_information(x, y, rng=np.random.default_rng(0))
    assert mutual_information(np.exp(3 * x), y**3, rng=np.random.default_rng(0)) == first


def test_steps_tell_as_much_as_their_entropy():
    rng = np.random.default_rng(5)
    steps = rng.integers(4, size=4000)
    assert mutual_information(steps, steps + 0.01 * rng.random(4000), rng=rng) == pytest.approx(np.log(4), abs=0.1)


def test_missing_values_are_left_out_and_too_few_have_none():
    x, y = normal_pair(0.8, 300, 6)
    with_gaps = np.append(y, [np.nan, np.inf])
    rng = np.random.default_rng
    assert mutual_information(np.append(x, [1, 2]), with_gaps, rng=rng(0)) == mutual_information(x, y, rng=rng(0))
    assert np.isnan(mutual_information(x[:4], y[:4], rng=rng(0)))
    with pytest.raises(ValueError, match="must have the same shape"):
        mutual_information(x, y[:-1], rng=rng(0))


def test_the_interval_holds_the_analytic_value_about_as_often_as_it_says():
    expected = -0.5 * np.log(1 - 0.6**2)
    held = 0
    for seed in range(40):
        value, low, high = information_interval(*normal_pair(0.6, 300, seed), rng=np.random.default_rng(seed))
        assert low < value < high
        held += low <= expected <= high
    assert held >= 34
