from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness as reference_trustworthiness
from sklearn.metrics import pairwise_distances

from alignlab.analysis.map_quality import MapQuality, map_quality
from alignlab.progress import StoppedError


@pytest.fixture(scope="module")
def space() -> tuple[np.ndarray, np.ndarray]:
    """Clusters in twelve dimensions, and a poor map of them."""
    rng = np.random.default_rng(0)
    latents = 2 * np.eye(6, 12)[rng.integers(0, 6, 700)] + rng.normal(0, 0.5, (700, 12))
    return latents, latents[:, :2] + rng.normal(0, 0.2, (700, 2))


def brute_force(latents: np.ndarray, coordinates: np.ndarray, k: int) -> tuple[list[float], list[float], list[float]]:
    """The definitions, one source at a time, in double precision."""
    true, shown = pairwise_distances(latents, metric="cosine"), pairwise_distances(coordinates)
    n = len(true)
    scale = 2 / (k * (2 * n - 3 * k - 1))
    found: tuple[list[float], list[float], list[float]] = ([], [], [])
    for i in range(n):
        orders = [[j for j in np.argsort(d[i], kind="stable") if j != i] for d in (true, shown)]
        rank = [{j: place + 1 for place, j in enumerate(order)} for order in orders]
        near = [set(order[:k]) for order in orders]
        found[0].append(1 - scale * sum(rank[0][j] - k for j in near[1] - near[0]))
        found[1].append(1 - scale * sum(rank[1][j] - k for j in near[0] - near[1]))
        found[2].append(len(near[0] & near[1]) / k)
    return found


@pytest.mark.parametrize("k", [1, 7, 15, 60])
def test_every_source_agrees_with_the_definitions(space, k):
    latents, coordinates = (part[:150] for part in space)
    quality = map_quality(latents, coordinates, k=k)
    expected = brute_force(latents, coordinates, k)
    for got, wanted in zip((quality.trustworthiness, quality.continuity, quality.knn_recall), expected, strict=True):
        assert got.dtype == np.float32
        # Two cosines that differ by less than the rounding of float32 may change places: one rank is 0.0005 here.
        np.testing.assert_allclose(got, wanted, atol=1e-3)


def test_the_means_are_those_of_the_reference_library(space):
    latents, coordinates = space
    quality = map_quality(latents, coordinates)
    assert (quality.k, quality.n, quality.n_reference) == (15, 700, 700)
    expected = reference_trustworthiness(latents, coordinates, n_neighbors=15, metric="cosine")
    assert quality.global_trustworthiness == pytest.approx(expected, abs=1e-5)
    # Continuity is trustworthiness with the spaces exchanged; between unit vectors Euclidean ranks are those of cosine.
    unit = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    continuity = reference_trustworthiness(coordinates, unit, n_neighbors=15)
    assert quality.global_continuity == pytest.approx(continuity, abs=1e-5)


def test_a_faithful_map_is_perfect_and_a_random_one_is_chance():
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, 400)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    perfect = map_quality(circle * rng.uniform(0.1, 9, (400, 1)), circle)  # cosine knows no length
    for values in (perfect.trustworthiness, perfect.continuity, perfect.knn_recall):
        np.testing.assert_allclose(values, 1, atol=1e-3)
    chance = map_quality(rng.normal(size=(400, 8)), rng.normal(size=(400, 2)))
    assert chance.global_recall == pytest.approx(15 / 399, abs=0.01)
    assert 0.4 < chance.global_trustworthiness < 0.6


def test_the_order_of_duplicates_is_never_held_against_a_map():
    rng = np.random.default_rng(2)
    latents = np.repeat(rng.normal(size=(8, 30)), 25, axis=0)
    crowds = np.repeat(20 * rng.normal(size=(8, 2)), 25, axis=0)
    for coordinates in (crowds, crowds + rng.normal(0, 0.01, crowds.shape)):
        quality = map_quality(latents, coordinates)
        for values in (quality.trustworthiness, quality.continuity, quality.knn_recall):
            np.testing.assert_array_equal(values, 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_values_stay_within_their_range(n, seed, with_ties):
    rng = np.random.default_rng(seed)
    coordinates = rng.integers(0, 4, (n, 2)) if with_ties else rng.normal(size=(n, 2))
    quality = map_quality(rng.integers(-2, 3, (n, 3)) if with_ties else rng.normal(size=(n, 3)), coordinates, k=3)
    for values in (quality.trustworthiness, quality.continuity, quality.knn_recall):
        assert np.all((values >= 0) & (values <= 1))


def test_turning_and_stretching_the_map_changes_nothing(space):
    latents, coordinates = space
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    one, other = map_quality(latents, coordinates), map_quality(latents, 3 * coordinates @ turn + 5)
    np.testing.assert_allclose(one.knn_recall, other.knn_recall, atol=0.07)
    assert one.global_trustworthiness == pytest.approx(other.global_trustworthiness, abs=1e-4)


def test_a_random_reference_estimates_what_all_sources_would_give():
    rng = np.random.default_rng(3)
    latents = 2 * np.eye(10, 16)[rng.integers(0, 10, 4000)] + rng.normal(0, 0.4, (4000, 16))
    coordinates = latents[:, :2] + rng.normal(0, 0.1, (4000, 2))
    exact = map_quality(latents, coordinates, k=30)
    estimate = map_quality(latents, coordinates, k=15, most_references=2000)
    assert estimate.n_reference == 2000
    assert estimate.n == 4000
    assert estimate.global_trustworthiness == pytest.approx(exact.global_trustworthiness, abs=0.01)
    assert estimate.global_continuity == pytest.approx(exact.global_continuity, abs=0.01)
    assert estimate.global_recall == pytest.approx(exact.global_recall, abs=0.01)
    assert np.corrcoef(estimate.trustworthiness, exact.trustworthiness)[0, 1] > 0.9


def test_the_sample_is_known_by_its_seed(space):
    one, same = (map_quality(*space, most_references=200, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.trustworthiness, same.trustworthiness)


def test_it_can_be_stopped(space):
    told: list[tuple[int, int]] = []

    def on_step(done: int, total: int, info: str) -> bool:
        told.append((done, total))
        return len(told) < 2

    with pytest.raises(StoppedError):
        map_quality(*space, on_step=on_step)
    assert told == [(0, 700), (256, 700)]


@pytest.mark.parametrize(
    ("latents", "coordinates", "k", "message"),
    [
        (np.ones((9, 2)), np.ones((8, 2)), 2, "9 latents and 8 coordinates"),
        (np.ones((9, 2)), np.ones((9, 2)), 5, "less than half of 9"),
        (np.ones((9, 2)), np.ones((9, 2)), 0, "at least 1"),
        (np.ones((9, 2)), np.full((9, 2), np.nan), 2, "coordinates has NaN"),
    ],
)
def test_bad_input_is_refused(latents, coordinates, k, message):
    with pytest.raises(ValueError, match=message):
        map_quality(latents, coordinates, k=k)


def test_the_global_figures_are_means():
    third = np.array([0.25, 0.5, 0.75], np.float32)
    quality = MapQuality(k=1, n=3, n_reference=3, trustworthiness=third, continuity=third / 2, knn_recall=third * 0)
    assert (quality.global_trustworthiness, quality.global_continuity, quality.global_recall) == (0.5, 0.25, 0.0)
