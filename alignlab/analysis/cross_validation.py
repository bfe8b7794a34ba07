"""Folds that keep all rows of a source together, and how sure a mean over folds is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t

_LEVEL = 0.95


def grouped_folds(groups: ArrayLike, n_folds: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Number of the fold, 0 to ``n_folds - 1``, of each row; rows of one group are in one fold.

    Parameters
    ----------
    groups : array_like, shape (n,)
        Such as the names of the sources: detections of one source must never be on both sides.
    n_folds : int
        At least 2.
    rng : numpy.random.Generator
        Of the order in which groups are dealt; the largest are dealt first, each to the smallest fold so far.

    Raises
    ------
    ValueError
        If there are fewer groups than folds.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if not 2 <= n_folds <= len(names):
        raise ValueError(f"n_folds must be 2 to {len(names)} (the groups), not {n_folds}")
    size = np.bincount(member, minlength=len(names))
    order = rng.permutation(len(names))
    order = order[np.argsort(-size[order], kind="stable")]
    fold_of_group, filled = np.empty(len(names), np.int64), np.zeros(n_folds, np.int64)
    for group in order:
        fold_of_group[group] = int(np.argmin(filled))
        filled[fold_of_group[group]] += size[group]
    return fold_of_group[member]


def mean_over_folds(values: ArrayLike, *, test_share: float) -> tuple[float, float, float]:
    """Mean of a figure over folds with its 95% interval, for folds whose training sources overlap.

    Parameters
    ----------
    values : array_like, shape (n_folds,)
    test_share : float
        Sources of a fold over the sources trained on: 1/4 for five folds.

    Returns
    -------
    mean, low, high : float
        Student's interval with the variance of Nadeau & Bengio 2003, s² (1/k + test/training): the plain s²/k is
        too small, because the trainings share most of their sources.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"values must be of at least two folds, not of shape {x.shape}")
    half = t.ppf((1 + _LEVEL) / 2, len(x) - 1) * np.sqrt(x.var(ddof=1) * (1 / len(x) + test_share))
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)
