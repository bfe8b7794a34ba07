"""The structure of a graph: what hangs together, and how deep in the midst a node is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from alignlab.analysis.graphs import Graph


def components(graph: Graph) -> NDArray[np.int32]:
    """Connected component of each node, shape (n,): 0 the largest, equally large ones in the order of their nodes."""
    return by_size(csgraph.connected_components(graph.adjacency(), directed=False)[1])


def by_size(labels: ArrayLike) -> NDArray[np.int32]:
    """Renumber groups, shape (n,): 0 the largest, equally large ones in the order of their first members."""
    _, first, place, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), np.int32)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    return rank[place]


def core_numbers(graph: Graph) -> NDArray[np.int32]:
    """Largest k for each node, shape (n,), such that it is in the k-core: nodes with k neighbours among themselves."""
    adjacency = graph.adjacency()
    degree = graph.degree.copy()
    number = np.zeros(graph.n_nodes, np.int32)
    left = np.flatnonzero(degree)
    k = 0
    while len(left):
        k = max(k, int(degree[left].min()))
        peel = degree[left] <= k
        number[left[peel]] = k
        degree -= np.bincount(_neighbours_of(adjacency, left[peel]), minlength=graph.n_nodes)
        left = left[~peel]
    return number


def backbone(graph: Graph, per_node: int) -> Graph:
    """Few edges that show the most: each node's strongest, and those without which components would fall apart.

    Parameters
    ----------
    graph : Graph
    per_node : int
        An edge stays that is among the so many most similar ones of either end.

    Returns
    -------
    Graph
        With the same nodes and components: a spanning forest of the greatest similarities is part of it.
    """
    strongest = graph.strongest(per_node)
    if strongest.n_edges == graph.n_edges:
        return graph
    # Lengths must be above 0: a sparse matrix takes 0 for no edge.
    forest = sparse.coo_array(csgraph.minimum_spanning_tree(sparse.triu(graph.adjacency(3 - graph.similarity))))
    n = np.int64(graph.n_nodes)
    key = graph.edges[:, 0] * n + graph.edges[:, 1]
    tree = np.minimum(forest.row, forest.col) * n + np.maximum(forest.row, forest.col)
    keep = np.isin(key, np.concatenate([tree, strongest.edges[:, 0] * n + strongest.edges[:, 1]]))
    return Graph(graph.rows, graph.edges[keep], graph.similarity[keep])


def _neighbours_of(adjacency: sparse.csr_array, nodes: NDArray[np.intp]) -> NDArray[np.int32]:
    """All neighbours of some nodes, one list after the other."""
    start, stop = adjacency.indptr[nodes], adjacency.indptr[nodes + 1]
    length = stop - start
    offset = np.repeat(start - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    return adjacency.indices[offset + np.arange(length.sum())]
