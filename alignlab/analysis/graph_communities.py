"""Communities of a graph: groups with more edges inside than their degrees would have by chance.

Modularity is raised as by Blondel et al. (2008, J. Stat. Mech. P10008), with one difference: instead of node after
node, half of all nodes, drawn anew each round, move at once, so that a round is one product of sparse matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.analysis.graph_structure import by_size, components
from alignlab.analysis.graphs import Graph

_MOST_ROUNDS, _PATIENCE = 100, 6


@dataclass(frozen=True, eq=False)
class Communities:
    """A division of a graph's nodes.

    Attributes
    ----------
    label : ndarray of int32, shape (n,)
        0 the largest. Every community hangs together; a node without an edge is one of its own.
    modularity : float
        Share of edges inside communities less what it would be by chance, below 1; 0 for a graph without edges.
    """

    label: NDArray[np.int32]
    modularity: float


def communities(graph: Graph, *, seed: int) -> Communities:
    """Divide a graph into communities of high modularity; every edge counts the same.

    Parameters
    ----------
    graph : Graph
    seed : int
        Decides which nodes move when; same seed, same communities.

    Returns
    -------
    Communities
    """
    rng = np.random.default_rng(seed)
    whole = graph.adjacency(np.ones(graph.n_edges))
    label = np.arange(graph.n_nodes)
    if not graph.n_edges:
        return Communities(label.astype(np.int32), 0.0)
    matrix = whole
    while True:
        moved = _compact(_move(matrix, np.arange(matrix.shape[0]), rng))
        label = moved[label]
        if moved.max() + 1 == matrix.shape[0]:
            break
        groups = _membership(moved)
        matrix = sparse.csr_array(groups.T @ matrix @ groups)
    # Once more node by node: what is good for a whole group need not be for each of its nodes.
    connected = _connected(graph, _compact(_move(whole, label, rng)))
    return Communities(by_size(connected), _modularity(whole, connected))


def _move(matrix: sparse.csr_array, label: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Move nodes to neighbouring groups until modularity has not grown for some rounds; the best labels."""
    n = len(label)
    strength, diagonal = np.asarray(matrix.sum(axis=1)).ravel(), matrix.diagonal()
    total = strength.sum()
    others = sparse.csr_array(matrix - sparse.diags_array(diagonal))
    others.eliminate_zeros()
    best, best_modularity, since = label, -np.inf, 0
    for _ in range(_MOST_ROUNDS):
        joint = sparse.csr_array(others @ _membership(label, n))
        row = np.repeat(np.arange(n), np.diff(joint.indptr))
        group = np.bincount(label, weights=strength, minlength=n)
        own = joint.indices == label[row]
        modularity = (joint.data[own].sum() + diagonal.sum()) / total - np.sum((group / total) ** 2)
        since = 0 if modularity > best_modularity + 1e-9 else since + 1
        if since == 0:
            best, best_modularity = label, modularity
        elif since == _PATIENCE:
            break
        gain = joint.data - strength[row] * (group[joint.indices] - own * strength[row]) / total
        stay = -strength * (group[label] - strength) / total
        stay[row[own]] = gain[own]
        highest = np.full(n, -np.inf)
        filled = np.flatnonzero(np.diff(joint.indptr))
        highest[filled] = np.maximum.reduceat(gain, joint.indptr[filled]) if len(filled) else 0
        wants = highest > stay + 1e-9
        if not wants.any():
            break
        chosen = np.flatnonzero((gain == highest[row]) & (wants & (rng.random(n) < 0.5))[row])
        label = label.copy()
        label[row[chosen]] = joint.indices[chosen]
    return best


def _modularity(matrix: sparse.csr_array, label: NDArray[np.integer]) -> float:
    row = np.repeat(np.arange(len(label)), np.diff(matrix.indptr))
    total = float(matrix.data.sum())
    inside = float(matrix.data[label[row] == label[matrix.indices]].sum())
    group = np.bincount(label, weights=np.asarray(matrix.sum(axis=1)).ravel())
    return inside / total - float(np.sum((group / total) ** 2))


def _membership(label: NDArray[np.int64], n_groups: int | None = None) -> sparse.csr_array:
    n = len(label)
    columns = int(label.max()) + 1 if n_groups is None else n_groups
    return sparse.csr_array((np.ones(n), label, np.arange(n + 1)), shape=(n, columns))


def _compact(label: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(label, return_inverse=True)[1]


def _connected(graph: Graph, label: NDArray[np.int64]) -> NDArray[np.int32]:
    """Divide communities that do not hang together into those that do."""
    inside = label[graph.edges[:, 0]] == label[graph.edges[:, 1]]
    return components(Graph(graph.rows, graph.edges[inside], graph.similarity[inside]))
