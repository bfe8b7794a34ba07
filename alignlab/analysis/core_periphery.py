"""Core and periphery of a graph by Lip's exact division (S. Z. W. Lip 2011, arXiv:1102.5511).

A core is a set of nodes that are all joined, a periphery one of which none are. The division with the fewest
exceptions (pairs of the core without an edge, pairs of the periphery with one) follows from the degrees alone: with
``k`` nodes in the core they are fewest if these have the highest degrees, and number
``m + k (k - 1) / 2 - (sum of their degrees)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False, kw_only=True)
class CorePeriphery:
    """The best division of a graph's nodes into core and periphery.

    Attributes
    ----------
    core : ndarray of bool, shape (n,)
        The smallest best core; among nodes of the same degree the first ones.
    always, possible : ndarray of bool, shape (n,)
        In every best core; in at least one.
    n_exceptions : int
        Pairs of the core without an edge and pairs of the periphery with one.
    n_pairs : int
        Pairs within core or periphery: those that could be exceptions.
    n_best : int
        How many divisions are equally good.
    """

    core: NDArray[np.bool_]
    always: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    n_exceptions: int
    n_pairs: int
    n_best: int

    @property
    def exceptions_share(self) -> float:
        """Share of exceptions among the pairs that could be some, 0 (perfect) to 1; NaN where there are none."""
        return self.n_exceptions / self.n_pairs if self.n_pairs else float("nan")


def core_periphery(degree: ArrayLike) -> CorePeriphery:
    """Divide a graph into core and periphery with the fewest exceptions, exactly.

    Parameters
    ----------
    degree : array_like of int, shape (n,)
        Of a graph without loops; nothing else of it matters.

    Returns
    -------
    CorePeriphery

    Raises
    ------
    ValueError
        If there is no node, or no such graph can exist.
    """
    degree = np.asarray(degree)
    n = len(degree)
    if degree.ndim != 1 or n == 0 or degree.min() < 0 or degree.max() >= n or degree.sum() % 2:
        raise ValueError(f"these are not the degrees of a graph: {degree!r}")
    order = np.argsort(-degree, kind="stable")
    size = np.arange(n + 1, dtype=np.int64)
    exceptions = degree.sum() // 2 + size * (size - 1) // 2 - np.concatenate([[0], np.cumsum(degree[order])])
    best = np.flatnonzero(exceptions == exceptions.min())
    always, possible, n_best = np.ones(n, bool), np.zeros(n, bool), 0
    for k in best.tolist():
        lowest = degree[order[k - 1]] if k else n
        free = degree == lowest
        n_free, n_chosen = int(free.sum()), int(k - (degree > lowest).sum())
        always &= (degree > lowest) | (free & (n_free == n_chosen))
        possible |= degree >= lowest
        n_best += comb(n_free, n_chosen)
    k = int(best[0])
    core = np.zeros(n, bool)
    core[order[:k]] = True
    return CorePeriphery(
        core=core,
        always=always,
        possible=possible,
        n_exceptions=int(exceptions[k]),
        n_pairs=comb(k, 2) + comb(n - k, 2),
        n_best=n_best,
    )
