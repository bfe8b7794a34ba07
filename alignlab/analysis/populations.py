"""Two groups of sources compared: distributions, shares, and shares at equal counts.

No p-value is ever 0: what is smaller than floating point can hold is its smallest number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc
from scipy.stats import fisher_exact, ks_2samp

#: Up to this many values of both groups together, the Anderson-Darling p comes from permutations.
PERMUTED_UP_TO = 60
_N_PERMUTATIONS = 9_999
#: From here on the tail of the statistic's limiting distribution is its leading term.
_TAIL_FROM = 6.0
_SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, kw_only=True)
class DistributionTest:
    """Whether two groups' values of one quantity could come from the same distribution.

    Attributes
    ----------
    n_first, n_second : int
        Values that are there.
    ks, ks_p : float
        Largest distance of the two cumulative distributions, and its p; NaN with fewer than 2 values a side.
    ad, ad_p : float
        Anderson and Darling's statistic after Pettitt, with ties after Scholz & Stephens, and its p.
    """

    n_first: int
    n_second: int
    ks: float
    ks_p: float
    ad: float
    ad_p: float


@dataclass(frozen=True, kw_only=True)
class ShareTest:
    """The share of something in two groups.

    Attributes
    ----------
    hits_first, n_first, hits_second, n_second : int
    odds_ratio, p : float
        Of Fisher's exact test, two-sided; NaN where a group is empty.
    common_odds_ratio, p_equal : float
        Mantel & Haenszel's odds ratio and the p of Cochran, Mantel & Haenszel's test within strata; NaN where there are
        no strata, or none that can tell.
    """

    hits_first: int
    n_first: int
    hits_second: int
    n_second: int
    odds_ratio: float
    p: float
    common_odds_ratio: float
    p_equal: float


def distribution_test(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> DistributionTest:
    """Test two samples by Kolmogorov & Smirnov and by Anderson & Darling; what is not finite is left out.

    Parameters
    ----------
    first, second : array_like, (n,) and (m,)
    seed : int
        Of the permutations, which only small samples need (`PERMUTED_UP_TO`).
    """
    x, y = (v[np.isfinite(v)] for v in (np.asarray(first, np.float64), np.asarray(second, np.float64)))
    if min(len(x), len(y)) < 2:
        none = float("nan")
        return DistributionTest(n_first=len(x), n_second=len(y), ks=none, ks_p=none, ad=none, ad_p=none)
    # Exact where it is cheap: the recursion for thousands of values costs seconds and changes nothing.
    ks = ks_2samp(x, y, method="exact" if len(x) * len(y) <= 10_000 else "asymp")
    statistic = anderson_darling(x, y)
    p = _permuted_p(x, y, statistic, seed) if len(x) + len(y) <= PERMUTED_UP_TO else anderson_darling_tail(statistic)
    return DistributionTest(
        n_first=len(x), n_second=len(y), ks=float(ks.statistic), ks_p=max(float(ks.pvalue), _SMALLEST),
        ad=statistic, ad_p=p,
    )  # fmt: skip


def anderson_darling(first: ArrayLike, second: ArrayLike) -> float:
    """Anderson and Darling's statistic of two samples; ties share their place (Scholz & Stephens 1987, equation 7)."""
    member, starts = _sorted_members(np.asarray(first, np.float64), np.asarray(second, np.float64))
    return float(_statistics(member[None], starts)[0])


def _sorted_members(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which of the pooled values, in their order, are of the first sample; and where each distinct value begins."""
    pooled = np.concatenate([x, y])
    order = np.argsort(pooled, kind="stable")
    ordered = pooled[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return order < len(x), starts


def _statistics(member: NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """The statistic of each row of `member`, shape (k, n + m): ways of dealing out the same pooled values."""
    total, n = member.shape[1], int(member[0].sum())
    times = np.diff(np.append(starts, total))
    place = starts + times / 2  # of the pooled values, ties counted half
    held = np.add.reduceat(member, starts, axis=1, dtype=np.float64)
    below = np.cumsum(held, axis=1) - held / 2
    weight = place * (total - place) - total * times / 4
    share = np.divide(times, weight, out=np.zeros(len(times)), where=weight > 1e-9)
    # Both samples are as far from the pooled one: their parts differ by their sizes only.
    apart = ((total * below - n * place) ** 2) @ share
    return apart * (1 / n + 1 / (total - n)) * (total - 1) / total**2


def anderson_darling_tail(statistic: float) -> float:
    """Probability that two large samples of one distribution reach this statistic.

    The limit is that of the one-sample statistic (Pettitt 1976): the approximation of Marsaglia & Marsaglia 2004 (J.
    Stat. Softw. 9, 2), and far out the leading term of a weighted sum of squares (Zolotarev 1961), weights 1/(j(j+1)).
    """
    z = float(statistic)
    if z <= 0:
        return 1.0
    if z >= _TAIL_FROM:
        return max(float(np.sqrt(3) * erfc(np.sqrt(z))), _SMALLEST)
    if z < 2:
        series = 2.00012 + (0.247105 - (0.0649821 - (0.0347962 - (0.0116720 - 0.00168691 * z) * z) * z) * z) * z
        return float(1 - np.exp(-1.2337141 / z) / np.sqrt(z) * series)
    inner = 1.0776 - (2.30695 - (0.43424 - (0.082433 - (0.008056 - 0.0003146 * z) * z) * z) * z) * z
    return float(-np.expm1(-np.exp(inner)))


def _permuted_p(x: NDArray[np.float64], y: NDArray[np.float64], statistic: float, seed: int) -> float:
    member, starts = _sorted_members(x, y)
    dealt = np.random.default_rng(seed).permuted(np.tile(member, (_N_PERMUTATIONS, 1)), axis=1)
    reached = int((_statistics(dealt, starts) >= statistic - 1e-9).sum())
    return (1 + reached) / (1 + _N_PERMUTATIONS)


def share_test(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    *,
    strata: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
) -> ShareTest:
    """Compare how often something is so in two groups, and within strata where these are given.

    Parameters
    ----------
    first, second : ndarray of bool, (n,) and (m,)
    strata : tuple of ndarray of int, (n,) and (m,)
        To which stratum each belongs, such as its class of counts.
    """
    hits, n = (int(first.sum()), int(second.sum())), (len(first), len(second))
    odds, p = float("nan"), float("nan")
    if min(n) > 0:
        found = fisher_exact([[hits[0], n[0] - hits[0]], [hits[1], n[1] - hits[1]]])
        odds, p = float(found.statistic), max(float(found.pvalue), _SMALLEST)
    common, p_equal = (float("nan"), float("nan")) if strata is None else mantel_haenszel(first, second, strata)
    return ShareTest(
        hits_first=hits[0], n_first=n[0], hits_second=hits[1], n_second=n[1], odds_ratio=odds, p=p,
        common_odds_ratio=common, p_equal=p_equal,
    )  # fmt: skip


def mantel_haenszel(
    first: NDArray[np.bool_], second: NDArray[np.bool_], strata: tuple[NDArray[np.integer], NDArray[np.integer]]
) -> tuple[float, float]:
    """Common odds ratio of 2 x 2 tables, and the p of its test with continuity correction (Mantel & Haenszel 1959)."""
    above = below = excess = variance = 0.0
    for stratum in np.unique(np.concatenate(strata)):
        one, other = first[strata[0] == stratum], second[strata[1] == stratum]
        a, c, n, m = int(one.sum()), int(other.sum()), len(one), len(other)
        total, hits = n + m, a + c
        if min(n, m) == 0:
            continue
        above += a * (m - c) / total
        below += (n - a) * c / total
        excess += a - hits * n / total
        variance += n * m * hits * (total - hits) / (total**2 * (total - 1))
    if variance <= 0:
        return float("nan"), float("nan")
    z = max(abs(excess) - 0.5, 0.0) / np.sqrt(variance)
    common = above / below if below > 0 else float("inf")
    return common, max(float(erfc(z / np.sqrt(2))), _SMALLEST)
