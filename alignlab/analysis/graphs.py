"""Similarity graphs: sources that resemble each other at least so much, or each with its nearest ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError

#: Edges that a graph may hold: 12 bytes each.
MAX_EDGES = 50_000_000


class TooManyEdgesError(AlignlabError):
    """A threshold gives more edges than are kept; the degrees are known all the same.

    Attributes
    ----------
    n_edges : int
        How many there would be.
    degree : ndarray of int64, shape (n,)
        Exact.
    """

    def __init__(self, message: str, *, remedy: str, n_edges: int, degree: NDArray[np.int64]) -> None:
        super().__init__(message, remedy=remedy)
        self.n_edges = n_edges
        self.degree = degree


@dataclass(frozen=True, eq=False)
class Graph:
    """An undirected graph whose nodes are sources.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        `source_index` of each node.
    edges : ndarray of int32, shape (m, 2)
        Positions in `rows`, the smaller first; each pair once, in the order of the first, then the second.
    similarity : ndarray of float32, shape (m,)
        Cosine similarity of each edge's ends.
    """

    rows: NDArray[np.int64]
    edges: NDArray[np.int32]
    similarity: NDArray[np.float32]

    @property
    def n_nodes(self) -> int:
        """Number of sources."""
        return len(self.rows)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edges)

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """Edges at each node, shape (n,)."""
        return np.bincount(self.edges.ravel(), minlength=self.n_nodes)
