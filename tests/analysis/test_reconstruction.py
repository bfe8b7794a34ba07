"""Reconstruction scores against hand-made errors, and PCA against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.reconstruction import (
    compare_reconstructions,
    level_labels,
    on_observed_scale,
    pca_reconstruction,
)
from alignlab.spectra.grid import minmax_normalise


def test_expected_goes_to_the_scale_of_the_observed() -> None:
    observed = np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 2.0]])
    expected = np.array([[2.0, 3.0, 7.0], [1.0, 1.0, 1.0]])
    np.testing.assert_allclose(on_observed_scale(expected, observed), [[0.25, 0.5, 1.5], [0, 0, 0]])
    np.testing.assert_array_equal(on_observed_scale(observed, observed), minmax_normalise(observed))


def test_scores_are_those_of_known_errors_by_count_level() -> None:
    rng = np.random.default_rng(0)
    total = np.array([50, 50, 200, 500, 5000])
    expected = rng.random((5, 40))
    expected *= total[:, None] / expected.sum(axis=1, keepdims=True)
    counts = rng.poisson(expected)
    truth = on_observed_scale(expected, counts)
    error = np.array([0.1, 0.3, 0.2, 0.0, -0.5])[:, None]
    scores = {(s.method, s.level): s for s in compare_reconstructions(counts, expected, {"mine": truth + error})}
    assert [level for method, level in scores if method == "mine"] == [*level_labels((100, 300, 1000)), "all"]
    faint = scores["mine", "<100"]
    assert (faint.n, faint.mae, faint.rmse) == (2, pytest.approx(0.2, abs=1e-6), pytest.approx(np.sqrt(0.05), abs=1e-6))
    assert scores["mine", "300–1000"].mae == 0
    assert scores["mine", "all"].mae == pytest.approx(0.22, abs=1e-6)
    observed = scores["observed", ">1000"]
    assert observed.mae == pytest.approx(np.abs(minmax_normalise(counts[4:]) - truth[4:]).mean(), rel=1e-5)


def test_an_empty_level_is_nan_not_zero() -> None:
    counts = np.array([[5.0, 3.0]])
    scores = compare_reconstructions(counts, counts, {})
    assert [s.n for s in scores] == [1, 0, 0, 0, 1]
    assert np.isnan(scores[1].mae)


def test_pca_reconstructs_exactly_what_lies_in_its_space() -> None:
    rng = np.random.default_rng(1)
    basis = rng.normal(size=(3, 30))
    train, new = (rng.normal(size=(n, 3)) @ basis + 0.5 for n in (50, 7))
    np.testing.assert_allclose(pca_reconstruction(train, new, n_components=3), new, atol=1e-5)


def test_a_reconstruction_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mine must have the shape of the counts, \(2, 4\), not \(2, 3\)"):
        compare_reconstructions(np.ones((2, 4)), np.ones((2, 4)), {"mine": np.ones((2, 3))})
    with pytest.raises(ValueError, match="levels must increase"):
        compare_reconstructions(np.ones((2, 4)), np.ones((2, 4)), {}, levels=(3, 1))
