"""Clusters that are plainly there are found, by every method, and numbered by their size."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis import clusters as engine
from alignlab.analysis.clusters import by_size, find, scaled, silhouette
from alignlab.errors import AlignlabError

SIZES = (120, 80, 50)


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    centres = rng.normal(0, 10, (len(SIZES), 6))
    truth = np.repeat(np.arange(len(SIZES)), SIZES)
    order = rng.permutation(len(truth))
    return (centres[truth] + rng.normal(0, 0.5, (len(truth), 6)))[order].astype(np.float32), truth[order]


@pytest.mark.parametrize("method", list(engine.METHODS))
def test_blobs_are_found_and_numbered_by_size(blobs, method):
    x, truth = blobs
    found = find(x, method, k=3, min_cluster_size=20)
    inside = found.labels >= 0
    assert inside.mean() > 0.95
    assert np.array_equal(found.labels[inside], truth[inside])
    again = find(x, method, k=3, min_cluster_size=20)
    assert np.array_equal(found.labels, again.labels)


def test_a_large_tree_is_grown_from_a_sample_and_says_so(blobs, monkeypatch):
    x, truth = blobs
    monkeypatch.setattr(engine, "MOST_IN_TREE", 100)
    found = find(x, "agglomerative", k=3)
    assert found.told == {"n_in_tree": 100}
    assert np.array_equal(found.labels, truth)


def test_hdbscan_leaves_scattered_sources_in_no_cluster(blobs):
    x, truth = blobs
    scattered = np.random.default_rng(0).uniform(-60, 60, (30, 6)).astype(np.float32)
    found = find(np.vstack([x, scattered]), "hdbscan", min_cluster_size=20)
    assert (found.labels[len(truth) :] == engine.NOISE).mean() > 0.9
    assert found.labels.max() == 2


def test_a_mixture_has_the_smallest_bic_where_the_number_is_right(blobs):
    bic = {k: find(blobs[0], "mixture", k=k).told["bic"] for k in (2, 3, 5)}
    assert min(bic, key=bic.get) == 3


def test_numbers_follow_sizes_and_noise_stays():
    assert by_size([4, 4, -1, 9, 4, 9, 0]).tolist() == [0, 0, -1, 1, 0, 1, 2]
    assert by_size([-1, -1]).tolist() == [-1, -1]
    assert by_size([1, 0]).tolist() == [1, 0]


def test_scaling():
    rng = np.random.default_rng(0)
    x = rng.normal(5, [1, 10, 0], (200, 3)).astype(np.float32)
    assert np.array_equal(scaled(x), x)
    standard = scaled(x, "standard")
    assert np.allclose(standard.std(axis=0), [1, 1, 0], atol=1e-4)
    assert np.allclose(np.linalg.norm(scaled(x, "unit"), axis=1), 1)
    flat = scaled(x, n_components=2)
    assert flat.shape == (200, 2)
    assert flat.var(axis=0).sum() == pytest.approx(x.var(axis=0).sum(), rel=1e-3)
    assert scaled(x, n_components=8).shape == (200, 3)
    with pytest.raises(ValueError, match="scaling must be one of"):
        scaled(x, "log")
    with pytest.raises(ValueError, match="NaN or infinity in 1 of 2"):
        scaled([[1, 2], [np.nan, 3]])


def test_silhouettes_are_scikit_learns(blobs):
    from sklearn.metrics import silhouette_score

    x, truth = blobs
    with_noise = np.where(np.arange(len(truth)) < 10, -1, truth)
    value, n = silhouette(x, with_noise)
    assert (value, n) == (pytest.approx(silhouette_score(x[10:], truth[10:]), abs=1e-5), len(truth) - 10)
    assert np.isnan(silhouette(x, np.zeros(len(x), int))[0])


def test_silhouettes_of_many_are_of_a_sample(blobs, monkeypatch):
    monkeypatch.setattr(engine, "MOST_IN_SILHOUETTE", 60)
    value, n = silhouette(*blobs)
    assert n == 60
    assert value == pytest.approx(silhouette(*blobs)[0])


def test_too_few_sources_and_unknown_methods_are_refused():
    with pytest.raises(AlignlabError, match="3 sources cannot make these clusters: 5 are needed"):
        find(np.zeros((3, 2)), "kmeans", k=5)
    with pytest.raises(AlignlabError, match="no clustering method 'magic'"):
        find(np.zeros((3, 2)), "magic")
