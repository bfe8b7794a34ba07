"""Similarity graphs: sources that resemble each other at least so much, or each with its nearest ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.analysis.graph_neighbours import all_neighbours
from alignlab.analysis.similarity import normalise_rows
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report

#: Edges that a graph may hold: 12 bytes each.
MAX_EDGES = 50_000_000
#: Similarities that are held at once: 64 MB.
_BLOCK = 16_000_000


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

    def above(self, threshold: float) -> Graph:
        """The same sources with only the edges of at least this similarity."""
        keep = self.similarity >= threshold
        return Graph(self.rows, self.edges[keep], self.similarity[keep])

    def adjacency(self, values: ArrayLike | None = None) -> sparse.csr_array:
        """Symmetric matrix of shape (n, n), with `values` (m,) at the edges; ones by default."""
        weight = np.ones(self.n_edges, np.float32) if values is None else np.asarray(values)
        first, second = self.edges[:, 0], self.edges[:, 1]
        ends = np.concatenate([first, second]), np.concatenate([second, first])
        return sparse.csr_array((np.tile(weight, 2), ends), shape=(self.n_nodes, self.n_nodes))

    def strongest(self, per_node: int) -> Graph:
        """The same sources with only those edges that are among the `per_node` most similar ones of either end."""
        if self.degree.max(initial=0) <= per_node:
            return self
        ends, edge = self.edges.T.ravel(), np.tile(np.arange(self.n_edges), 2)
        order = np.lexsort((edge, -self.similarity[edge], ends))
        place = np.arange(len(order)) - (np.cumsum(self.degree) - self.degree)[ends[order]]
        keep = np.zeros(self.n_edges, bool)
        keep[edge[order[place < per_node]]] = True
        return Graph(self.rows, self.edges[keep], self.similarity[keep])


def threshold_graph(
    latents: ArrayLike,
    rows: ArrayLike,
    threshold: float,
    *,
    max_edges: int = MAX_EDGES,
    on_step: OnStep | None = None,
) -> Graph:
    """Join all sources whose cosine similarity is at least a threshold, exactly.

    Parameters
    ----------
    latents : array_like, shape (n, d)
        One row per node, of any length.
    rows : array_like of int, shape (n,)
        `source_index` of each node.
    threshold : float
        -1 to 1.
    max_edges : int
        Most edges that are kept.
    on_step : callable, optional
        Told the rows that are done.

    Returns
    -------
    Graph

    Raises
    ------
    TooManyEdgesError
        If there would be more than `max_edges`: it tells how many, and the degrees.
    ValueError
        If shapes disagree, the threshold is out of range, or a value is NaN or infinite.
    """
    unit, rows = _nodes(latents, rows)
    _check_threshold(threshold)
    edges, similarity, n_edges = [], [], 0
    for start, product in _upper_blocks(unit, on_step):
        found = (product >= threshold).nonzero()
        n_edges += len(found)
        if n_edges > max_edges:
            raise _too_many(threshold_degrees(unit, threshold, on_step=on_step), threshold, max_edges)
        similarity.append(product[found[:, 0], found[:, 1]].numpy())
        edges.append((found + start).to(torch.int32).numpy())
    return Graph(
        rows,
        np.concatenate(edges) if edges else np.empty((0, 2), np.int32),
        np.clip(np.concatenate(similarity), -1, 1) if similarity else np.empty(0, np.float32),
    )


def threshold_degrees(latents: ArrayLike, threshold: float, *, on_step: OnStep | None = None) -> NDArray[np.int64]:
    """Degrees in the graph of a threshold, shape (n,), without its edges: memory does not grow with their number."""
    unit, _ = _nodes(latents, np.arange(len(np.asarray(latents))))
    _check_threshold(threshold)
    degree = torch.zeros(len(unit), dtype=torch.int64)
    for start, product in _upper_blocks(unit, on_step):
        joined = (product >= threshold).to(torch.float32)
        degree[start:] += joined.sum(0).to(torch.int64)
        degree[start : start + len(joined)] += joined.sum(1).to(torch.int64)
    return degree.numpy()


def neighbour_graph(
    latents: ArrayLike, rows: ArrayLike, k: int, *, mutual: bool = False, on_step: OnStep | None = None
) -> Graph:
    """Join every source with its `k` nearest ones, exactly.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    rows : array_like of int, shape (n,)
        `source_index` of each node.
    k : int
        Neighbours of a source, 1 to n - 1.
    mutual : bool
        Only where each is among the other's `k` nearest; by default where either is.
    on_step : callable, optional
        Told the share of the work that is done.

    Returns
    -------
    Graph

    Raises
    ------
    ValueError
        If shapes disagree, `k` is out of range, or a value is NaN or infinite.
    """
    unit, rows = _nodes(latents, rows)
    near = all_neighbours(unit, k, on_step=on_step)
    own = np.repeat(np.arange(len(unit)), k)
    other = near.index.ravel()
    pair = np.minimum(own, other) * len(unit) + np.maximum(own, other)
    pair, first, times = np.unique(pair, return_index=True, return_counts=True)
    keep = times >= 2 if mutual else slice(None)
    edges = np.column_stack(np.divmod(pair[keep], len(unit))).astype(np.int32)
    return Graph(rows, edges, near.similarity.ravel()[first[keep]])


def _upper_blocks(unit: NDArray[np.float32], on_step: OnStep | None) -> Iterator[tuple[int, torch.Tensor]]:
    """Similarities of each source with those after it: blocks (b, n - start) whose other half is -inf."""
    n, matrix = len(unit), torch.from_numpy(unit)
    start = 0
    while start < n:
        report(on_step, start, n, "similarities")
        block = min(max(16, _BLOCK // (n - start)), n - start)
        product = matrix[start : start + block] @ matrix[start:].T
        product[:, :block].masked_fill_(torch.ones(block, block, dtype=torch.bool).tril(), -torch.inf)
        yield start, product
        start += block


def _nodes(latents: ArrayLike, rows: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    unit, rows = normalise_rows(latents), np.ascontiguousarray(rows, np.int64)
    if rows.shape != (len(unit),):
        raise ValueError(f"{len(unit)} latents need as many rows, not an array of shape {rows.shape}")
    return unit, rows


def _check_threshold(threshold: float) -> None:
    if not -1 <= threshold <= 1:
        raise ValueError(f"a threshold of the cosine similarity lies between -1 and 1, not at {threshold}")


def _too_many(degree: NDArray[np.int64], threshold: float, most: int) -> TooManyEdgesError:
    n_edges = int(degree.sum()) // 2
    return TooManyEdgesError(
        f"A threshold of {threshold:g} joins {len(degree):,} sources by {n_edges:,} edges; at most {most:,} are kept.",
        remedy="Raise the threshold, take fewer sources, or join each with its nearest ones.",
        n_edges=n_edges,
        degree=degree,
    )
