"""Concerns together, their shares, and values held against the others of their group."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.artefacts import demoted, deviation_from_others, ramp, shares, together


def test_a_ramp_rises_between_its_ends_in_either_direction():
    np.testing.assert_allclose(ramp([0, 2, 6, 10, 30, np.nan], 2, 10), [0, 0, 0.5, 1, 1, np.nan])
    np.testing.assert_allclose(
        ramp([1000, 100, 31.6228, 10, 1], 100, 10, logarithmic=True), [0, 0, 0.5, 1, 1], atol=1e-5
    )
    assert ramp([0.0, -3.0], 100, 10, logarithmic=True).tolist() == [1, 1]


def test_concerns_count_together_and_the_unknown_does_not():
    concerns = {"a": np.array([0.5, 1.0, np.nan]), "b": np.array([0.2, 0.0, np.nan])}
    weights = {"a": 0.8, "b": 0.5}
    np.testing.assert_allclose(together(concerns, weights), [1 - (1 - 0.4) * (1 - 0.1), 0.8, 0.0], rtol=1e-6)


@pytest.mark.parametrize("values", [{"a": 0.5, "b": 0.2}, {"a": 1.0, "b": 1.0}, {"a": 0.3, "b": 0.0}])
def test_shares_make_the_whole(values):
    weights = {"a": 1.0, "b": 0.7}
    found = shares(values, weights)
    whole = together({name: np.array([value]) for name, value in values.items()}, weights)[0]
    assert sum(found.values()) == pytest.approx(whole, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert set(found) == {name for name, value in values.items() if value > 0}


def test_no_concern_has_no_shares():
    assert shares({"a": 0.0, "b": 0.4}, {"a": 1.0, "b": 0.0}) == {}


def test_deviation_is_from_the_weighted_mean_of_the_others():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 6, 30)
    groups[0] = 9  # alone
    values, errors = rng.normal(size=30), rng.uniform(0.5, 2, 30)
    values[5] = np.nan
    sigma, mean, n_others = deviation_from_others(values, errors, groups)
    for i in range(30):
        others = [j for j in range(30) if j != i and groups[j] == groups[i] and np.isfinite(values[j])]
        if np.isnan(values[i]) or not others:
            assert np.isnan(sigma[i]) and n_others[i] == 0
            continue
        weights = 1 / errors[others] ** 2
        expected = np.average(values[others], weights=weights)
        assert mean[i] == pytest.approx(expected)
        assert sigma[i] == pytest.approx((values[i] - expected) / np.hypot(errors[i], weights.sum() ** -0.5))
        assert n_others[i] == len(others)


def test_a_demotion_takes_a_share_of_the_surprise():
    percentile, artefact = np.array([99.0, 99.0, 99.0, 50.0, np.nan]), np.array([0.5, 0.0, 1.0, 0.5, 0.5])
    np.testing.assert_allclose(demoted(percentile, artefact, 1.0), [90.0, 99.0, 0.0, 29.289, np.nan], rtol=1e-4)
    np.testing.assert_allclose(demoted(percentile, artefact, 0.0), percentile, rtol=1e-6)


def test_a_small_concern_costs_the_strangest_few_places():
    ranked = 100 * (1 - np.arange(1, 10_001) / 10_001)
    artefact = np.zeros(10_000)
    artefact[9] = 0.04
    shown = demoted(ranked, artefact, 1.0)
    assert 10 < (shown > shown[9]).sum() + 1 < 20
