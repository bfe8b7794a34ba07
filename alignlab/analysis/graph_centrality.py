"""Which nodes of a graph lie in its midst: eigenvector centrality, closeness, betweenness.

Shortest paths are followed from many nodes at once, level by level, as matrix products (Brandes 2001, J. Math. Sociol.
25, 163). A large component is asked from a sample of its nodes (Brandes & Pich 2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import eigsh

from alignlab.analysis.graphs import Graph
from alignlab.progress import OnStep, report

#: Components of at most so many nodes are asked from every node.
EXACT_NODES = 1_500
#: A larger one is asked from so many, and fewer where it has more nodes or edges than these.
MOST_PIVOTS, FEWEST_PIVOTS = 256, 16
_FULL_NODES, _FULL_EDGES = 12_000, 500_000
#: Numbers that are held for each level of the paths: 4 MB, which a processor keeps close.
_BLOCK, _FEWEST_COLUMNS = 500_000, 16
#: A matrix this full is multiplied faster as a whole than entry by entry.
_DENSE_SHARE, _DENSE_NODES = 0.02, 5_000


@dataclass(frozen=True, eq=False, kw_only=True)
class PathCentralities:
    """Centralities of shortest paths, counted in edges.

    Attributes
    ----------
    betweenness : ndarray of float32, shape (n,)
        Share of the pairs of other nodes (all of the graph) between which a node lies, 0 to 1; where there are
        several shortest paths, the share of them.
    closeness : ndarray of float32, shape (n,)
        Inverse of the mean distance to the nodes that can be reached, times the share of the graph that they are
        (Wasserman & Faust 1994); 0 for a node without an edge.
    n_sampled : int
        Nodes in components that were asked from a sample of their nodes, so that their figures are estimates.
    n_pivots : int
        Nodes in these samples.
    """

    betweenness: NDArray[np.float32]
    closeness: NDArray[np.float32]
    n_sampled: int
    n_pivots: int


def eigenvector_centrality(graph: Graph) -> NDArray[np.float32]:
    """Principal eigenvector of the adjacency matrix, shape (n,), of length 1 and nowhere negative.

    A node is central whose neighbours are. In a graph of several components all but the densest have 0. All are 0
    where no edge is.
    """
    if graph.n_nodes < 3 or not graph.n_edges:
        return np.where(graph.degree > 0, np.sqrt(0.5), 0).astype(np.float32)
    adjacency = graph.adjacency(np.ones(graph.n_edges))
    # The start is fixed, so that equal graphs have equal figures.
    vector = eigsh(adjacency, k=1, which="LA", v0=np.ones(graph.n_nodes), tol=1e-6)[1][:, 0]
    return np.where(graph.degree > 0, np.abs(vector), 0).astype(np.float32)


def path_centralities(
    graph: Graph, component: NDArray[np.int32], *, seed: int, on_step: OnStep | None = None
) -> PathCentralities:
    """Betweenness and closeness: exact in small components, from a sample of nodes in large ones.

    Parameters
    ----------
    graph : Graph
    component : ndarray of int, shape (n,)
        As `alignlab.analysis.graph_structure.components` gives it.
    seed : int
        Of the samples.
    on_step : callable, optional
        Told the nodes that are done.

    Returns
    -------
    PathCentralities
    """
    n = graph.n_nodes
    rng = np.random.default_rng(seed)
    betweenness, closeness = np.zeros(n), np.zeros(n)
    adjacency = graph.adjacency()
    order = np.argsort(component, kind="stable")
    size = np.bincount(component)
    n_sampled = n_pivots = done = 0
    for members in np.split(order, np.cumsum(size)[:-1]):
        if len(members) < 2:
            break
        part = adjacency[members][:, members] if len(members) < n else adjacency
        pivots = _pivots(part, rng)
        between, distance = _follow(part, pivots, on_step, done, n)
        if len(pivots) < len(members):
            n_sampled, n_pivots = n_sampled + len(members), n_pivots + len(pivots)
        # Each pair of nodes is met from both of its ends.
        betweenness[members] = between * len(members) / len(pivots) / max((n - 1) * (n - 2), 1)
        reached = (len(members) - 1) / (n - 1)
        # A pivot's distance to itself is no distance: the others' mean is over one fewer.
        is_pivot = np.zeros(len(members))
        is_pivot[pivots] = 1
        closeness[members] = reached * (len(pivots) - is_pivot) / np.maximum(distance, 1)
        done += len(members)
    return PathCentralities(
        betweenness=betweenness.astype(np.float32),
        closeness=closeness.astype(np.float32),
        n_sampled=n_sampled,
        n_pivots=n_pivots,
    )


def _pivots(adjacency: sparse.csr_array, rng: np.random.Generator) -> NDArray[np.intp]:
    n = adjacency.shape[0]
    if n <= EXACT_NODES:
        return np.arange(n)
    affordable = MOST_PIVOTS * min(_FULL_NODES / n, _FULL_EDGES / (adjacency.nnz / 2))
    return rng.choice(n, int(np.clip(affordable, FEWEST_PIVOTS, MOST_PIVOTS)), replace=False)


def _follow(
    adjacency: sparse.csr_array, pivots: NDArray[np.intp], on_step: OnStep | None, done: int, total: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Dependencies on each node of the paths from the pivots, and the sum of its distances to them."""
    n = adjacency.shape[0]
    step = _product(adjacency)
    block = max(_FEWEST_COLUMNS, _BLOCK // n)
    between, distance = np.zeros(n), np.zeros(n)
    for start in range(0, len(pivots), block):
        report(on_step, done + n * start // len(pivots), total, "shortest paths")
        some = pivots[start : start + block]
        level = np.full((n, len(some)), -1, np.int32)
        paths = np.zeros((n, len(some)))
        level[some, np.arange(len(some))] = 0
        paths[some, np.arange(len(some))] = 1
        front, reached = paths.copy(), 0
        while True:
            front = np.where(level < 0, step(front), 0)
            if not front.any():
                break
            reached += 1
            level[front > 0] = reached
            paths += front
        distance += level.sum(axis=1)
        depends = np.zeros((n, len(some)))
        for now in range(reached, 1, -1):
            share = np.divide(1 + depends, paths, out=np.zeros_like(paths), where=level == now)
            depends += np.where(level == now - 1, step(share) * paths, 0)
        between += depends.sum(axis=1)
    return between, distance


def _product(adjacency: sparse.csr_array) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """How the matrix is multiplied: as a whole where it is small and full."""
    n = adjacency.shape[0]
    if n <= _DENSE_NODES and adjacency.nnz > _DENSE_SHARE * n * n:
        whole = torch.from_numpy(adjacency.toarray().astype(np.float64))
        return lambda columns: (whole @ torch.from_numpy(columns)).numpy()
    entries = adjacency.astype(np.float64)
    return lambda columns: entries @ columns
