"""Components, cores, backbone and centralities against networkx and rustworkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import rustworkx as rx

from alignlab.analysis import graph_centrality
from alignlab.analysis.graph_centrality import eigenvector_centrality, path_centralities
from alignlab.analysis.graph_structure import backbone, by_size, components, core_numbers
from alignlab.analysis.graphs import Graph, threshold_graph
from tests.analysis.graph_cases import graph_of, per_node

GRAPHS = {
    "karate club": nx.karate_club_graph(),
    "in pieces": nx.gnp_random_graph(70, 0.025, seed=1),
    "dense": nx.gnp_random_graph(50, 0.6, seed=2),
    "star": nx.star_graph(8),
    "path": nx.path_graph(5),
    "without edges": nx.empty_graph(4),
    "one pair": nx.path_graph(2),
}


@pytest.fixture(params=list(GRAPHS))
def reference(request) -> nx.Graph:
    return GRAPHS[request.param]


def test_components_are_numbered_by_size(reference):
    component = components(graph_of(reference))
    theirs = sorted(nx.connected_components(reference), key=lambda nodes: (-len(nodes), min(nodes)))
    for number, nodes in enumerate(theirs):
        assert set(np.flatnonzero(component == number).tolist()) == nodes


def test_groups_of_one_size_keep_their_order():
    assert by_size([5, 5, 2, 9, 9, 2, 5]).tolist() == [0, 0, 1, 2, 2, 1, 0]


def test_core_numbers_are_those_of_networkx_and_rustworkx(reference):
    graph = graph_of(reference)
    np.testing.assert_array_equal(core_numbers(graph), per_node(nx.core_number(nx.Graph(reference))))
    theirs = rx.PyGraph()
    theirs.add_nodes_from(range(graph.n_nodes))
    theirs.add_edges_from_no_data([tuple(edge) for edge in graph.edges.tolist()])
    np.testing.assert_array_equal(core_numbers(graph), per_node(dict(rx.core_number(theirs))))


@pytest.mark.parametrize("full", [0.0, 1.0], ids=["as a whole", "entry by entry"])
def test_betweenness_and_closeness_are_those_of_networkx(reference, full, monkeypatch):
    monkeypatch.setattr(graph_centrality, "_DENSE_SHARE", full)
    monkeypatch.setattr(graph_centrality, "_BLOCK", 1)
    graph = graph_of(reference)
    found = path_centralities(graph, components(graph), seed=0)
    np.testing.assert_allclose(found.betweenness, per_node(nx.betweenness_centrality(reference)), atol=1e-6)
    np.testing.assert_allclose(found.closeness, per_node(nx.closeness_centrality(reference)), atol=1e-6)
    assert found.n_sampled == found.n_pivots == 0


def test_a_large_component_is_asked_from_a_sample_and_says_so(monkeypatch):
    monkeypatch.setattr(graph_centrality, "EXACT_NODES", 50)
    monkeypatch.setattr(graph_centrality, "MOST_PIVOTS", 100)
    reference = nx.disjoint_union(nx.connected_watts_strogatz_graph(200, 6, 0.2, seed=0), nx.path_graph(20))
    graph = graph_of(reference)
    found = path_centralities(graph, components(graph), seed=0)
    assert (found.n_sampled, found.n_pivots) == (200, 100)
    exact = per_node(nx.betweenness_centrality(reference)), per_node(nx.closeness_centrality(reference))
    assert np.corrcoef(found.betweenness[:200], exact[0][:200])[0, 1] > 0.9
    assert found.betweenness[:200].sum() == pytest.approx(exact[0][:200].sum(), rel=0.05)
    np.testing.assert_allclose(found.closeness[:200], exact[1][:200], rtol=0.1)
    np.testing.assert_allclose(found.closeness[200:], exact[1][200:], atol=1e-6)
    again = path_centralities(graph, components(graph), seed=0)
    np.testing.assert_array_equal(again.betweenness, found.betweenness)


@pytest.mark.parametrize("name", ["karate club", "dense", "star", "one pair"])
def test_eigenvector_centrality_is_that_of_networkx(name):
    reference = GRAPHS[name]
    theirs = per_node(nx.eigenvector_centrality(reference, max_iter=10_000, tol=1e-12, weight=None))
    np.testing.assert_allclose(eigenvector_centrality(graph_of(reference)), theirs, atol=1e-5)


def test_without_an_edge_nothing_is_central():
    assert eigenvector_centrality(graph_of(nx.empty_graph(5))).tolist() == [0] * 5


def test_a_backbone_keeps_every_nodes_strongest_edges_and_all_components():
    rng = np.random.default_rng(0)
    # Two dense groups that only weaker similarities join.
    centres = np.repeat([[1, 0, 0], [0.8, 0.6, 0]], 30, axis=0)
    latents = centres + 0.1 * rng.normal(size=(60, 3))
    graph = threshold_graph(latents, np.arange(60), 0.75)
    thinned = backbone(graph, 2)
    assert thinned.n_edges < graph.n_edges / 4
    np.testing.assert_array_equal(components(thinned), components(graph))
    kept = {tuple(edge) for edge in thinned.edges.tolist()}
    assert {tuple(edge) for edge in graph.strongest(2).edges.tolist()} <= kept
    assert backbone(thinned, 60) is thinned
    empty = Graph(np.arange(3), np.empty((0, 2), np.int32), np.empty(0, np.float32))
    assert backbone(empty, 1).n_edges == 0
