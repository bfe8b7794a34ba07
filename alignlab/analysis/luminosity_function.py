"""Luminosity functions (or numbers of sources against flux): cumulative, with Poisson limits, and a power-law slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv
from scipy.stats import kstest

_LOW, _HIGH = 0.15866, 0.84134
_INTERVAL = (0.025, 0.975)
#: With fewer sources above the limit a slope says nothing.
FEWEST_FOR_SLOPE = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class CumulativeCounts:
    """How many sources are at least so bright.

    Attributes
    ----------
    at : ndarray of float64, (n,)
        Brightness of each source, increasing.
    n : ndarray of int64, (n,)
        How many are at least as bright.
    low, high : ndarray of float64, (n,)
        68% Poisson limits (Gehrels 1986, exact).
    """

    at: NDArray[np.float64]
    n: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """N(>L) falls as L to the minus `slope` above a limit.

    Attributes
    ----------
    slope, low, high : float
        Cumulative slope of greatest likelihood (Crawford, Jauncey & Murdoch 1970) and its exact 95% interval. That of
        the differential function is larger by 1.
    limit : float
        Above which it holds.
    n : int
        Sources above the limit.
    p : float
        Of a Kolmogorov-Smirnov test whether a power law describes them, its own slope allowed for; never 0.
    """

    slope: float
    low: float
    high: float
    limit: float
    n: int
    p: float

    def expected(self, at: ArrayLike) -> NDArray[np.float64]:
        """How many sources should be at least so bright."""
        return self.n * (np.asarray(at, np.float64) / self.limit) ** -self.slope


def cumulative_counts(values: ArrayLike) -> CumulativeCounts:
    """Count the sources that are at least as bright as each; values that are not positive are left out."""
    given = np.asarray(values, np.float64)
    at = np.sort(given[np.isfinite(given) & (given > 0)])
    n = np.arange(len(at), 0, -1)
    return CumulativeCounts(at=at, n=n, low=gammaincinv(n, _LOW), high=gammaincinv(n + 1, _HIGH))


def power_law(values: ArrayLike, *, limit: float, seed: int = 0, n_drawn: int = 999) -> PowerLaw | None:
    """Fit a power law to the values at or above `limit`; None where they are fewer than `FEWEST_FOR_SLOPE`.

    The sum of their log-ratios to the limit has a gamma distribution: the interval is exact, however few they are.
    Errors of the single values are not allowed for; they flatten a steep function where they are large.

    Parameters
    ----------
    values : array_like, (n,)
        Luminosities or fluxes.
    limit : float
        Must not have been chosen by looking at the values.
    seed, n_drawn : int
        Of the samples by which the goodness of fit is judged.

    Raises
    ------
    ValueError
        If the limit is not positive.
    """
    if not limit > 0:
        raise ValueError(f"limit must be positive, not {limit}")
    given = np.asarray(values, np.float64)
    above = np.log(given[np.isfinite(given) & (given >= limit)] / limit)
    n, total = len(above), float(above.sum())
    if n < FEWEST_FOR_SLOPE or total <= 0:
        return None
    low, high = (float(gammaincinv(n, share)) / total for share in _INTERVAL)
    drawn = np.random.default_rng(seed).standard_exponential((n_drawn, n))
    distance = kstest(above * (n / total), "expon").statistic
    reached = int((_distances(drawn) >= distance - 1e-12).sum())
    return PowerLaw(slope=n / total, low=low, high=high, limit=float(limit), n=n, p=(1 + reached) / (1 + n_drawn))


def _distances(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kolmogorov-Smirnov distance of each row from the exponential of its own mean."""
    n = drawn.shape[1]
    reached = -np.expm1(-np.sort(drawn / drawn.mean(axis=1, keepdims=True), axis=1))
    steps = np.arange(1, n + 1) / n
    return np.maximum(steps - reached, reached - (steps - 1 / n)).max(axis=1)
