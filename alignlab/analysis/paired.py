"""Two sets of figures for the same sources: is their difference more than chance?

Sources are resampled together, once for everything: each resample is a number of times that each source is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Entries of the table of draws that are held at a time.
_BLOCK_ENTRIES = 1_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class PairedDifferences:
    """A statistic of several columns, first and second, and the second less the first; each array of shape (m,).

    Attributes
    ----------
    first, second, difference : ndarray of float64
        NaN where no source has both values.
    low, high : ndarray of float64
        95% bootstrap interval of the difference.
    p_value : ndarray of float64
        Two-sided: how often the resampled difference lies on the other side of zero; never 0.
    n : ndarray of int64
        Sources that have both values.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    difference: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    n: NDArray[np.int64]


def paired_means(
    first: ArrayLike, second: ArrayLike, *, rng: np.random.Generator, n_resamples: int = 2000
) -> PairedDifferences:
    """Compare the means of each column over the same sources.

    Parameters
    ----------
    first, second : array_like, shape (n, m)
        Row i of both belongs to source i; a source counts for a column where it has both values.
    rng : numpy.random.Generator
    n_resamples : int
        How often the sources are drawn anew.

    Returns
    -------
    PairedDifferences

    Raises
    ------
    ValueError
        If the shapes differ, are not two-dimensional or without rows, or `n_resamples` is not positive.
    """
    a, b = _columns(first, second, n_resamples)
    present = np.isfinite(a) & np.isfinite(b)
    n = present.sum(axis=0)
    change = np.where(present, b - a, 0)
    resampled = []
    for draws in _draws(len(a), n_resamples, rng):
        n_drawn = draws @ present
        resampled.append(np.divide(draws @ change, n_drawn, out=np.full(n_drawn.shape, np.nan), where=n_drawn > 0))
    means = [
        np.divide(np.where(present, x, 0).sum(axis=0), n, out=np.full(n.shape, np.nan), where=n > 0) for x in (a, b)
    ]
    return _summary(means[0], means[1], np.vstack(resampled), n)


def paired_medians(
    first: ArrayLike, second: ArrayLike, *, rng: np.random.Generator, n_resamples: int = 2000
) -> PairedDifferences:
    """Compare the medians of each column over the same sources; parameters as for `paired_means`.

    Raises
    ------
    ValueError
        As for `paired_means`, or if a value is not finite.
    """
    a, b = _columns(first, second, n_resamples)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("first and second must be finite")
    ordered = [(np.argsort(x, axis=0, kind="stable"), x) for x in (a, b)]
    resampled = []
    for draws in _draws(len(a), n_resamples, rng):
        medians = [
            np.stack([_drawn_median(x[order[:, k], k], draws[:, order[:, k]]) for k in range(x.shape[1])], axis=1)
            for order, x in ordered
        ]
        resampled.append(medians[1] - medians[0])
    n = np.full(a.shape[1], len(a))
    return _summary(np.median(a, axis=0), np.median(b, axis=0), np.vstack(resampled), n)


def _columns(first: ArrayLike, second: ArrayLike, n_resamples: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape or len(a) == 0:
        raise ValueError(f"first {a.shape} and second {b.shape} must have the same shape (n, m) with at least one row")
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be positive, not {n_resamples}")
    return a, b


def _draws(n: int, n_resamples: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """How often each source is drawn in each resample, in blocks of shape (k, n)."""
    size = max(1, _BLOCK_ENTRIES // n)
    for start in range(0, n_resamples, size):
        k = min(size, n_resamples - start)
        cells = rng.integers(n, size=(k, n)) + n * np.arange(k)[:, None]
        yield np.bincount(cells.ravel(), minlength=k * n).reshape(k, n).astype(np.float64)


def _drawn_median(ordered: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of rising values that are drawn so many times each; one per row of `draws`."""
    up_to = np.cumsum(draws, axis=1)
    n = len(ordered)
    low, high = ((up_to > place).argmax(axis=1) for place in ((n - 1) // 2, n // 2))
    return (ordered[low] + ordered[high]) / 2


def _summary(
    first: NDArray[np.float64], second: NDArray[np.float64], resampled: NDArray[np.float64], n: NDArray[np.int64]
) -> PairedDifferences:
    known = n > 0
    low, high = np.full((2, len(n)), np.nan)
    p_value = np.full(len(n), np.nan)
    if known.any():
        drawn = resampled[:, known]
        low[known], high[known] = np.nanpercentile(drawn, (2.5, 97.5), axis=0)
        total = np.isfinite(drawn).sum(axis=0)
        smaller = np.minimum((drawn <= 0).sum(axis=0), (drawn >= 0).sum(axis=0))
        p_value[known] = np.minimum(1, 2 * (smaller + 1) / (total + 1))
    return PairedDifferences(
        first=first, second=second, difference=second - first, low=low, high=high, p_value=p_value, n=n
    )
