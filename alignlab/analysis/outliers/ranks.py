"""Scores of different meaning on one scale: percentile ranks, and several of them combined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: So many questions must find a source strange, for it to be at the top of a combination.
N_REASONS = 2


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
    return (100 * _shares(np.asarray(scores))).astype(np.float32)


def combined_percentile(questions: Sequence[Sequence[ArrayLike]]) -> NDArray[np.float32]:
    """Combine scores that answer several questions: at the top are sources that two of them find strange.

    The surprise of a score is the logarithm of one in how many sources scores as high. A question's surprise is the
    mean over its scores, brought back to ranks; a source is placed by the sum of its two largest. One score alone can
    be led astray by a whim of its method, and no rare source is strange in every way.

    Parameters
    ----------
    questions : sequence of sequences of array_like, each of shape (n,)
        Scores that answer the same question stand together and count once. NaN where unknown: such a source has fewer
        chances to be strange, and is not strange for that.

    Returns
    -------
    ndarray of float32, shape (n,)
        Percentile, above 0 and below 100; NaN where nothing is known.
    """
    surprises = np.stack([_surprise(_known_mean([_surprise(score) for score in scores])) for scores in questions])
    unknown = np.isnan(surprises).all(axis=0)
    largest = np.sort(np.nan_to_num(surprises), axis=0)[-N_REASONS:].sum(axis=0)
    return percentile_ranks(np.where(unknown, np.nan, largest))


def strangest_first(scores: ArrayLike) -> NDArray[np.int64]:
    """Rows by descending score, equal ones in the order of the rows; rows whose score is NaN are left out."""
    values = np.asarray(scores)
    order = np.argsort(-values, kind="stable")
    return order[: int((~np.isnan(values)).sum())].astype(np.int64)


def _shares(values: NDArray) -> NDArray[np.float64]:
    """Percentile ranks as shares of 1."""
    shares = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if known.size:
        order = np.argsort(values[known])
        ordered = values[known][order]
        # Equal values share the middle of their places.
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        size = np.diff(np.append(first, known.size))
        shares[known[order]] = np.repeat((first + size / 2) / known.size, size)
    return shares


def _surprise(scores: ArrayLike) -> NDArray[np.float64]:
    """Logarithm (base 10) of one in how many sources scores as high."""
    surprise: NDArray[np.float64] = -np.log10(1 - _shares(np.asarray(scores)))
    return surprise


def _known_mean(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean over the rows that are known, NaN where none is."""
    stacked = np.stack(rows)
    n_known = (~np.isnan(stacked)).sum(axis=0)
    return np.divide(np.nansum(stacked, axis=0), n_known, out=np.full(len(n_known), np.nan), where=n_known > 0)
