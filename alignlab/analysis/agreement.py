"""How far two people agree on an ordered scale: Cohen's weighted kappa with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Kappa:
    """Agreement beyond chance.

    Attributes
    ----------
    value : float
        1 for full agreement, 0 for what chance would give, negative below; NaN where it is undefined, since both gave
        one and the same value throughout.
    low, high : float
        Ends of the 95% interval; NaN where it is undefined.
    n : int
        Things that both have judged.
    """

    value: float
    low: float
    high: float
    n: int


def contingency_table(first: ArrayLike, second: ArrayLike, n_values: int) -> NDArray[np.int64]:
    """How often which pair of values was given; rows are the first person's.

    Parameters
    ----------
    first, second : array_like of int, shape (n,)
        Places on the scale, 0 to ``n_values - 1``.
    n_values : int

    Returns
    -------
    ndarray of int64, shape (n_values, n_values)
    """
    a, b = np.asarray(first, np.int64), np.asarray(second, np.int64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"both must be of one length, not of shapes {a.shape} and {b.shape}")
    if a.size and not (min(a.min(), b.min()) >= 0 and max(a.max(), b.max()) < n_values):
        raise ValueError(f"values must lie between 0 and {n_values - 1}")
    return np.bincount(a * n_values + b, minlength=n_values**2).reshape(n_values, n_values)


def weighted_kappa(table: NDArray[np.integer], *, rng: np.random.Generator, n_resamples: int = 2000) -> Kappa:
    """Cohen's kappa with quadratic weights (Cohen 1968): a difference of two steps counts four times that of one.

    Parameters
    ----------
    table : ndarray of int, shape (k, k)
        From `contingency_table`, on an ordered scale.
    rng : numpy.random.Generator
        Of the bootstrap.
    n_resamples : int
        The interval is the percentile interval over so many draws of the judged things with replacement.

    Returns
    -------
    Kappa
    """
    n = int(table.sum())
    if n == 0:
        return Kappa(value=np.nan, low=np.nan, high=np.nan, n=0)
    share = (table / n).ravel()
    drawn = rng.multinomial(n, share, size=n_resamples) / n
    k = len(table)
    value = float(_kappa(share.reshape(1, k, k))[0])
    resampled = _kappa(drawn.reshape(-1, k, k))
    resampled = resampled[np.isfinite(resampled)]
    if not (np.isfinite(value) and len(resampled)):
        return Kappa(value=value, low=np.nan, high=np.nan, n=n)
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Kappa(value=value, low=float(low), high=float(high), n=n)


def _kappa(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa of each of many tables of shares, shape (m, k, k)."""
    steps = np.arange(tables.shape[1])
    weight = (steps[:, None] - steps[None, :]) ** 2.0
    seen = (tables * weight).sum(axis=(1, 2))
    by_chance = np.einsum("mi,mj,ij->m", tables.sum(axis=2), tables.sum(axis=1), weight)
    return 1 - np.divide(seen, by_chance, out=np.full(len(tables), np.nan), where=by_chance > 1e-12)
