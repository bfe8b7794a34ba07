"""Edges chosen for a drawing, against choosing them one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.drawn_edges import strongest_edges


def drawn_graph(n: int, m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(0, n, (3 * m, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]][:m]
    return pairs.astype(np.int32), rng.permutation(len(pairs)).astype(np.float32) / len(pairs)


def one_by_one(edges: np.ndarray, similarity: np.ndarray, n: int, most: int) -> list[int]:
    """Rank each edge among its ends' edges by looking at all of them; take the best turns, the strongest first."""
    rank = {}
    for node in range(n):
        mine = [e for e in range(len(edges)) if node in edges[e]]
        for place, e in enumerate(sorted(mine, key=lambda e: -similarity[e])):
            rank[e] = min(place, rank.get(e, place))
    return sorted(sorted(rank, key=lambda e: (rank[e], -similarity[e]))[:most])


@pytest.mark.parametrize("most", [0, 7, 40, 110])
def test_each_nodes_strongest_come_first(most):
    edges, similarity = drawn_graph(30, 120, seed=most)
    chosen = strongest_edges(edges, similarity, n=30, most=most)
    assert chosen.tolist() == one_by_one(edges, similarity, 30, most)


def test_nobody_loses_all_edges():
    edges, similarity = drawn_graph(500, 9000, seed=3)
    chosen = strongest_edges(edges, similarity, n=500, most=500)
    assert set(edges[chosen].ravel()) == set(edges.ravel())
    assert len(chosen) == 500


def test_a_graph_that_is_small_enough_is_drawn_whole():
    edges, similarity = drawn_graph(20, 30, seed=1)
    assert strongest_edges(edges, similarity, n=20, most=30).tolist() == list(range(len(edges)))
    assert strongest_edges(edges[:0], similarity[:0], n=20, most=5).size == 0


def test_many_nodes_and_equal_similarities_are_no_trouble():
    n = 70_000
    edges = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1).astype(np.int32)
    chosen = strongest_edges(edges, np.full(n - 1, 0.9, dtype=np.float32), n=n, most=60_000)
    assert len(np.unique(chosen)) == 60_000


def test_what_does_not_fit_together_is_refused():
    edges, similarity = drawn_graph(20, 30, seed=1)
    with pytest.raises(ValueError, match="similarities of shape"):
        strongest_edges(edges, similarity[:-1], n=20, most=5)
    with pytest.raises(ValueError, match="-1 edges"):
        strongest_edges(edges, similarity, n=20, most=-1)
