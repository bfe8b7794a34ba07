from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from alignlab.analysis.contrast import EXACT_UP_TO, Contrast, RankedVariables, _exact_distribution, holm


def one(values: np.ndarray, mask: np.ndarray) -> Contrast:
    return RankedVariables(values[:, None]).contrast(mask)


def brute_delta(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sign(x[:, None] - y[None, :]).mean())


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    """Continuous, tied and partly missing columns, and a selection that is shifted in some."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 5)).astype(np.float32)
    mask = np.arange(400) % 3 == 0
    values[mask, 0] += 0.6
    values[:, 1] = np.round(2 * values[:, 1])
    values[rng.uniform(size=400) < 0.4, 2] = np.nan
    values[:, 3] = np.where(rng.uniform(size=400) < 0.7, 0, values[:, 3])
    values[rng.uniform(size=400) < 0.1, 4] = np.inf
    return values, mask


def test_figures_agree_with_the_reference_library_and_brute_force(table):
    values, mask = table
    contrast = RankedVariables(values).contrast(mask)
    for column in range(values.shape[1]):
        known = np.isfinite(values[:, column])
        x, y = values[known & mask, column].astype(float), values[known & ~mask, column].astype(float)
        assert (contrast.n_selected[column], contrast.n_rest[column]) == (len(x), len(y))
        assert contrast.median_selected[column] == pytest.approx(np.median(x))
        assert contrast.median_rest[column] == pytest.approx(np.median(y))
        assert contrast.shift[column] == pytest.approx(np.median(x) - np.median(y))
        assert contrast.delta[column] == pytest.approx(brute_delta(x, y))
        expected = stats.mannwhitneyu(x, y, alternative="two-sided", method="asymptotic").pvalue
        assert contrast.p_value[column] == pytest.approx(expected, rel=1e-9)
    assert not contrast.exact.any()
    assert contrast.n_tests == 5


@pytest.mark.parametrize("n_selected", [1, 2, 5, 8])
@pytest.mark.parametrize("n", [12, 300])
def test_few_without_ties_are_counted_out(n_selected, n):
    values = np.random.default_rng(n_selected).normal(size=n).astype(np.float32)
    mask = np.zeros(n, bool)
    mask[:n_selected] = True
    for chosen in (mask, ~mask):
        contrast = one(values, chosen)
        assert contrast.exact.all()
        expected = stats.mannwhitneyu(
            *(values[side].astype(float) for side in (chosen, ~chosen)), method="exact"
        ).pvalue
        assert contrast.p_value[0] == pytest.approx(expected, rel=1e-9)


def test_a_tie_or_a_larger_group_takes_the_normal_approximation():
    values = np.random.default_rng(1).normal(size=60).astype(np.float32)
    assert one(values, np.arange(60) < EXACT_UP_TO).exact.all()
    assert not one(values, np.arange(60) < EXACT_UP_TO + 1).exact.any()
    values[-1] = values[-2]
    assert not one(values, np.arange(60) < EXACT_UP_TO).exact.any()


def test_the_exact_distribution_is_that_of_all_ways_to_choose():
    for n1, n2 in ((1, 6), (3, 5), (4, 4)):
        ways = np.zeros(n1 * n2 + 1)
        for ranks in combinations(range(n1 + n2), n1):
            ways[sum(ranks) - n1 * (n1 - 1) // 2] += 1
        np.testing.assert_allclose(_exact_distribution(n1, n2), ways / ways.sum(), rtol=1e-12)


def test_the_exact_tail_stays_exact_in_a_large_survey():
    tail = _exact_distribution(8, 11_439)
    assert tail[0] == pytest.approx(1 / comb(11_447, 8), rel=1e-6)
    np.testing.assert_allclose(tail, tail[::-1])
    assert tail.sum() == pytest.approx(1)


def test_the_variance_behind_the_interval_is_the_unbiased_one_of_the_placements():
    rng = np.random.default_rng(2)
    x, y = rng.normal(0.5, 1, 25), rng.normal(0, 2, 40)
    contrast = one(np.concatenate([x, y]), np.arange(65) < 25)
    wins = np.sign(x[:, None] - y[None, :])
    d = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / 25 + wins.mean(axis=0).var(ddof=1) / 40
    z2 = 1.959964**2 * variance
    width = np.sqrt(z2 * ((1 - d**2) ** 2 + z2))
    assert contrast.delta_low[0] == pytest.approx((d - d**3 - width) / (1 - d**2 + z2), rel=1e-4)
    assert contrast.delta_high[0] == pytest.approx((d - d**3 + width) / (1 - d**2 + z2), rel=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.8, 2.0])
def test_the_interval_holds_the_truth_in_95_percent_of_surveys(shift):
    rng = np.random.default_rng(3)
    truth = 2 * stats.norm.cdf(shift / np.sqrt(2)) - 1
    values = rng.normal(size=(70, 1500))
    values[:25] += shift
    contrast = RankedVariables(values).contrast(np.arange(70) < 25)
    covered = (contrast.delta_low <= truth) & (truth <= contrast.delta_high)
    assert 0.925 < covered.mean() < 0.985


def test_groups_that_do_not_overlap_have_an_interval_that_knows_their_size():
    small, large = (one(np.arange(2 * n, dtype=float), np.arange(2 * n) >= n) for n in (5, 50))
    for contrast in (small, large):
        assert contrast.delta[0] == contrast.delta_high[0] == 1
    assert 0 < small.delta_low[0] < large.delta_low[0] < 1
    below = one(np.arange(10.0), np.arange(10) < 5)
    assert (below.delta_low[0], below.delta_high[0]) == pytest.approx((-1, -small.delta_low[0]))


def test_a_few_equal_values_do_not_make_the_interval_narrow():
    values = np.concatenate([np.zeros(5), np.zeros(3000), np.random.default_rng(5).exponential(size=4000)])
    contrast = one(values, np.arange(len(values)) < 5)
    assert contrast.delta_low[0] < contrast.delta[0] - 0.15
    assert contrast.delta_high[0] > contrast.delta[0] + 0.15
    assert -1 <= contrast.delta_low[0] <= contrast.delta_high[0] <= 1


@pytest.mark.parametrize(("n1", "n2"), [(5, 5), (6, 40), (20, 20)])
def test_the_interval_of_groups_that_do_not_overlap_is_no_bolder_than_that_of_single_successes(n1, n2):
    low = one(np.arange(float(n1 + n2)), np.arange(n1 + n2) >= n2).delta_low[0]
    # At most as certain as if every pair were a trial of its own, at least as certain as one pair per source.
    wilson = [2 * stats.binomtest(n, n).proportion_ci(method="wilson").low - 1 for n in (min(n1, n2), n1 * n2)]
    assert wilson[0] - 0.1 <= low <= wilson[1]


def test_a_p_value_is_never_zero():
    contrast = one(np.arange(40_000.0), np.arange(40_000) < 20_000)
    assert 0 < contrast.p_value[0] < 1e-300
    assert contrast.p_corrected[0] > 0


@pytest.mark.parametrize("selected", [0, 1, 39, 40])
def test_a_side_without_values_or_with_one_has_no_figures_that_need_more(selected):
    values = np.random.default_rng(4).normal(size=(40, 2))
    values[:, 1] = np.nan
    contrast = RankedVariables(values).contrast(np.arange(40) < selected)
    empty = selected in (0, 40)
    assert np.isnan(contrast.delta[0]) == np.isnan(contrast.p_value[0]) == empty
    assert np.isnan(contrast.delta_low[0])
    assert contrast.n_tests == (0 if empty else 1)
    assert (contrast.n_selected[1], contrast.n_rest[1]) == (0, 0)
    assert np.isnan(contrast.median_rest[1])
    assert np.isnan(contrast.p_corrected[1])


def test_equal_values_show_no_effect():
    contrast = one(np.full(30, 7.0), np.arange(30) < 10)
    assert (contrast.delta[0], contrast.p_value[0]) == (0, 1)


_VALUES = arrays(np.float32, st.integers(6, 40), elements=st.sampled_from([-2, -1, 0, 0.5, 1, 3, np.nan]))


@settings(max_examples=100, deadline=None)
@given(_VALUES, st.integers(0, 2**32 - 1))
def test_exchanging_the_sides_exchanges_the_signs(values, seed):
    mask = np.random.default_rng(seed).uniform(size=len(values)) < 0.5
    there, back = one(values, mask), one(values, ~mask)
    np.testing.assert_allclose(there.delta, -back.delta, atol=1e-12)
    np.testing.assert_allclose(there.delta_low, -back.delta_high, atol=1e-9)
    np.testing.assert_allclose(there.p_value, back.p_value, rtol=1e-9)
    np.testing.assert_allclose(there.shift, -back.shift)


@settings(max_examples=100, deadline=None)
@given(_VALUES, st.integers(0, 2**32 - 1))
def test_only_the_order_of_values_matters(values, seed):
    mask = np.random.default_rng(seed).uniform(size=len(values)) < 0.4
    plain, stretched = one(values, mask), one(np.exp(values), mask)
    for name in ("n_selected", "delta", "delta_low", "delta_high", "p_value"):
        np.testing.assert_allclose(getattr(plain, name), getattr(stretched, name), rtol=1e-12)
    assert np.all(np.isnan(plain.delta) | (np.abs(plain.delta) <= 1))


def test_holm_is_stepwise_and_leaves_out_what_was_not_tested():
    # Holm's procedure by hand: 4 × 0.01, 3 × 0.02, 2 × 0.04 and never less than the one before.
    np.testing.assert_allclose(holm([0.04, 0.01, np.nan, 0.02, 0.05]), [0.08, 0.04, np.nan, 0.06, 0.08])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1, 1])
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("mask", [np.ones(3, bool), np.ones(4), np.ones((4, 1), bool)])
def test_a_mask_of_other_sources_is_refused(mask):
    with pytest.raises(ValueError, match=r"bool of shape \(4,\)"):
        RankedVariables(np.ones((4, 2))).contrast(mask)


def test_values_must_be_a_table():
    with pytest.raises(ValueError, match="two-dimensional"):
        RankedVariables(np.ones(4))
