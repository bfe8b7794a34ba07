"""Tests of two groups: against scipy, against all permutations, and at the level that they promise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import anderson_ksamp, fisher_exact, ks_2samp, norm

from alignlab.analysis.populations import (
    anderson_darling,
    anderson_darling_tail,
    distribution_test,
    mantel_haenszel,
    share_test,
)


def brute_force_ad(x: np.ndarray, y: np.ndarray) -> float:
    """Scholz & Stephens 1987, equation 7, read off the page."""
    pooled = np.concatenate([x, y])
    total, sums = len(pooled), 0.0
    for own in (x, y):
        part = 0.0
        for value in np.unique(pooled):
            times = np.sum(pooled == value)
            place = np.sum(pooled < value) + times / 2
            below = np.sum(own < value) + np.sum(own == value) / 2
            part += (
                times / total * (total * below - len(own) * place) ** 2 / (place * (total - place) - total * times / 4)
            )
        sums += part / len(own)
    return (total - 1) / total * sums


@pytest.mark.parametrize(("n", "m"), [(5, 9), (40, 200)])
@pytest.mark.parametrize("decimals", [0, 6])
def test_the_statistic_is_that_of_scholz_and_stephens(n, m, decimals):
    rng = np.random.default_rng(n + decimals)
    x, y = rng.normal(size=n).round(decimals), rng.normal(0.3, size=m).round(decimals)
    assert anderson_darling(x, y) == pytest.approx(brute_force_ad(x, y), rel=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_between_its_ends_the_p_value_is_near_scipys_interpolated_one():
    rng = np.random.default_rng(1)
    for shift in (0.1, 0.2, 0.25):
        x, y = rng.normal(size=300), rng.normal(shift, size=400)
        theirs = anderson_ksamp([x, y]).pvalue
        if 0.002 < theirs < 0.24:  # it is cut at both ends
            assert distribution_test(x, y).ad_p == pytest.approx(theirs, rel=0.15)


def test_the_tail_has_the_known_critical_values_and_goes_on_smoothly():
    for z, p in ((1.933, 0.10), (2.492, 0.05), (3.857, 0.01)):
        assert anderson_darling_tail(z) == pytest.approx(p, rel=0.03)
    assert anderson_darling_tail(5.999) == pytest.approx(anderson_darling_tail(6.001), rel=0.06)
    assert 0 < anderson_darling_tail(2000) < anderson_darling_tail(400) < 1e-100
    assert anderson_darling_tail(0) == 1


def test_a_small_samples_p_is_the_share_of_ways_to_deal_the_values_out():
    x, y = np.array([0.1, 0.4, 1.9, 2.2]), np.array([2.0, 2.5, 3.1, 3.3, 4.0])
    pooled = np.concatenate([x, y])
    every = [brute_force_ad(pooled[list(own)], np.delete(pooled, list(own))) for own in combinations(range(9), len(x))]
    exact = np.mean(np.array(every) >= brute_force_ad(x, y) - 1e-9)
    assert distribution_test(x, y).ad_p == pytest.approx(exact, abs=0.01)


def test_samples_of_one_distribution_are_called_different_as_often_as_promised():
    rng = np.random.default_rng(2)
    found = [distribution_test(rng.normal(size=60), rng.normal(size=90)) for _ in range(400)]
    for p in ([test.ad_p for test in found], [test.ks_p for test in found]):
        assert 0.02 < np.mean(np.array(p) < 0.05) < 0.085


def test_what_is_missing_is_left_out_and_too_few_are_not_tested():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=30), rng.normal(size=40)
    holed = np.concatenate([x, [np.nan, np.inf]])
    assert distribution_test(holed, y) == distribution_test(x, y)
    assert distribution_test(x, y).ks_p == pytest.approx(ks_2samp(x, y).pvalue)
    alone = distribution_test([1.0], y)
    assert np.isnan([alone.ks_p, alone.ad_p]).all()
    assert (alone.n_first, alone.n_second) == (1, 40)


def test_no_p_value_is_zero():
    far = distribution_test(np.zeros(5000) + np.arange(5000) * 1e-6, 10 + np.arange(5000) * 1e-6)
    assert far.ks_p > 0
    assert far.ad_p > 0
    apart = share_test(np.ones(4000, bool), np.zeros(4000, bool))
    assert apart.p > 0


def test_shares_are_tested_by_fisher():
    first, second = np.arange(40) < 12, np.arange(70) < 7
    told = share_test(first, second)
    theirs = fisher_exact([[12, 28], [7, 63]])
    assert (told.hits_first, told.n_first, told.hits_second, told.n_second) == (12, 40, 7, 70)
    assert (told.p, told.odds_ratio) == (pytest.approx(theirs.pvalue), pytest.approx(theirs.statistic))
    assert np.isnan(told.p_equal)


def test_mantel_haenszel_sums_its_terms_over_the_tables():
    """Two tables worked out by hand."""
    strata = (np.repeat([0, 1], [20, 30]), np.repeat([0, 1], [25, 15]))
    first = np.concatenate([np.arange(20) < 8, np.arange(30) < 21])
    second = np.concatenate([np.arange(25) < 5, np.arange(15) < 6])
    common, p = mantel_haenszel(first, second, strata)
    assert common == pytest.approx((8 * 20 / 45 + 21 * 9 / 45) / (12 * 5 / 45 + 9 * 6 / 45))
    excess = 8 - 13 * 20 / 45 + 21 - 27 * 30 / 45
    variance = 20 * 25 * 13 * 32 / (45**2 * 44) + 30 * 15 * 27 * 18 / (45**2 * 44)
    assert p == pytest.approx(2 * norm.sf((abs(excess) - 0.5) / np.sqrt(variance)))


def test_what_counts_alone_explain_is_no_difference_at_equal_counts():
    """Both groups vary as often at the same counts, but the first has more of them: Simpson's trap."""
    rng = np.random.default_rng(4)
    strata = rng.choice(3, 600, p=[0.1, 0.2, 0.7]), rng.choice(3, 600, p=[0.7, 0.2, 0.1])
    chance = np.array([0.05, 0.2, 0.5])
    first, second = (rng.random(600) < chance[own] for own in strata)
    told = share_test(first, second, strata=strata)
    assert told.p < 1e-6
    assert told.p_equal > 0.05
