"""Maps: PCA against the singular value decomposition, UMAP and t-SNE by the neighbours they keep, placing by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest

from alignlab.analysis.projections import pca, place_new, tsne_map, umap_map
from alignlab.analysis.similarity import top_k
from alignlab.progress import StoppedError

Map = Callable[..., np.ndarray]
# Two threads that wait for each other are slow on a busy machine; the result is the same.
one_thread_tsne = functools.partial(tsne_map, n_jobs=1)


@pytest.fixture(scope="module")
def groups() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(5, 24))
    label = np.repeat(np.arange(5), 60)
    return (centres[label] + rng.normal(size=(300, 24))).astype(np.float32), label


def test_pca_equals_the_singular_value_decomposition(groups: tuple[np.ndarray, np.ndarray]) -> None:
    x, _ = groups
    found = pca(x, n_components=3)
    _, s, vt = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found.components @ vt[:3].T), np.eye(3), atol=1e-3)
    np.testing.assert_allclose(found.explained_variance_ratio, (s**2 / (s**2).sum())[:3], rtol=1e-3)
    np.testing.assert_allclose(found.transform(x), found.coordinates, atol=1e-4)
    assert np.all(found.components[np.arange(3), np.abs(found.components).argmax(axis=1)] > 0)


def test_pca_of_equal_rows_is_zero_without_a_warning() -> None:
    assert np.all(pca(np.full((10, 4), 0.25)).coordinates == 0)


@pytest.mark.parametrize("method", [umap_map, one_thread_tsne])
def test_a_map_keeps_groups_together_and_repeats_itself(method: Map, groups: tuple[np.ndarray, np.ndarray]) -> None:
    x, label = groups
    steps: list[tuple[int, int, str]] = []

    def on_step(done: int, total: int, info: str) -> bool:
        steps.append((done, total, info))
        return True

    first = method(x, seed=1, on_step=on_step)
    assert first.shape == (300, 2)
    assert first.dtype == np.float32
    distance = np.linalg.norm(first[:, None] - first[None], axis=2) + 1e9 * np.eye(300)
    nearest = np.argsort(distance, axis=1)[:, :10]
    assert np.mean(label[nearest] == label[:, None]) > 0.95
    np.testing.assert_array_equal(method(x, seed=1), first)
    assert steps[-1][0] == steps[-1][1] > 1
    assert all(0 <= done <= total for done, total, _ in steps)


@pytest.mark.parametrize("method", [umap_map, one_thread_tsne])
def test_a_map_stops_on_request(method: Map, groups: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(StoppedError, match="stopped on request"):
        method(groups[0], seed=1, on_step=lambda done, total, info: done < 20)


@pytest.mark.parametrize("method", [umap_map, one_thread_tsne])
def test_small_and_degenerate_latents_still_make_a_map(method: Map) -> None:
    x = np.random.default_rng(2).normal(size=(8, 3))
    x[5:] = x[4]
    assert np.isfinite(method(x, seed=0)).all()
    with pytest.raises(ValueError, match="at least 5 sources, not 3"):
        method(x[:3], seed=0)


def test_a_known_source_is_placed_on_itself(groups: tuple[np.ndarray, np.ndarray]) -> None:
    x, _ = groups
    coordinates = 10 * np.random.default_rng(3).normal(size=(300, 2))
    np.testing.assert_allclose(place_new(x[:20], x, coordinates), coordinates[:20], atol=0.01)


def test_placing_is_the_inverse_square_weighted_mean_of_neighbours(groups: tuple[np.ndarray, np.ndarray]) -> None:
    x, _ = groups
    coordinates = np.random.default_rng(4).normal(size=(300, 2))
    new = x[:4] + np.random.default_rng(5).normal(size=(4, 24))
    near = top_k(new, x, 6)
    for i in range(4):
        weight = 1 / (1 - near.similarity[i].astype(float))
        expected = np.average(coordinates[near.index[i]], axis=0, weights=weight)
        np.testing.assert_allclose(place_new(new, x, coordinates, k=6)[i], expected, rtol=1e-3, atol=1e-4)


def test_base_and_coordinates_must_be_the_same_sources() -> None:
    with pytest.raises(ValueError, match="5 base latents and 4 coordinates"):
        place_new(np.ones((1, 2)), np.ones((5, 2)), np.ones((4, 2)))
