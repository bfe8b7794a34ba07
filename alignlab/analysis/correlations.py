"""Correlation of every latent dimension with every catalogue variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from alignlab.analysis.similarity import finite_matrix

#: Entries of the table of draws that are held at a time.
_BLOCK_ENTRIES = 1_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Correlations:
    """Correlations over the sources that have a value.

    Attributes
    ----------
    pearson, spearman : ndarray of float64, shape (d, n_variables)
        NaN where fewer than three sources have the variable, or where latent or variable is constant.
    n : ndarray of int64, shape (n_variables,)
        How many sources have the variable.
    """

    pearson: NDArray[np.float64]
    spearman: NDArray[np.float64]
    n: NDArray[np.int64]


def latent_correlations(latents: ArrayLike, variables: ArrayLike) -> Correlations:
    """Correlate each latent with each variable, ignoring per variable the sources without a value.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    variables : array_like, shape (n, n_variables)
        NaN (or infinity) where a source has no value.

    Returns
    -------
    Correlations

    Raises
    ------
    ValueError
        If the numbers of rows differ or a latent is not finite.
    """
    z = finite_matrix(latents, "latents").astype(np.float64)
    y = np.asarray(variables, dtype=np.float64)
    if y.ndim != 2 or len(y) != len(z):
        raise ValueError(f"variables must have shape ({len(z)}, n_variables), not {y.shape}")
    present = np.isfinite(y)
    pearson = np.full((z.shape[1], y.shape[1]), np.nan)
    spearman = pearson.copy()
    for columns, rows in _patterns(present):
        if rows.sum() < 3:
            continue
        z_rows, y_rows = z[rows], y[rows][:, columns]
        pearson[:, columns] = _pearson(z_rows, y_rows)
        spearman[:, columns] = _pearson(rankdata(z_rows, axis=0), rankdata(y_rows, axis=0))
    return Correlations(pearson=pearson, spearman=spearman, n=present.sum(axis=0))


def best_absolute(rho: ArrayLike) -> NDArray[np.float64]:
    """Largest absolute correlation per variable.

    Parameters
    ----------
    rho : array_like, shape (d, n_variables)
        Pearson or Spearman coefficients; NaN is ignored.

    Returns
    -------
    ndarray of float64, shape (n_variables,)
        NaN for a variable without any coefficient.
    """
    absolute = np.abs(np.asarray(rho, dtype=np.float64))
    best = np.where(np.isnan(absolute), -np.inf, absolute).max(axis=0)
    return np.where(np.isfinite(best), best, np.nan)


def mean_best_absolute(rho: ArrayLike) -> float:
    """Mean over the variables of the best absolute correlation (the paper's summary of a representation)."""
    best = best_absolute(rho)
    return float(np.nanmean(best)) if np.isfinite(best).any() else float("nan")


def resampled_spearman(
    latents: ArrayLike, variables: ArrayLike, *, rng: np.random.Generator, n_resamples: int = 1000
) -> NDArray[np.float64]:
    """Spearman coefficients of pairs of columns when the sources are drawn anew, the same draws for all pairs.

    Parameters
    ----------
    latents, variables : array_like, shape (n, m)
        Column j of one is correlated with column j of the other; a source without a value is left out of that pair.
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    ndarray of float64, shape (n_resamples, m)
        Ranks are those among the drawn sources, ties at their mean; NaN where what was drawn is constant.

    Raises
    ------
    ValueError
        If the shapes differ, are not two-dimensional, or hold no rows.
    """
    a, b = np.asarray(latents, dtype=np.float64), np.asarray(variables, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape or len(a) == 0:
        raise ValueError(f"latents {a.shape} and variables {b.shape} must have the same shape (n, m), with rows")
    found = np.full((n_resamples, a.shape[1]), np.nan)
    size = max(1, _BLOCK_ENTRIES // len(a))
    chances = np.full(len(a), 1 / len(a))
    for start in range(0, n_resamples, size):
        stop = min(start + size, n_resamples)
        drawn = rng.multinomial(len(a), chances, size=stop - start)
        for column in range(a.shape[1]):
            rows = np.isfinite(a[:, column]) & np.isfinite(b[:, column])
            if rows.sum() >= 3:
                found[start:stop, column] = _drawn_spearman(a[rows, column], b[rows, column], drawn[:, rows])
    return found


def chance_best_absolute(
    latents: ArrayLike, variables: ArrayLike, *, rng: np.random.Generator, n_shuffles: int = 200
) -> NDArray[np.float64]:
    """Best absolute Spearman coefficients per variable where latents and variables have nothing to do with each other.

    The best of many latents is above zero by chance alone, the more so the more latents there are.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    variables : array_like, shape (n, n_variables)
        Each is shuffled among the sources that have it; variables that the same sources have are shuffled together.
    rng : numpy.random.Generator
    n_shuffles : int

    Returns
    -------
    ndarray of float64, shape (n_shuffles, n_variables)
        NaN for a variable with fewer than three values.
    """
    z = finite_matrix(latents, "latents").astype(np.float64)
    y = np.asarray(variables, dtype=np.float64)
    found = np.full((n_shuffles, y.shape[1]), np.nan)
    for columns, rows in _patterns(np.isfinite(y)):
        if rows.sum() < 3:
            continue
        z_ranks, y_ranks = rankdata(z[rows], axis=0), rankdata(y[rows][:, columns], axis=0)
        for number in range(n_shuffles):
            found[number, columns] = best_absolute(_pearson(z_ranks, rng.permutation(y_ranks)))
    return found


def _patterns(present: NDArray[np.bool_]) -> list[tuple[list[int], NDArray[np.bool_]]]:
    """Variables that are missing for the same sources (all fits of a source) share the ranks of the latents."""
    patterns: dict[bytes, list[int]] = {}
    for column in range(present.shape[1]):
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    return [(columns, present[:, columns[0]]) for columns in patterns.values()]


def _drawn_spearman(a: NDArray[np.float64], b: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Spearman's coefficient of two variables, shape (n,), for numbers of times drawn (n_resamples, n)."""
    n = drawn.sum(axis=1, keepdims=True)
    centred = [_drawn_ranks(x, drawn) - (n + 1) / 2 for x in (a, b)]
    products = [
        (drawn * x * y).sum(axis=1) for x, y in ((centred[0], centred[1]), (centred[0],) * 2, (centred[1],) * 2)
    ]
    scale = np.sqrt(products[1] * products[2])
    return np.divide(products[0], scale, out=np.full(len(drawn), np.nan), where=scale > 0)


def _drawn_ranks(x: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean rank of each value among the drawn ones; shape as `drawn`."""
    order = np.argsort(x, kind="stable")
    up_to = np.cumsum(drawn[:, order], axis=1)
    up_to = np.concatenate([np.zeros_like(up_to[:, :1]), up_to], axis=1)
    first, last = (np.searchsorted(x[order], x, side=side) for side in ("left", "right"))
    return (up_to[:, first] + up_to[:, last] + 1) / 2


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson coefficient of every column of `a` with every column of `b`; NaN for constant columns."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm_a, norm_b = np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0)
    # What rounding leaves of a constant column is not variation.
    norm_a[norm_a <= 1e-12 * np.sqrt(len(a)) * np.abs(a).max(initial=1)] = np.nan
    norm_b[norm_b <= 1e-12 * np.sqrt(len(b)) * np.abs(b).max(initial=1)] = np.nan
    return np.clip((a.T @ b) / norm_a[:, None] / norm_b[None, :], -1, 1)
