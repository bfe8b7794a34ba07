from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.map_quality import MapQuality
from alignlab.ui.map_trust import trust_words


def quality(trust: float, continuity: float, recall: float, *, n_reference: int = 4) -> MapQuality:
    values = [np.full(4, value, np.float32) for value in (trust, continuity, recall)]
    return MapQuality(
        k=15, n=4, n_reference=n_reference, trustworthiness=values[0], continuity=values[1], knn_recall=values[2]
    )


def test_a_good_map_is_read_by_its_groups():
    text = trust_words(quality(0.991, 0.973, 0.39), "t-SNE")
    assert "Of a source's 15 nearest neighbours in the latent space, 39% are among its 15 nearest on this t-SNE" in text
    assert "belongs together there (trustworthiness 0.991)" in text
    assert "seldom torn apart (continuity 0.973)" in text
    assert "that source's list" in text
    assert "random" not in text


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((0.7, 0.97, 0.04), "may be far apart there"),
        ((0.7, 0.97, 0.04), "broad trends"),
        ((0.9, 0.9, 0.2), "mostly belongs together there (trustworthiness 0.900)"),
        ((0.9, 0.9, 0.2), "sometimes torn apart"),
        ((0.97, 0.6, 0.2), "often torn apart"),
        ((0.97, 0.6, 0.2), "not gaps"),
        ((0.99, 0.99, 0.8), "both be read"),
        ((0.99997, 1.0, 1.0), "(trustworthiness 0.999), and what belongs together is seldom torn apart (continuity 1)"),
        ((0.9, 0.9, 0.0002), "< 0.1% are among"),
    ],
)
def test_what_the_figures_mean_is_said(figures, words):
    assert words in trust_words(quality(*figures), "UMAP")


def test_a_sample_is_stated():
    text = trust_words(quality(0.9, 0.9, 0.3, n_reference=2), "UMAP")
    assert "judged among 2 sources drawn at random from 4" in text
