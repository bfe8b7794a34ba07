"""The percentile says how a new source's distance ranks among the training sources' own."""

from __future__ import annotations

import numpy as np

from alignlab.analysis.novelty import training_distance_percentile


def test_sources_like_the_training_are_uniform_and_strangers_are_at_the_top() -> None:
    rng = np.random.default_rng(0)
    centre = np.eye(8)[0]
    training, alike = (centre + 0.2 * rng.normal(size=(n, 8)) for n in (1500, 500))
    percentile = training_distance_percentile(alike, training)
    np.testing.assert_allclose(np.quantile(percentile, [0.1, 0.5, 0.9]), [10, 50, 90], atol=7)
    assert training_distance_percentile(-centre[None], training)[0] == 100


def test_percentile_equals_brute_force() -> None:
    rng = np.random.default_rng(1)
    training, new = rng.normal(size=(80, 5)), rng.normal(size=(9, 5))
    unit, unit_new = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (training, new))
    own = np.sort(1 - unit @ unit.T, axis=1)[:, 1:4].mean(axis=1)
    distance = np.sort(1 - unit_new @ unit.T, axis=1)[:, :3].mean(axis=1)
    expected = [100 * np.mean(own < d) for d in distance]
    np.testing.assert_allclose(training_distance_percentile(new, training, k=3), expected)
