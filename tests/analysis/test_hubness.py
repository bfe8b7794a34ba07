"""Hubs: by brute force, and a case in which one candidate answers to everything."""

import numpy as np

from alignlab.analysis.hubness import corrected_scores, nearness
from alignlab.analysis.retrieval import partner_ranks, ranks_of_scores


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_nearness_and_scores_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    queries, candidates, reference = (rng.normal(size=(n, 4)) for n in (5, 6, 30))
    similar = unit(candidates) @ unit(reference).T
    expected = np.array([sorted(row)[-7:] for row in similar]).mean(axis=1)
    np.testing.assert_allclose(nearness(candidates, reference, k=7), expected, atol=1e-6)
    pairs = list(zip(unit(candidates), expected, strict=True))
    by_hand = np.array([[2 * query @ candidate - r for candidate, r in pairs] for query in unit(queries)])
    np.testing.assert_allclose(corrected_scores(queries, candidates, reference, k=7), by_hand, atol=1e-6)


def test_fewer_reference_rows_than_neighbours_are_all_taken() -> None:
    candidates, reference = np.eye(3), np.eye(3)[:2]
    np.testing.assert_allclose(nearness(candidates, reference), [0.5, 0.5, 0.0])


def test_a_hub_no_longer_comes_first() -> None:
    """Sources lie around a common direction, in which one text lies exactly: it is near to all and own to one."""
    rng = np.random.default_rng(1)
    common = np.array([1.0, 0, 0, 0, 0, 0])
    spectra, reference = (unit(common + 0.6 * rng.normal(size=(n, 6))) for n in (40, 200))
    texts = unit(spectra + 0.25 * rng.normal(size=spectra.shape))
    texts[0] = common
    before = partner_ranks(spectra, texts)
    after = ranks_of_scores(corrected_scores(spectra, texts, reference, k=20))
    assert after[1:].mean() < before[1:].mean()
