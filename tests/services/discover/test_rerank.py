from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from alignlab.errors import AlignlabError
from alignlab.services.discover import rerank
from alignlab.services.discover.rerank import Reranker, label_weight, queue_order
from alignlab.services.discover.rerank_features import SHARES, rerank_features
from alignlab.services.workspace import Catalogue


@pytest.fixture(scope="module")
def clouds():
    """Six clouds of 50 sources, the static ranking unrelated to them."""
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(0, 6, (6, 8)), 50, axis=0) + rng.normal(0, 1, (300, 8))
    return features.astype(np.float32), rng.uniform(size=300)


def test_without_labels_the_ranking_is_the_static_one(clouds):
    features, static = clouds
    np.testing.assert_array_equal(
        np.argsort(Reranker.build(features, seed=0, static=static).rank({})), np.argsort(static)
    )


def test_one_wanted_source_brings_up_its_kind_and_one_unwanted_takes_it_down(clouds):
    features, static = clouds
    reranker = Reranker.build(features, seed=0, static=static)
    wanted = np.argsort(-reranker.rank({120: 1.0}))[:50]
    assert set(wanted) == set(range(100, 150))
    before, after = reranker.rank({120: 1.0}), reranker.rank({120: 1.0, 10: -1.0})
    assert after[:50].mean() < before[:50].mean()


def test_the_mean_and_deviation_are_those_of_scikit_learns_process(clouds):
    features, static = clouds
    reranker = Reranker.build(features, seed=0, static=static)
    labels = {int(row): weight for row, weight in zip((3, 60, 70, 130, 299), (1, -1, 0.2, -0.6, 1), strict=True)}
    rows = list(labels)
    prior = rerank._PRIOR_LOW - rerank._PRIOR_RISE * np.log10(1 - reranker.static.astype(np.float64))
    process = GaussianProcessRegressor(
        RBF(rerank._LENGTH * np.sqrt(reranker.squared_distance)), alpha=rerank._NOISE_VARIANCE, optimizer=None
    ).fit(features[rows], np.array(list(labels.values())) - prior[rows])
    mean, deviation = process.predict(features, return_std=True)
    np.testing.assert_allclose(reranker.rank(labels), prior + mean + rerank._CURIOSITY * deviation, atol=2e-4)


def test_sources_beyond_a_block_are_ranked_as_in_one(clouds, monkeypatch):
    features, static = clouds
    reranker = Reranker.build(features, seed=0, static=static)
    whole = reranker.rank({5: 1.0, 200: -1.0})
    monkeypatch.setattr(rerank, "_BLOCK_ROWS", 37)
    np.testing.assert_allclose(reranker.rank({5: 1.0, 200: -1.0}), whole, atol=1e-5)


def test_a_source_that_is_not_ranked_stays_so_but_its_label_teaches(clouds):
    features, static = clouds
    static = np.where(np.arange(300) == 120, np.nan, static)
    ranked = Reranker.build(features, seed=0, static=static).rank({120: 1.0})
    assert np.isnan(ranked[120]) and np.isnan(ranked).sum() == 1
    assert np.nanargmax(ranked) in range(100, 150)


def test_without_scores_an_isolated_source_is_first(clouds):
    features = clouds[0].copy()
    features[17] += 60
    assert int(np.argmax(Reranker.build(features, seed=0).rank({}))) == 17


def test_labels_of_no_source_and_weights_out_of_range_are_refused(clouds):
    reranker = Reranker.build(clouds[0], seed=0, static=clouds[1])
    for labels in ({300: 1.0}, {-1: 1.0}, {0: 1.5}):
        with pytest.raises(ValueError, match="weights between"):
            reranker.rank(labels)
    with pytest.raises(ValueError, match="finite"):
        Reranker.build(np.full((3, 2), np.nan, np.float32), seed=0)
    with pytest.raises(ValueError, match="one score"):
        Reranker.build(clouds[0], seed=0, static=np.zeros(7))


def test_labels_weigh_from_minus_one_to_one_and_unsure_says_nothing():
    assert [label_weight(value) for value in "012345"] == pytest.approx([-1, -0.6, -0.2, 0.2, 0.6, 1])
    assert label_weight("unsure") is None
    with pytest.raises(AlignlabError, match="no label"):
        label_weight("7")


def test_the_queue_shows_what_has_no_label_first_and_leaves_out_what_has_no_score():
    scores, labelled = np.array([0.1, np.nan, 0.9, 0.5, 0.7]), np.array([False, False, True, False, True])
    assert queue_order(scores, labelled).tolist() == [3, 0, 2, 4]
    assert queue_order(scores, labelled, unlabelled_first=False).tolist() == [2, 4, 3, 0]


def test_features_are_finite_and_each_block_has_its_share(small_demo):
    workspace = Catalogue(small_demo).open_workspace("demo")
    features = rerank_features(workspace.survey, workspace.run)
    assert features.shape[0] == workspace.survey.n_sources
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-6)
    assert (features.astype(np.float64) ** 2).sum(axis=1).mean() == pytest.approx(sum(SHARES.values()), rel=1e-4)
