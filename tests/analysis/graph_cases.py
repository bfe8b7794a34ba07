"""Graphs for tests, made from networkx's."""

from __future__ import annotations

import networkx as nx
import numpy as np

from alignlab.analysis.graphs import Graph


def graph_of(reference: nx.Graph, *, similarity: float = 1.0) -> Graph:
    """Ours of a networkx graph whose nodes are 0 to n - 1."""
    edges = np.sort(np.array(list(reference.edges()), np.int32).reshape(-1, 2), axis=1)
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    n = reference.number_of_nodes()
    return Graph(np.arange(n), edges, np.full(len(edges), similarity, np.float32))


def per_node(values: dict[int, float]) -> np.ndarray:
    """networkx's figures in the order of the nodes."""
    return np.array([values[node] for node in sorted(values)])
