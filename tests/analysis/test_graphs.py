"""Similarity graphs against brute force in float64."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis import graphs
from alignlab.analysis.graphs import TooManyEdgesError, neighbour_graph, threshold_degrees, threshold_graph


@pytest.fixture
def latents() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.normal(size=(150, 4)) @ rng.normal(size=(4, 12)) + 0.3 * rng.normal(size=(150, 12))).astype(np.float32)


def cosines(latents: np.ndarray) -> np.ndarray:
    unit = latents.astype(float) / np.linalg.norm(latents.astype(float), axis=1, keepdims=True)
    return unit @ unit.T


def brute_force_pairs(joined: np.ndarray) -> np.ndarray:
    return np.argwhere(np.triu(joined, 1))


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("block", [100, 3_000, 16_000_000])
def test_a_threshold_joins_what_brute_force_joins(latents, threshold, block, monkeypatch):
    monkeypatch.setattr(graphs, "_BLOCK", block)
    similarity = cosines(latents)
    rows = np.arange(len(latents)) * 7
    graph = threshold_graph(latents, rows, threshold)
    expected = brute_force_pairs(similarity >= threshold)
    np.testing.assert_array_equal(graph.edges, expected)
    np.testing.assert_allclose(graph.similarity, similarity[tuple(expected.T)], atol=1e-6)
    np.testing.assert_array_equal(graph.rows, rows)
    assert (graph.edges.dtype, graph.similarity.dtype) == (np.int32, np.float32)
    np.testing.assert_array_equal(graph.degree, np.bincount(expected.ravel(), minlength=150))
    np.testing.assert_array_equal(threshold_degrees(latents, threshold), graph.degree)


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("k", [1, 6, 149])
def test_neighbours_are_joined_by_union_or_mutually(latents, k, mutual):
    similarity = cosines(latents)
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.zeros_like(similarity, dtype=bool)
    np.put_along_axis(nearest, np.argsort(-similarity, axis=1)[:, :k], True, axis=1)
    graph = neighbour_graph(latents, np.arange(150), k, mutual=mutual)
    expected = brute_force_pairs(nearest & nearest.T if mutual else nearest | nearest.T)
    np.testing.assert_array_equal(graph.edges, expected)
    np.testing.assert_allclose(graph.similarity, similarity[tuple(expected.T)], atol=1e-6)


def test_too_many_edges_are_refused_with_their_number_and_exact_degrees(latents):
    whole = threshold_graph(latents, np.arange(150), 0.2)
    with pytest.raises(TooManyEdgesError, match=f"{whole.n_edges:,} edges; at most 100") as caught:
        threshold_graph(latents, np.arange(150), 0.2, max_edges=100)
    assert caught.value.n_edges == whole.n_edges
    np.testing.assert_array_equal(caught.value.degree, whole.degree)


def test_a_higher_threshold_is_found_in_the_graph_of_a_lower_one(latents):
    low, high = (threshold_graph(latents, np.arange(150), threshold) for threshold in (0.3, 0.8))
    np.testing.assert_array_equal(low.above(0.8).edges, high.edges)


def test_the_strongest_edges_of_either_end_stay(latents):
    graph = threshold_graph(latents, np.arange(150), 0.0)
    expected = set()
    for node in range(150):
        own = np.flatnonzero((graph.edges == node).any(axis=1))
        expected |= set(own[np.argsort(-graph.similarity[own], kind="stable")[:3]].tolist())
    np.testing.assert_array_equal(graph.strongest(3).edges, graph.edges[sorted(expected)])
    assert graph.strongest(150) is graph


def test_wrong_input_is_refused(latents):
    with pytest.raises(ValueError, match="150 latents need as many rows"):
        threshold_graph(latents, np.arange(3), 0.5)
    with pytest.raises(ValueError, match="between -1 and 1, not at"):
        threshold_graph(latents, np.arange(150), 1.5)
    with pytest.raises(ValueError, match="k must be 1 to 149"):
        neighbour_graph(latents, np.arange(150), 150)
    latents[5, 0] = np.nan
    with pytest.raises(ValueError, match="first in row 5"):
        threshold_graph(latents, np.arange(150), 0.5)
