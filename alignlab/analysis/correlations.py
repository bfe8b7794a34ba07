"""Correlation of every latent dimension with every catalogue variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from alignlab.analysis.similarity import finite_matrix

#: Resamples that are held at a time.
_BLOCK = 100


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
    z, y = _checked(latents, variables)
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
    latents: ArrayLike,
    variables: ArrayLike,
    pairs: Sequence[tuple[int, int]],
    *,
    rng: np.random.Generator,
    n_resamples: int = 1000,
) -> NDArray[np.float64]:
    """Spearman coefficients of pairs of latent and variable when the sources are drawn anew, all from the same draws.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    variables : array_like, shape (n, n_variables)
        NaN (or infinity) where a source has no value: it is left out of the pairs with that variable.
    pairs : sequence of (int, int)
        Columns of `latents` and of `variables`.
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    ndarray of float64, shape (n_resamples, len(pairs))
        Ranks are those among the drawn sources, ties at their mean; NaN where what was drawn is constant.

    Raises
    ------
    ValueError
        As for `latent_correlations`.
    """
    z, y = _checked(latents, variables)
    present = np.isfinite(y)
    chances = np.full(len(z), 1 / len(z))
    found = np.full((n_resamples, len(pairs)), np.nan)
    for start in range(0, n_resamples, _BLOCK):
        stop = min(start + _BLOCK, n_resamples)
        drawn = rng.multinomial(len(z), chances, size=stop - start).T.astype(np.float64)
        # Latents are ranked once for all variables that the same sources have.
        ranked: dict[tuple[str, int, bytes], NDArray[np.float64]] = {}
        for number, (latent, variable) in enumerate(pairs):
            rows = present[:, variable]
            if rows.sum() < 3:
                continue
            times, pattern = drawn[rows], rows.tobytes()
            for kind, values, column in (("latent", z, latent), ("variable", y, variable)):
                if (kind, column, pattern) not in ranked:
                    ranked[kind, column, pattern] = _drawn_ranks(values[rows, column], times)
            a, b = ranked["latent", latent, pattern], ranked["variable", variable, pattern]
            found[start:stop, number] = _drawn_pearson(a, b, times)
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
    z, y = _checked(latents, variables)
    found = np.full((n_shuffles, y.shape[1]), np.nan)
    for columns, rows in _patterns(np.isfinite(y)):
        if rows.sum() < 3:
            continue
        a, b = (_standardised(rankdata(x, axis=0)).astype(np.float32) for x in (z[rows], y[rows][:, columns]))
        for number in range(n_shuffles):
            found[number, columns] = best_absolute(a.T @ rng.permutation(b))
    return found


def _checked(latents: ArrayLike, variables: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z = finite_matrix(latents, "latents").astype(np.float64)
    y = np.asarray(variables, dtype=np.float64)
    if y.ndim != 2 or len(y) != len(z):
        raise ValueError(f"variables must have shape ({len(z)}, n_variables), not {y.shape}")
    return z, y


def _patterns(present: NDArray[np.bool_]) -> list[tuple[list[int], NDArray[np.bool_]]]:
    """Variables that are missing for the same sources (all fits of a source) share the ranks of the latents."""
    patterns: dict[bytes, list[int]] = {}
    for column in range(present.shape[1]):
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    return [(columns, present[:, columns[0]]) for columns in patterns.values()]


def _drawn_ranks(x: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean rank of each value among the drawn ones, less their mean; shape as `drawn`, (n, n_resamples)."""
    order = np.argsort(x, kind="stable")
    up_to = np.zeros((len(x) + 1, drawn.shape[1]))
    np.cumsum(drawn[order], axis=0, out=up_to[1:])
    first, last = (np.searchsorted(x[order], x, side=side) for side in ("left", "right"))
    return np.asarray((up_to[first] + up_to[last] - up_to[-1]) / 2)


def _drawn_pearson(a: NDArray[np.float64], b: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of centred columns, each row as often as it was drawn; all of shape (n, n_resamples)."""
    products = [np.einsum("ij,ij,ij->j", drawn, x, y) for x, y in ((a, b), (a, a), (b, b))]
    scale = np.sqrt(products[1] * products[2])
    return np.divide(products[0], scale, out=np.full(drawn.shape[1], np.nan), where=scale > 0)


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson coefficient of every column of `a` with every column of `b`; NaN for constant columns."""
    return np.clip(_standardised(a).T @ _standardised(b), -1, 1)


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns centred and of length 1; NaN for constant ones."""
    x = x - x.mean(axis=0)
    norm = np.linalg.norm(x, axis=0)
    # What rounding leaves of a constant column is not variation.
    norm[norm <= 1e-12 * np.sqrt(len(x)) * np.abs(x).max(initial=1)] = np.nan
    return np.asarray(x / norm)
