"""Distances and local outlier factors against scikit-learn's, exact and with a reference."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

from alignlab.analysis.outliers.neighbourhoods import neighbourhoods
from alignlab.analysis.similarity import normalise_rows


@pytest.fixture(scope="module")
def latents() -> np.ndarray:
    """Eight hundred vectors in four clumps of different density."""
    rng = np.random.default_rng(4)
    centres = rng.normal(size=(4, 12))
    widths = np.array([0.05, 0.1, 0.3, 0.8])
    which = rng.integers(0, 4, 800)
    return (centres[which] + widths[which, None] * rng.normal(size=(800, 12))).astype(np.float32)


@pytest.mark.parametrize("k", [5, 15])
def test_exact_ones_are_those_of_scikit_learn(latents, k):
    unit = normalise_rows(latents)
    found = neighbourhoods(latents, k=k)
    reference = LocalOutlierFactor(n_neighbors=k).fit(unit)
    np.testing.assert_allclose(found.local_outlier_factor, -reference.negative_outlier_factor_, rtol=1e-2)
    distance, _ = NearestNeighbors(n_neighbors=k, metric="cosine").fit(unit).kneighbors()
    np.testing.assert_allclose(found.distance, distance.mean(axis=1), rtol=1e-3, atol=1e-6)
    assert found.n_reference == len(latents)


def test_with_a_reference_they_are_those_of_scikit_learn_fitted_to_it(latents):
    found = neighbourhoods(latents, k=10, most_exact=100, n_reference=300, seed=2)
    drawn = np.sort(np.random.default_rng(2).choice(800, size=300, replace=False))
    unit = normalise_rows(latents)
    reference = LocalOutlierFactor(n_neighbors=10, novelty=True).fit(unit[drawn])
    others = np.setdiff1d(np.arange(800), drawn)
    np.testing.assert_allclose(found.local_outlier_factor[others], -reference.score_samples(unit[others]), rtol=1e-2)
    np.testing.assert_allclose(found.local_outlier_factor[drawn], -reference.negative_outlier_factor_, rtol=1e-2)
    assert found.n_reference == 300


def test_identical_sources_are_nothing_strange():
    found = neighbourhoods(np.ones((40, 3)), k=5)
    np.testing.assert_allclose(found.local_outlier_factor, 1)
    np.testing.assert_allclose(found.distance, 0, atol=1e-6)


def test_three_sources_have_two_neighbours_and_one_has_none():
    assert np.isfinite(neighbourhoods(np.eye(3)).local_outlier_factor).all()
    with pytest.raises(ValueError, match="at least two sources, not 1"):
        neighbourhoods(np.ones((1, 3)))
