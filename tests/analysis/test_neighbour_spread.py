"""Spread among neighbours against pairs counted one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from alignlab.analysis.neighbour_spread import mean_difference, neighbour_spread, percent_places, resampled_means


def test_mean_difference_equals_that_of_all_pairs():
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(6, 7, 3)), 1)
    x[rng.random(x.shape) < 0.3] = np.nan
    x[0, :, 0] = np.nan
    x[1, 1:, 1] = np.nan
    found = mean_difference(x)
    for i in range(6):
        for j in range(3):
            values = x[i, :, j][np.isfinite(x[i, :, j])]
            pairs = [abs(a - b) for a, b in combinations(values, 2)]
            expected = np.mean(pairs) if pairs else np.nan
            assert found[i, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert np.isnan(found[0, 0])
    assert np.isnan(found[1, 1])


def test_places_in_percent_by_hand():
    places = percent_places([[3.0, np.nan], [1.0, 5.0], [3.0, np.inf], [9.0, np.nan]])
    np.testing.assert_allclose(places[:, 0], [50, 12.5, 50, 87.5])
    np.testing.assert_allclose(places[:, 1], [np.nan, 50, np.nan, np.nan])


def test_random_neighbours_spread_as_all_do_and_equal_ones_not_at_all():
    rng = np.random.default_rng(1)
    values = percent_places(rng.normal(size=(500, 2)) ** 3)
    spread = neighbour_spread(rng.integers(500, size=(4000, 5)), values)
    # Drawn with replacement: a pair is the same source once in 500.
    assert spread.mean() == pytest.approx(1, abs=0.02)
    nearest = np.argsort(np.abs(values[:, :1] - values[:, 0]), axis=1)[:, :5]
    sorted_by_first = neighbour_spread(nearest, values)
    assert sorted_by_first[:, 0].mean() < 0.02
    assert sorted_by_first[:, 1].mean() == pytest.approx(1, abs=0.06)


def test_a_variable_that_never_changes_has_no_spread_to_compare():
    assert np.isnan(neighbour_spread([[0, 1]], np.ones((3, 1)))).all()


def test_resampled_means_scatter_as_the_standard_error_says():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 3))
    x[::2, 1] = np.nan
    x[:, 2] = x[:, 0] + 1
    drawn = resampled_means(x, rng=rng, n_resamples=3000)
    assert drawn.shape == (3000, 3)
    np.testing.assert_allclose(drawn.mean(axis=0), np.nanmean(x, axis=0), atol=0.01)
    np.testing.assert_allclose(drawn.std(axis=0), [0.05, 0.0707, 0.05], rtol=0.12)
    np.testing.assert_allclose(drawn[:, 2] - drawn[:, 0], 1)  # the same draws for all columns
