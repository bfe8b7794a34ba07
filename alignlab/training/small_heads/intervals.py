"""Quantiles of estimates, and intervals that hold what they promise.

Every head answers for each variable with five quantiles on the standardised scale. Split-conformal calibration then
stretches the two intervals about the median, each side in proportion to the head's own half-width: with *n* calibration
sources the factor is the ⌈(n + 1) level⌉-th smallest of the factors with which their true values would just be covered
(Lei et al. 2018, arXiv:1604.04173, locally weighted). A new source is then covered with at least that probability,
whatever the head believed, as long as calibration and new sources are drawn alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

#: The quantiles that every head gives: the limits of 95% and 68%, and the median.
QUANTILES = (0.025, 0.16, 0.5, 0.84, 0.975)
LEVELS = (0.68, 0.95)
MEDIAN = 2
#: Positions of each level's limits among `QUANTILES`.
_LIMITS = ((1, 3), (0, 4))
NORMAL_QUANTILES: NDArray[np.float64] = norm.ppf(QUANTILES)
#: Least distance between two of the quantiles, in standard deviations of the variable.
MIN_HALF_WIDTH = 0.02


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """By how much intervals are stretched.

    Attributes
    ----------
    factor : ndarray, shape (n_variables, 2)
        For each variable and level.
    origin : ndarray of str, shape (n_variables, 2)
        "own": from the variable's own calibration sources; "pooled": these are too few for the level, so that those of
        all variables speak; "none": even all are too few, and the factor is 1.
    n : ndarray of int64, shape (n_variables,)
        The variable's calibration sources.
    """

    factor: NDArray[np.float64]
    origin: NDArray[np.str_]
    n: NDArray[np.int64]

    def stretch(self, quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Stretch intervals about their medians; the 95% one never becomes narrower than the 68% one."""
        median = quantiles[..., MEDIAN]
        stretched = quantiles.copy()
        for level, (low, high) in enumerate(_LIMITS):
            for limit in (low, high):
                stretched[..., limit] = median + self.factor[:, level] * (quantiles[..., limit] - median)
        stretched[..., 0] = np.minimum(stretched[..., 0], stretched[..., 1])
        stretched[..., 4] = np.maximum(stretched[..., 4], stretched[..., 3])
        return stretched


def calibrate(quantiles: NDArray[np.float64], truth: NDArray[np.float64]) -> Calibration:
    """Find the factors from calibration sources.

    Parameters
    ----------
    quantiles : ndarray, shape (n, n_variables, 5)
        A head's answers, as `proper_quantiles` leaves them.
    truth : ndarray, shape (n, n_variables)
        NaN where unknown.
    """
    n_variables = truth.shape[1]
    factor = np.ones((n_variables, len(LEVELS)))
    origin = np.full(factor.shape, "none", dtype="<U6")
    usable = np.isfinite(truth) & np.isfinite(quantiles).all(axis=2)
    for number, (level, limits) in enumerate(zip(LEVELS, _LIMITS, strict=True)):
        scores = _needed_factor(quantiles, truth, limits)
        pooled = _conformal_quantile(scores[usable], level)
        for column in range(n_variables):
            own = _conformal_quantile(scores[usable[:, column], column], level)
            if own is not None:
                factor[column, number], origin[column, number] = own, "own"
            elif pooled is not None:
                factor[column, number], origin[column, number] = pooled, "pooled"
    return Calibration(factor=factor, origin=origin, n=usable.sum(axis=0))


def coverage(quantiles: NDArray[np.float64], truth: NDArray[np.float64], level: int) -> NDArray[np.bool_]:
    """Which true values lie within the interval number `level` of `LEVELS`, shape (n, n_variables)."""
    low, high = _LIMITS[level]
    return (truth >= quantiles[..., low]) & (truth <= quantiles[..., high])


def gaussian_quantiles(mean: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.float64]:
    """The five quantiles of normal distributions."""
    return mean[..., None] + std[..., None] * NORMAL_QUANTILES


def proper_quantiles(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles that rise outwards from the median by at least `MIN_HALF_WIDTH`, so that they can be stretched."""
    proper = quantiles.copy()
    for inner, outer, away in ((2, 1, -1), (1, 0, -1), (2, 3, 1), (3, 4, 1)):
        width = away * (proper[..., outer] - proper[..., inner])
        proper[..., outer] = proper[..., inner] + away * np.maximum(width, MIN_HALF_WIDTH)
    return proper


def _needed_factor(
    quantiles: NDArray[np.float64], truth: NDArray[np.float64], limits: tuple[int, int]
) -> NDArray[np.float64]:
    median = quantiles[..., MEDIAN]
    above = truth >= median
    half_width = np.where(above, quantiles[..., limits[1]] - median, median - quantiles[..., limits[0]])
    needed: NDArray[np.float64] = np.abs(truth - median) / half_width
    return needed


def _conformal_quantile(scores: NDArray[np.float64], level: float) -> float | None:
    rank = int(np.ceil((len(scores) + 1) * level))
    if len(scores) == 0 or rank > len(scores):
        return None
    return float(np.partition(scores, rank - 1)[rank - 1])
