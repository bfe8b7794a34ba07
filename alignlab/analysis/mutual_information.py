"""Mutual information of two variables: how much one tells of the other, along whatever curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma, ndtri

#: Neighbours of the estimator: few for little bias (Kraskov et al. use 2 to 4).
K = 3


def mutual_information(x: ArrayLike, y: ArrayLike, *, rng: np.random.Generator, k: int = K) -> float:
    """Estimate the mutual information of two variables from their nearest neighbours.

    The first estimator of Kraskov, Stögbauer & Grassberger 2004 (doi:10.1103/PhysRevE.69.066138, equation 8), on normal
    scores: mutual information does not change when either variable is drawn on another scale. Ties are broken at
    random, which adds no information.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        A source without either value is left out.
    rng : numpy.random.Generator
        Breaks ties.
    k : int

    Returns
    -------
    float
        In nats; for independent variables it scatters about 0 and may be negative. NaN for fewer than ``k + 2`` values.

    Raises
    ------
    ValueError
        If the shapes differ or are not one-dimensional.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"x {a.shape} and y {b.shape} must have the same shape (n,)")
    both = np.isfinite(a) & np.isfinite(b)
    n = int(both.sum())
    if n < k + 2:
        return float("nan")
    scores = [_normal_scores(values[both], rng) for values in (a, b)]
    distance, _ = cKDTree(np.stack(scores, axis=1)).query(np.stack(scores, axis=1), k=k + 1, p=np.inf)
    radius = distance[:, -1]
    return float(digamma(k) + digamma(n) - np.mean(sum(digamma(_nearer(s, radius) + 1) for s in scores)))


def information_interval(
    x: ArrayLike, y: ArrayLike, *, rng: np.random.Generator, k: int = K, n_groups: int = 10
) -> tuple[float, float, float]:
    """`mutual_information` with its 95% interval, from leaving out each of `n_groups` groups of sources in turn.

    A bootstrap would not do: a source drawn twice is its own neighbour at distance zero.

    Returns
    -------
    value, low, high : float
        In nats.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    rows = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    group = rng.permutation(len(rows)) % n_groups
    left: Sequence[float] = [
        mutual_information(a[rows[group != g]], b[rows[group != g]], rng=rng, k=k) for g in range(n_groups)
    ]
    error = float(np.sqrt((n_groups - 1) * np.var(left)))
    value = mutual_information(a, b, rng=rng, k=k)
    return value, value - 1.96 * error, value + 1.96 * error


def as_correlation(nats: float) -> float:
    """Absolute correlation of two normal variables that tell so much of each other, from 0 to 1."""
    return float(np.sqrt(-np.expm1(-2 * max(nats, 0.0))))


def _normal_scores(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    ranks = np.empty(len(values))
    ranks[np.lexsort((rng.random(len(values)), values))] = np.arange(len(values))
    return np.asarray(ndtri((ranks + 0.5) / len(values)), dtype=np.float64)


def _nearer(values: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many others lie nearer than the radius along one axis."""
    ordered = np.sort(values)
    # The neighbour that sets the radius lies on its edge and does not count: rounding must not let it in.
    inside = radius - 1e-12
    low, high = np.searchsorted(ordered, values - inside, "left"), np.searchsorted(ordered, values + inside, "right")
    return np.maximum(high - low - 1, 0)
