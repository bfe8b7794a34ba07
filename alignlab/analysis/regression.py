"""Estimates of catalogue variables from the nearest sources in a latent space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import finite_matrix, top_k

#: Neighbours averaged for an estimate (paper: k = 3).
K_MEAN = 3
#: Neighbours whose spread gives the interval.
K_INTERVAL = 50
#: Quantiles of the interval: one standard deviation of a normal distribution.
QUANTILES = (0.16, 0.84)


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimates:
    """Estimated variables; every array has shape (n_queries, n_variables).

    Attributes
    ----------
    value : ndarray of float64
        Mean of the nearest training values; NaN where no training source has the variable.
    low, high : ndarray of float64
        Quantiles of the values in a larger neighbourhood.
    n_used : ndarray of int64
        How many neighbours entered `value`.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_used: NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class RegressionScores:
    """Errors of estimates; every array has shape (n_variables,).

    Attributes
    ----------
    mae : ndarray of float64
        Mean absolute error over the sources that have the variable; NaN where none has.
    baseline_mae : ndarray of float64
        The same for always answering the training mean.
    coverage : ndarray of float64
        Fraction of true values within the estimate's interval.
    n : ndarray of int64
        Sources compared.
    """

    mae: NDArray[np.float64]
    baseline_mae: NDArray[np.float64]
    coverage: NDArray[np.float64]
    n: NDArray[np.int64]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """MAE over baseline MAE: below 1 is better than the mean."""
        return np.divide(self.mae, self.baseline_mae, out=np.full_like(self.mae, np.nan), where=self.baseline_mae > 0)


def estimate(
    latents: ArrayLike,
    training_latents: ArrayLike,
    training_values: ArrayLike,
    *,
    k: int = K_MEAN,
    k_interval: int = K_INTERVAL,
    quantiles: tuple[float, float] = QUANTILES,
    own_row: ArrayLike | None = None,
) -> Estimates:
    """Estimate each variable as the mean over the `k` nearest training sources that have it.

    Parameters
    ----------
    latents : array_like, shape (n, d)
        Sources to estimate for.
    training_latents : array_like, shape (n_training, d)
    training_values : array_like, shape (n_training, n_variables)
        NaN where a training source has no value; it is then passed over for that variable only.
    k : int
        Neighbours averaged; fewer where fewer have the variable.
    k_interval : int
        Neighbours whose quantiles give the interval.
    quantiles : tuple of float
        Lower and upper quantile.
    own_row : array_like of int, shape (n,), optional
        Row of `training_latents` that is the queried source itself and must not vote for it; -1 where it is none.

    Returns
    -------
    Estimates

    Raises
    ------
    ValueError
        If shapes disagree, `k` is not positive, quantiles are not ordered in 0…1, or a latent is not finite.
    """
    query, base = finite_matrix(latents, "latents"), finite_matrix(training_latents, "training_latents")
    y = np.asarray(training_values, dtype=np.float64)
    if y.ndim != 2 or len(y) != len(base):
        raise ValueError(f"training_values must have shape ({len(base)}, n_variables), not {y.shape}")
    if min(k, k_interval) < 1:
        raise ValueError(f"k and k_interval must be positive, not {k} and {k_interval}")
    if not 0 <= quantiles[0] < quantiles[1] <= 1:
        raise ValueError(f"quantiles must rise within 0 to 1, not {quantiles}")
    present = np.isfinite(y)
    own = np.full(len(query), -1) if own_row is None else np.asarray(own_row)
    if own.shape != (len(query),):
        raise ValueError(f"own_row must have shape ({len(query)},), not {own.shape}")
    shape = (len(query), y.shape[1])
    value, low, high = (np.full(shape, np.nan) for _ in range(3))
    n_used = np.zeros(shape, np.int64)
    for rows, columns in _by_missing_pattern(present):
        if len(rows) == 0 or len(query) == 0:
            continue
        near = _others(top_k(query, base[rows], min(max(k, k_interval) + 1, len(rows))).index, own, rows)
        for column in columns:
            values = np.append(y[rows, column], np.nan)[near]
            nearest = values[:, :k]
            n_used[:, column] = np.isfinite(nearest).sum(axis=1)
            some = n_used[:, column] > 0
            value[some, column] = np.nanmean(nearest[some], axis=1)
            low[some, column], high[some, column] = _quantiles(values[some, :k_interval], quantiles)
    return Estimates(value=value, low=low, high=high, n_used=n_used)


def score_estimates(estimates: Estimates, truth: ArrayLike, training_values: ArrayLike) -> RegressionScores:
    """Compare estimates with true values, per variable and ignoring missing ones.

    Parameters
    ----------
    estimates : Estimates
        For n sources.
    truth : array_like, shape (n, n_variables)
        NaN where unknown.
    training_values : array_like, shape (n_training, n_variables)
        Whose mean is the baseline.

    Returns
    -------
    RegressionScores
    """
    true, training = np.asarray(truth, dtype=np.float64), np.asarray(training_values, dtype=np.float64)
    if true.shape != estimates.value.shape or training.shape[1:] != true.shape[1:]:
        raise ValueError(f"truth {true.shape} and estimates {estimates.value.shape} must have the same shape")
    usable = np.isfinite(true) & np.isfinite(estimates.value)
    known = np.isfinite(training)
    mean = _masked_mean(np.where(known, training, 0), known)
    inside = (true >= estimates.low) & (true <= estimates.high)
    return RegressionScores(
        mae=_masked_mean(np.abs(np.where(usable, true - estimates.value, 0)), usable),
        baseline_mae=_masked_mean(np.abs(np.where(usable, true - mean, 0)), usable),
        coverage=_masked_mean((inside & usable).astype(float), usable),
        n=usable.sum(axis=0),
    )


def _quantiles(values: NDArray[np.float64], quantiles: tuple[float, float]) -> NDArray[np.float64]:
    """Quantiles of each row; passing over missing values takes many times as long, so only where there are any."""
    find = np.nanquantile if np.isnan(values).any() else np.quantile
    found: NDArray[np.float64] = find(values, quantiles, axis=1)
    return found


def _by_missing_pattern(present: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Rows having a value, with the columns for which these are the rows: each needs one search."""
    patterns: dict[bytes, list[int]] = {}
    for column in range(present.shape[1]):
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    return [(np.flatnonzero(present[:, columns[0]]), columns) for columns in patterns.values()]


def _others(near: NDArray[np.int64], own: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Neighbours (positions in `rows`) without the source itself, which becomes the position ``len(rows)``, at the end.

    One more neighbour was asked for than is needed, so that leaving one out costs none.
    """
    itself = rows[near] == own[:, None]
    order = np.argsort(itself, axis=1, kind="stable")
    return np.take_along_axis(np.where(itself, len(rows), near), order, axis=1)


def _masked_mean(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Column means where `mask`; NaN for a column without any. `values` are zero outside the mask."""
    n = mask.sum(axis=0)
    return np.divide(values.sum(axis=0), n, out=np.full(values.shape[1], np.nan), where=n > 0)
