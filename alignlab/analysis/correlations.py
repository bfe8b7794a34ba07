"""Correlation of every latent dimension with every catalogue variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from alignlab.analysis.similarity import finite_matrix


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
    # Variables missing for the same sources (all fits of a source) share the ranks of the latents.
    patterns: dict[bytes, list[int]] = {}
    for column in range(y.shape[1]):
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    for columns in patterns.values():
        rows = present[:, columns[0]]
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


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson coefficient of every column of `a` with every column of `b`; NaN for constant columns."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm_a, norm_b = np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0)
    # What rounding leaves of a constant column is not variation.
    norm_a[norm_a <= 1e-12 * np.sqrt(len(a)) * np.abs(a).max(initial=1)] = np.nan
    norm_b[norm_b <= 1e-12 * np.sqrt(len(b)) * np.abs(b).max(initial=1)] = np.nan
    return np.clip((a.T @ b) / norm_a[:, None] / norm_b[None, :], -1, 1)
