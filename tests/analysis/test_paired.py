"""The paired bootstrap against textbook intervals, a direct computation, and itself turned round."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis import paired
from alignlab.analysis.paired import paired_means, paired_medians


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_the_interval_of_a_mean_difference_is_the_textbook_one(rng):
    first = rng.normal(size=(400, 1))
    second = first + rng.normal(0.3, 0.5, size=(400, 1))
    found = paired_means(first, second, rng=rng, n_resamples=4000)
    change = (second - first)[:, 0]
    half = 1.96 * change.std() / np.sqrt(400)
    assert found.difference[0] == pytest.approx(change.mean())
    assert found.low[0] == pytest.approx(change.mean() - half, abs=0.05 * half)
    assert found.high[0] == pytest.approx(change.mean() + half, abs=0.05 * half)
    assert found.p_value[0] == pytest.approx(2 / 4001)


def test_pairs_tell_what_two_separate_intervals_would_hide(rng):
    spread = rng.normal(0, 10, size=(300, 1))
    found = paired_means(spread, spread + rng.normal(0.1, 0.2, size=(300, 1)), rng=rng)
    assert 0 < found.low[0] < 0.1 < found.high[0] < 0.2


def test_missing_values_are_left_out_in_pairs(rng):
    first, second = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    first[:20, 0], second[15:30, 0] = np.nan, np.nan
    first[:, 2] = np.nan
    found = paired_means(first, second, rng=rng)
    assert found.n.tolist() == [20, 50, 0]
    assert found.first[0] == pytest.approx(first[30:, 0].mean())
    assert found.second[0] == pytest.approx(second[30:, 0].mean())
    assert np.isnan([found.first[2], found.difference[2], found.low[2], found.p_value[2]]).all()


@pytest.mark.parametrize("n", [1, 2, 9, 40])
def test_resampled_medians_are_those_of_the_drawn_values(n):
    values = np.round(np.random.default_rng(n).normal(size=(n, 2)), 1)
    draws = next(paired._draws(n, 30, np.random.default_rng(5)))
    assert (draws.sum(axis=1) == n).all()
    direct = [np.median(np.repeat(values[:, 0], row.astype(int))) for row in draws]
    order = np.argsort(values[:, 0])
    np.testing.assert_allclose(paired._drawn_median(values[order, 0], draws[:, order]), direct)


def test_no_difference_has_an_interval_around_zero_and_is_never_called_clear():
    ranks = np.arange(1.0, 101)[:, None]
    for compare in (paired_means, paired_medians):
        found = compare(ranks, ranks, rng=np.random.default_rng(0))
        assert (found.difference[0], found.low[0], found.high[0], found.p_value[0]) == (0, 0, 0, 1)


def test_turned_round_the_difference_changes_its_sign(rng):
    first, second = rng.integers(1, 80, size=(2, 120, 1)).astype(float)
    there = paired_medians(first, second, rng=np.random.default_rng(1))
    back = paired_medians(second, first, rng=np.random.default_rng(1))
    assert (there.difference, there.low, there.high) == (-back.difference, -back.high, -back.low)
    again = paired_medians(first, second, rng=np.random.default_rng(1))
    assert (again.low, again.high) == (there.low, there.high)


def test_under_the_null_few_are_called_different():
    rng = np.random.default_rng(8)
    found = paired_means(rng.normal(size=(80, 200)), rng.normal(size=(80, 200)), rng=rng)
    outside = (found.low > 0) | (found.high < 0)
    assert 0.01 < outside.mean() < 0.11
    assert np.array_equal(outside, found.p_value < 0.05) or abs(outside.mean() - (found.p_value < 0.05).mean()) < 0.02


@pytest.mark.parametrize(
    ("first", "second", "n_resamples", "words"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), 10, "same shape"),
        (np.zeros(3), np.zeros(3), 10, "same shape"),
        (np.zeros((0, 2)), np.zeros((0, 2)), 10, "at least one row"),
        (np.zeros((3, 2)), np.zeros((3, 2)), 0, "n_resamples must be positive"),
    ],
)
def test_what_cannot_be_compared_is_refused(first, second, n_resamples, words, rng):
    with pytest.raises(ValueError, match=words):
        paired_means(first, second, rng=rng, n_resamples=n_resamples)


def test_a_median_of_missing_values_is_refused(rng):
    with pytest.raises(ValueError, match="finite"):
        paired_medians(np.array([[np.nan], [1.0]]), np.ones((2, 1)), rng=rng)
