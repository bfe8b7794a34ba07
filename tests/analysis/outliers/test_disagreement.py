"""Disagreement of modalities against a direct count."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.outliers.disagreement import modality_disagreement
from alignlab.analysis.similarity import normalise_rows


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Spectra and texts of 300 sources that belong together, more or less."""
    rng = np.random.default_rng(9)
    spectra = rng.normal(size=(300, 8))
    return normalise_rows(spectra), normalise_rows(spectra + 0.6 * rng.normal(size=(300, 8)))


def test_it_is_the_share_of_others_that_are_nearer(pairs):
    spectra, texts = pairs
    similarity = spectra.astype(np.float64) @ texts.T
    own = np.diag(similarity)
    nearer_texts = (similarity > own[:, None]).sum(axis=1) / 299
    nearer_spectra = (similarity > own[None]).sum(axis=0) / 299
    expected = 50 * (nearer_texts + nearer_spectra)
    np.testing.assert_allclose(modality_disagreement(spectra, texts), expected, atol=1e-4)


def test_a_source_with_somebody_elses_papers_disagrees_most(pairs):
    spectra, texts = pairs
    swapped = texts.copy()
    swapped[7] = -spectra[7]
    disagreement = modality_disagreement(spectra, swapped)
    assert disagreement.argmax() == 7
    assert disagreement[7] > 95


def test_drawn_ones_estimate_the_share(pairs):
    spectra, texts = pairs
    exact = modality_disagreement(spectra, texts)
    drawn = modality_disagreement(spectra, texts, most_exact=100, n_compared=150, seed=1)
    assert np.abs(drawn - exact).max() < 10
    assert np.abs(drawn - exact).mean() < 2
    np.testing.assert_allclose(modality_disagreement(spectra, texts, most_exact=100, n_compared=300), exact, atol=1e-6)


def test_modalities_of_different_shape_are_refused(pairs):
    with pytest.raises(ValueError, match="same shape"):
        modality_disagreement(pairs[0], pairs[1][:-1])
