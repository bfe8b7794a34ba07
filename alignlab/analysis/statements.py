"""How probable a statement is about each of many sources: the likelihood by which an ideal reader ranks them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

#: A statement that the rules exclude is only this improbable, so that a rounded digit does not rule a source out.
_LEAST_PROBABILITY = 1e-30


@dataclass(frozen=True, eq=False)
class Categorical:
    """One of several things is said.

    Attributes
    ----------
    probability : ndarray of float64, shape (n_sources, n_things)
        How probable each of them is about a source.
    said : ndarray of int64, shape (n_texts,)
        Which of them a text says; -1 where it is silent.
    """

    probability: NDArray[np.float64]
    said: NDArray[np.int64]

    def log_probability(self, sources: NDArray[np.int64], texts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of what these texts say about these sources, shape (len(sources), len(texts)); 0 where a text is silent."""
        said = self.said[texts]
        table = np.log(np.maximum(self.probability[sources], _LEAST_PROBABILITY))
        return np.where(said >= 0, table[:, np.maximum(said, 0)], 0.0)


@dataclass(frozen=True, eq=False)
class Graded:
    """A measured value is said to lie between two limits: it is in words, or rounded.

    Attributes
    ----------
    mean, sigma : ndarray of float64, shape (n_sources,)
        The value that would be measured of a source is normal about `mean`.
    low, high : ndarray of float64, shape (n_texts,)
    is_told : ndarray of bool, shape (n_texts,)
    """

    mean: NDArray[np.float64]
    sigma: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    is_told: NDArray[np.bool_]

    def log_probability(self, sources: NDArray[np.int64], texts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of what these texts say about these sources, shape (len(sources), len(texts)); 0 where a text is silent."""
        told = self.is_told[texts]
        mean, sigma = self.mean[sources, None], self.sigma[sources, None]
        below = (self.low[texts][told] - mean) / sigma
        above = (self.high[texts][told] - mean) / sigma
        # The difference of two probabilities near 1 has no digits left: both are taken in the other tail.
        is_upper = below > 0
        below, above = np.where(is_upper, -above, below), np.where(is_upper, -below, above)
        out = np.zeros((len(sources), len(texts)))
        out[:, told] = np.log(np.maximum(ndtr(above) - ndtr(below), _LEAST_PROBABILITY))
        return out


Statement = Categorical | Graded


def log_likelihood(
    statements: Iterable[Statement], sources: ArrayLike, texts: ArrayLike, *, block: int = 512
) -> NDArray[np.float32]:
    """Logarithm of the probability of everything that a text says, were it written about a source.

    Parameters
    ----------
    statements : iterable of Categorical or Graded
        Independent of each other, given the source.
    sources, texts : array_like of int, shapes (n,) and (m,)
        Rows of the statements' arrays.
    block : int
        Sources at a time.

    Returns
    -------
    ndarray of float32, shape (n, m)
    """
    statements = list(statements)
    sources, texts = np.asarray(sources, dtype=np.int64), np.asarray(texts, dtype=np.int64)
    out = np.zeros((len(sources), len(texts)), dtype=np.float32)
    for start in range(0, len(sources), block):
        rows = sources[start : start + block]
        for statement in statements:
            out[start : start + block] += statement.log_probability(rows, texts).astype(np.float32)
    return out


def pointwise_information(own: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much more probable each text is about a source than about any: the score of the best possible ranker.

    Of candidates of which exactly one belongs to the query, the one that most probably does has the greatest
    P(text | source) / P(text).

    Parameters
    ----------
    own : ndarray, shape (n, m)
        log P(text j | source i) for the queries.
    reference : ndarray, shape (k, m)
        The same for sources that stand for all; the query itself is counted as one more.

    Returns
    -------
    ndarray of float64, shape (n, m)
    """
    if own.shape[1] != reference.shape[1] or not len(reference):
        raise ValueError(f"own {own.shape} and reference {reference.shape} must have the same texts, and a source each")
    among = np.logaddexp.reduce(reference.astype(np.float64), axis=0)
    marginal = np.logaddexp(among[None], own) - np.log(len(reference) + 1)
    return np.asarray(own - marginal)


def levels_between(values: ArrayLike, edges: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits of the level that each value lies in, infinite at the ends, each of shape (n,)."""
    limits = np.concatenate([[-np.inf], np.asarray(edges, dtype=np.float64), [np.inf]])
    level = np.digitize(np.asarray(values), limits[1:-1])
    return limits[level], limits[level + 1]


def rounded_between(values: ArrayLike, step: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits of what is rounded to the same multiple of `step`, each of shape (n,)."""
    values, step = np.asarray(values, dtype=np.float64), np.asarray(step, dtype=np.float64)
    middle = np.round(values / step) * step
    return middle - step / 2, middle + step / 2
