"""Communities on planted groups, beside networkx's Louvain."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from alignlab.analysis.graph_communities import communities
from tests.analysis.graph_cases import graph_of


@pytest.mark.parametrize(("inside", "outside", "least"), [(0.3, 0.02, 1.0), (0.2, 0.03, 0.98), (0.15, 0.03, 0.75)])
def test_planted_groups_are_found_as_well_as_by_networkx(inside, outside, least):
    reference = nx.planted_partition_graph(8, 60, inside, outside, seed=2)
    truth = np.repeat(np.arange(8), 60)
    found = communities(graph_of(reference), seed=0)
    theirs = nx.community.louvain_communities(reference, seed=0)
    their_label = np.empty(480, int)
    for number, nodes in enumerate(theirs):
        their_label[list(nodes)] = number
    agreement = adjusted_rand_score(truth, found.label)
    assert agreement >= max(least, adjusted_rand_score(truth, their_label) - 0.02)
    assert found.modularity >= nx.community.modularity(reference, theirs) - 0.005


@pytest.mark.parametrize("seed", range(3))
def test_modularity_is_as_networkx_counts_it_and_communities_hang_together(seed):
    reference = nx.connected_watts_strogatz_graph(200, 6, 0.1, seed=seed)
    found = communities(graph_of(reference), seed=seed)
    groups = [set(np.flatnonzero(found.label == number).tolist()) for number in range(found.label.max() + 1)]
    assert found.modularity == pytest.approx(nx.community.modularity(reference, groups))
    assert all(nx.is_connected(reference.subgraph(nodes)) for nodes in groups)
    assert [len(nodes) for nodes in groups] == sorted((len(nodes) for nodes in groups), reverse=True)
    np.testing.assert_array_equal(communities(graph_of(reference), seed=seed).label, found.label)


def test_sources_without_an_edge_are_communities_of_their_own():
    reference = nx.disjoint_union(nx.complete_graph(5), nx.empty_graph(2))
    assert communities(graph_of(reference), seed=0).label.tolist() == [0] * 5 + [1, 2]
    alone = communities(graph_of(nx.empty_graph(3)), seed=0)
    assert (alone.label.tolist(), alone.modularity) == ([0, 1, 2], 0.0)
