"""Lip's core and periphery against all divisions of small graphs, and on the karate club."""

from __future__ import annotations

from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.analysis.core_periphery import core_periphery


def exceptions_of_all(joined: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every division of the nodes, shape (2**n, n), True in the core, and the number of its exceptions."""
    n = len(joined)
    core = np.array(list(product([0, 1], repeat=n)))
    apart = ~joined & ~np.eye(n, dtype=bool)
    missing = np.einsum("di,ij,dj->d", core, apart, core) // 2
    superfluous = np.einsum("di,ij,dj->d", 1 - core, joined, 1 - core) // 2
    return core.astype(bool), missing + superfluous


@st.composite
def graphs(draw) -> np.ndarray:
    n = draw(st.integers(1, 10))
    edges = draw(st.lists(st.booleans(), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2))
    joined = np.zeros((n, n), bool)
    joined[np.triu_indices(n, 1)] = edges
    return joined | joined.T


def check_against_all(joined: np.ndarray) -> None:
    found = core_periphery(joined.sum(axis=1))
    core, exceptions = exceptions_of_all(joined)
    best = core[exceptions == exceptions.min()]
    assert found.n_exceptions == exceptions.min()
    assert found.n_best == len(best)
    np.testing.assert_array_equal(found.always, best.all(axis=0))
    np.testing.assert_array_equal(found.possible, best.any(axis=0))
    assert found.core.sum() == best.sum(axis=1).min()
    assert (best == found.core).all(axis=1).any()


@settings(max_examples=60)
@given(graphs())
def test_no_division_of_a_small_graph_has_fewer_exceptions(joined):
    check_against_all(joined)


def test_the_karate_club_has_six_people_in_its_core_and_three_ways_to_say_who():
    club = nx.karate_club_graph()
    assert (club.number_of_nodes(), club.number_of_edges()) == (34, 78)
    found = core_periphery([degree for _, degree in sorted(club.degree())])
    # The two leaders, those who know most others, and one of two equals in degree, 3 and 31.
    assert np.flatnonzero(found.always).tolist() == [0, 1, 2, 32, 33]
    assert np.flatnonzero(found.possible & ~found.always).tolist() == [3, 31]
    assert np.flatnonzero(found.core).tolist() == [0, 1, 2, 3, 32, 33]
    inside = club.subgraph(np.flatnonzero(found.core).tolist()).number_of_edges()
    outside = club.subgraph(np.flatnonzero(~found.core).tolist()).number_of_edges()
    assert found.n_exceptions == 15 - inside + outside


def test_a_star_and_a_clique_are_divided_without_exception():
    star, clique = core_periphery([6, 1, 1, 1, 1, 1, 1]), core_periphery([4] * 5)
    assert star.core.tolist() == [True] + [False] * 6
    assert star.exceptions_share == clique.exceptions_share == 0
    # Of a clique, all but one suffice: alone in the periphery it is joined with nobody there.
    assert clique.core.sum() == 4
    assert clique.possible.all()
    assert not clique.always.any()


@pytest.mark.parametrize("degree", [[], [-1, 1], [3, 1, 1], [1, 1, 1], [[1]]])
def test_degrees_of_no_graph_are_refused(degree):
    with pytest.raises(ValueError, match="not the degrees of a graph"):
        core_periphery(np.array(degree, int))
