"""Mean absolute errors of several methods over the same sources, how sure they are, and what one gains on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bootstrapped:
    """Figures with 95% bootstrap intervals; every array has the same shape.

    Attributes
    ----------
    value, low, high : ndarray of float64
        NaN where there is nothing to take a mean of.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class MeanErrors:
    """Mean absolute errors, of all sources and of each resample of them.

    Every method is judged by the same sources, so that resamples of methods can be subtracted and divided: that is what
    makes the comparison a paired one.

    Attributes
    ----------
    all : ndarray of float64, shape (1 + n_resamples, n_methods, n_variables)
        The first is of the sources as they are; NaN where no source has the variable.
    n : ndarray of int64, shape (n_variables,)
        Sources that each variable is judged by.
    """

    all: NDArray[np.float64]
    n: NDArray[np.int64]

    def mae(self) -> Bootstrapped:
        """The errors themselves, (n_methods, n_variables), each in its variable's unit."""
        return bootstrapped(self.all)

    def relative(self, reference: int) -> NDArray[np.float64]:
        """Errors over those of the method number `reference`, of the shape of `all`."""
        return ratio(self.all, self.all[:, [reference], :])

    def improvement(self, reference: ArrayLike) -> NDArray[np.float64]:
        """By what fraction errors are smaller than those of a reference, of the shape of `all`.

        Parameters
        ----------
        reference : array_like of int, shape (n_variables,)
            For each variable the method that the others are compared with.
        """
        chosen = np.asarray(reference, dtype=np.int64)
        if chosen.shape != self.n.shape:
            raise ValueError(f"reference must name one method for each of {len(self.n)} variables, not {chosen.shape}")
        return 1 - ratio(self.all, np.take_along_axis(self.all, chosen[None, None, :], axis=1))


def mean_errors(estimates: ArrayLike, truth: ArrayLike, draws: ArrayLike) -> MeanErrors:
    """Mean absolute errors over the sources that have the variable and that every method answers.

    Parameters
    ----------
    estimates : array_like, shape (n_methods, n, n_variables)
        NaN where a method does not answer.
    truth : array_like, shape (n, n_variables)
        NaN where unknown.
    draws : array_like, shape (n_resamples, n)
        How often each source is drawn in each resample.

    Raises
    ------
    ValueError
        If the shapes disagree.
    """
    told, true, drawn = (np.asarray(x, dtype=np.float64) for x in (estimates, truth, draws))
    if told.ndim != 3 or told.shape[1:] != true.shape:
        raise ValueError(f"estimates {told.shape} must be one matrix like truth {true.shape} for each method")
    if drawn.ndim != 2 or drawn.shape[1] != len(true):
        raise ValueError(f"draws must have shape (n_resamples, {len(true)}), not {drawn.shape}")
    usable = np.isfinite(true) & np.isfinite(told).all(axis=0)
    counts = np.vstack([np.ones((1, len(true))), drawn])
    n = counts @ usable
    means = [ratio(counts @ np.where(usable, np.abs(method - true), 0), n) for method in told]
    return MeanErrors(all=np.stack(means, axis=1), n=usable.sum(axis=0))


def bootstrapped(figures: NDArray[np.float64]) -> Bootstrapped:
    """The first of `figures` along axis 0 as value, the 95% interval from the others; those not finite are left out.

    Parameters
    ----------
    figures : ndarray, shape (1 + n_resamples, …)
    """
    value, resampled = figures[0], figures[1:]
    low, high = np.full((2, *value.shape), np.nan)
    known = np.isfinite(value) & np.isfinite(resampled).any(axis=0)
    if known.any():
        low[known], high[known] = np.nanpercentile(resampled[:, known], _INTERVAL, axis=0)
    return Bootstrapped(value=value, low=low, high=high)


def mean_over_variables(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean along the last axis of what is finite; NaN where nothing is."""
    known = np.isfinite(figures)
    return ratio(np.where(known, figures, 0).sum(axis=-1), known.sum(axis=-1))


def binomial_interval(hits: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% interval of a share after Clopper & Pearson 1934 (Biometrika 26, 404): never narrower than it promises.

    Parameters
    ----------
    hits, n : array_like of int, same shape
        How many of how many.

    Returns
    -------
    low, high : ndarray of float64
        NaN where `n` is 0.
    """
    k, total = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if (k < 0).any() or (k > total).any():
        raise ValueError(f"hits must lie within 0 and n, not {k} of {total}")
    some = total > 0
    low = np.where(k > 0, beta.ppf(0.025, np.maximum(k, 1), total - k + 1), 0.0)
    high = np.where(k < total, beta.ppf(0.975, k + 1, np.maximum(total - k, 1)), 1.0)
    return np.where(some, low, np.nan), np.where(some, high, np.nan)


def ratio(top: NDArray, bottom: NDArray) -> NDArray[np.float64]:
    """One over the other, broadcast; NaN where the lower one is not above 0."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    return np.divide(top, bottom, out=np.full(shape, np.nan), where=np.broadcast_to(bottom, shape) > 0)
