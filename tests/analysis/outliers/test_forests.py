"""Forests against scikit-learn's and on sources that lie apart by construction."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.outliers.forests import (
    SMALLEST_CLASS,
    class_forest_percentiles,
    forest_scores,
    rank_features,
    sklearn_forest_scores,
)


@pytest.fixture(scope="module")
def cloud() -> np.ndarray:
    """Six hundred sources of a normal distribution, and one far away: the last."""
    points = np.random.default_rng(3).normal(size=(601, 4)).astype(np.float32)
    points[-1] = 8
    return points


@pytest.mark.parametrize("scores_of", [forest_scores, sklearn_forest_scores])
def test_a_source_far_away_is_the_strangest_and_seeds_repeat(cloud, scores_of):
    scores = scores_of(cloud, seed=1)
    assert scores.argmax() == len(cloud) - 1
    assert ((scores > 0) & (scores < 1)).all()
    np.testing.assert_array_equal(scores, scores_of(cloud, seed=1))
    assert not np.array_equal(scores, scores_of(cloud, seed=2))


def test_both_forests_measure_the_same(cloud):
    ours = forest_scores(cloud, seed=1, n_trees=600)
    theirs = sklearn_forest_scores(cloud, seed=1, n_trees=600)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98
    assert np.abs(ours - theirs).mean() < 0.02


def test_a_survey_smaller_than_a_subsample_is_scored_too(cloud):
    assert forest_scores(cloud[-100:], seed=0).argmax() == 99
    assert sklearn_forest_scores(cloud[-100:], seed=0).argmax() == 99


def test_a_source_that_looks_like_another_class_is_strange_for_its_own():
    rng = np.random.default_rng(8)
    features = np.concatenate([rng.normal(0, 1, (300, 3)), rng.normal(6, 1, (200, 3)), rng.normal(9, 1, (5, 3))])
    classes = np.repeat(["star", "QSO", "rare"], [300, 200, 5])
    features[0] = 6  # a star among the quasars
    percentiles = class_forest_percentiles(features, classes, seed=0)
    assert percentiles[0] == np.nanmax(percentiles[:300])
    overall = forest_scores(features, seed=0)
    assert overall[0] < np.percentile(overall, 90)
    assert np.isnan(percentiles[classes == "rare"]).all()
    for name in ("star", "QSO"):
        np.testing.assert_allclose(percentiles[classes == name].mean(), 50, rtol=1e-5)


def test_sources_without_a_class_are_strange_for_none():
    classes = np.array([""] * (2 * SMALLEST_CLASS))
    features = np.random.default_rng(0).normal(size=(len(classes), 2))
    assert np.isnan(class_forest_percentiles(features, classes, seed=0)).all()


def test_variables_become_ranks_and_missing_ones_the_middle():
    variables = np.array([[1.0, np.nan], [1e30, np.nan], [-5.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_allclose(rank_features(variables)[:, 0], [0.5, 5 / 6, 1 / 6, 0.5], rtol=1e-6)
    assert (rank_features(variables)[:, 1] == 0.5).all()
