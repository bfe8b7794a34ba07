"""Scores of different meaning on one scale: percentile ranks, and several of them combined."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def percentile_ranks(scores: ArrayLike) -> NDArray[np.float32]:
    """Percentile of each score among all that are known: the share below it and half of those equal to it.

    Parameters
    ----------
    scores : array_like, shape (n,)
        NaN where unknown.

    Returns
    -------
    ndarray of float32, shape (n,)
        Above 0 and below 100; NaN where the score is.
    """
    values = np.asarray(scores)
    ranks = np.full(len(values), np.nan, np.float32)
    known = np.flatnonzero(~np.isnan(values))
    if known.size:
        ordered = np.sort(values[known])
        low = np.searchsorted(ordered, values[known], side="left")
        high = np.searchsorted(ordered, values[known], side="right")
        ranks[known] = 50 * (low + high) / known.size
    return ranks


def mean_percentile(scores: Iterable[ArrayLike]) -> NDArray[np.float32]:
    """Mean of the percentile ranks of several scores, of those that are known for a source.

    Parameters
    ----------
    scores : iterable of array_like, each of shape (n,)
        At least one.

    Returns
    -------
    ndarray of float32, shape (n,)
        0 to 100; NaN where no score is known.
    """
    ranks = np.stack([percentile_ranks(each) for each in scores])
    known = ~np.isnan(ranks)
    n_known = known.sum(axis=0)
    total = np.where(known, ranks, 0).sum(axis=0)
    return np.divide(total, n_known, out=np.full(len(n_known), np.nan), where=n_known > 0).astype(np.float32)


def strangest_first(scores: ArrayLike) -> NDArray[np.int64]:
    """Rows by descending score, equal ones in the order of the rows; rows whose score is NaN are left out."""
    values = np.asarray(scores)
    order = np.argsort(-values, kind="stable")
    return order[: int((~np.isnan(values)).sum())].astype(np.int64)
