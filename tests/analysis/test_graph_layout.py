"""A drawing: joined nodes near each other, components apart, the same for the same seed."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.spatial import cKDTree

from alignlab.analysis.graph_forces import Grid, part
from alignlab.analysis.graph_layout import graph_layout
from alignlab.analysis.graph_structure import components
from alignlab.analysis.graphs import Graph
from tests.analysis.graph_cases import graph_of


def drawn(reference: nx.Graph, **options) -> tuple[Graph, np.ndarray, np.ndarray]:
    graph = graph_of(reference)
    component = components(graph)
    return graph, component, graph_layout(graph, component, seed=0, **options)


@pytest.fixture(scope="module")
def groups() -> nx.Graph:
    """A component of six groups, some small ones, and nodes without an edge."""
    large = nx.planted_partition_graph(6, 50, 0.2, 0.002, seed=1)
    small = [nx.cycle_graph(12), nx.complete_graph(5), nx.path_graph(4), nx.path_graph(2), nx.path_graph(2)]
    return nx.disjoint_union_all([large, *small, nx.empty_graph(30)])


def test_edges_are_short(groups):
    graph, _, position = drawn(groups)
    ends = position[graph.edges]
    pairs = np.random.default_rng(0).integers(300, size=(5_000, 2))
    anywhere = np.linalg.norm(position[pairs[:, 0]] - position[pairs[:, 1]], axis=1)
    assert np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)) < 0.4 * np.median(anywhere)


def test_distances_follow_paths():
    reference = nx.grid_2d_graph(15, 15)
    reference = nx.convert_node_labels_to_integers(reference)
    _, _, position = drawn(reference)
    paths = np.array(
        [[lengths[j] for j in range(225)] for _, lengths in sorted(nx.all_pairs_shortest_path_length(reference))]
    )
    apart = np.linalg.norm(position[:, None] - position[None], axis=2)
    upper = np.triu_indices(225, 1)
    assert np.corrcoef(paths[upper], apart[upper])[0, 1] > 0.85


def test_no_components_overlap_and_nodes_without_an_edge_stand_below(groups):
    graph, component, position = drawn(groups)
    boxes = [
        (position[component == number].min(axis=0), position[component == number].max(axis=0))
        for number in range(int(component[graph.degree > 0].max()) + 1)
    ]
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            assert (low >= other_high).any() or (high <= other_low).any()
    lonely = graph.degree == 0
    assert position[lonely, 1].max() < position[~lonely, 1].min()
    assert len(np.unique(position[lonely], axis=0)) == 30


def test_every_node_has_its_place_within_the_drawing(groups):
    _, _, position = drawn(groups)
    assert position.shape == (groups.number_of_nodes(), 2)
    assert position.dtype == np.float32
    assert position.min() >= 0
    assert position.max() <= 1
    assert np.ptp(position, axis=0).max() == pytest.approx(1, abs=1e-5)
    assert cKDTree(position).query(position, k=2)[0][:, 1].min() > 1e-3


def test_one_seed_gives_one_drawing_and_a_start_its_orientation(groups):
    _, _, first = drawn(groups)
    graph, component, again = drawn(groups)
    np.testing.assert_array_equal(first, again)
    start = np.random.default_rng(0).normal(size=(graph.n_nodes, 2))
    start[:300, 0] = np.repeat(np.arange(6), 50) * 5
    large = graph_layout(graph, component, seed=0, start=start)[:300]
    assert np.corrcoef(large[:, 0], start[:300, 0])[0, 1] > 0.7


@pytest.mark.parametrize("reference", [nx.empty_graph(7), nx.path_graph(2), nx.complete_graph(4), nx.star_graph(40)])
def test_any_graph_can_be_drawn(reference):
    position = drawn(reference)[2]
    assert np.isfinite(position).all()
    assert len(np.unique(position, axis=0)) == len(position)


def test_nodes_that_start_in_one_place_part():
    graph, _, position = drawn(nx.gnp_random_graph(200, 0.03, seed=1), start=np.zeros((200, 2)))
    assert np.isfinite(position).all()
    assert len(np.unique(position, axis=0)) == graph.n_nodes


def test_repulsion_on_the_grid_is_that_of_all_pairs():
    position = np.random.default_rng(0).uniform(-10, 10, size=(300, 2)).astype(np.float32)
    apart = position[:, None].astype(float) - position[None]
    square = (apart**2).sum(axis=2)
    # Closer than a cell or two the grid cannot tell: such pairs are left to `part`.
    near = cKDTree(position).query(position, k=2)[0][:, 1] < 1.0
    np.fill_diagonal(square, np.inf)
    exact = (apart / square[..., None]).sum(axis=1)
    error = np.linalg.norm(Grid(300).repulsion(position) - exact, axis=1)
    assert np.median(error[~near] / np.linalg.norm(exact[~near], axis=1)) < 0.05


def test_near_nodes_are_pushed_apart_and_others_stay():
    position = np.array([[0, 0], [0, 0], [0.3, 0], [9, 9]], np.float32)
    moved = part(position, rounds=200)
    assert cKDTree(moved).query(moved, k=2)[0][:, 1].min() > 0.85
    np.testing.assert_array_equal(moved[3], [9, 9])
