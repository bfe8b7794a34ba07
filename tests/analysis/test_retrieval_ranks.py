"""Retrieval from ranks: cases by hand, and brute force for curves, groups and ratios."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.retrieval import (
    candidates_within,
    partner_ranks,
    rank_metrics,
    ranks_of_scores,
    recall_curve,
    recall_ratio,
    share_interval,
)

#: Query i's score of candidate j. Own scores 0.9, 0.3, 0.3: first; third; second to one, and equal to another.
BY_HAND = np.array([[0.9, 0.1, 0.2], [0.5, 0.3, 0.4], [0.3, 0.8, 0.3]])


def test_three_by_three_by_hand() -> None:
    ranks = ranks_of_scores(BY_HAND)
    assert ranks.tolist() == [1, 3, 2.5]
    assert ranks_of_scores(BY_HAND.T).tolist() == [1, 2, 2]
    found = rank_metrics(ranks, n_candidates=3, rng=np.random.default_rng(0), percents=(1, 50, 100), n_bootstrap=50)
    assert found.recall == {1: pytest.approx(1 / 3), 50: pytest.approx(1 / 3), 100: 1}
    assert found.within == {1: 1, 50: 2, 100: 3}
    assert found.median_rank == 2.5
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 / 3 + 1 / 2.5) / 3)


def test_ranks_by_cosine_are_those_of_the_cosines() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 40, 5))
    cosine = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    np.testing.assert_array_equal(partner_ranks(a, b), ranks_of_scores(cosine))


def test_candidates_that_are_ruled_out_come_last() -> None:
    scores = np.array([[0.0, -np.inf], [0.0, -np.inf]])
    assert ranks_of_scores(scores).tolist() == [1, 2]


@pytest.mark.parametrize("scores", [np.ones((2, 3)), np.ones(3), np.array([[np.nan]])])
def test_scores_that_cannot_be_ranked(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="scores"):
        ranks_of_scores(scores)


def test_the_curve_is_recall_counted_one_by_one() -> None:
    rng = np.random.default_rng(1)
    ranks, percents = rng.integers(1, 201, 60).astype(float), [0.1, 1, 5, 33, 100]
    recall, low, high = recall_curve(ranks, percents, n_candidates=200, rng=rng, n_bootstrap=200)
    for percent, value in zip(percents, recall, strict=True):
        limit = candidates_within(200, percent)
        assert value == sum(rank <= limit for rank in ranks) / 60
    assert (low <= recall).all()
    assert (recall <= high).all()
    assert recall[-1] == low[-1] == high[-1] == 1
    assert (np.diff(recall) >= 0).all()


def test_the_band_is_the_interval_of_the_figures() -> None:
    ranks = np.random.default_rng(2).integers(1, 101, 80).astype(float)
    of_curve, of_figures = np.random.default_rng(3), np.random.default_rng(3)
    _, low, high = recall_curve(ranks, [5], n_candidates=100, rng=of_curve)
    found = rank_metrics(ranks, n_candidates=100, rng=of_figures, percents=(5,))
    assert (low[0], high[0]) == pytest.approx(found.recall_interval[5])


def test_wilson_by_hand_and_at_the_ends() -> None:
    # Newcombe 1998 (Stat. Med. 17, 857), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert share_interval(hits, n) == pytest.approx((low, high), abs=6e-5)
    assert share_interval(20, 20)[1] == pytest.approx(1)
    with pytest.raises(ValueError, match="3 of 2"):
        share_interval(3, 2)


def test_a_ratio_of_recalls() -> None:
    ranks, best = np.array([1.0, 5, 9, 2]), np.array([1.0, 1, 1, 9])
    ratio, (low, high) = recall_ratio(ranks, best, 2, rng=np.random.default_rng(0))
    assert ratio == pytest.approx(2 / 3)
    assert low <= ratio <= high
    same, interval = recall_ratio(best, best, 2, rng=np.random.default_rng(0))
    assert (same, *interval) == (1, 1, 1)
    assert np.isnan(recall_ratio(ranks, best, 0, rng=np.random.default_rng(0))[0])


def test_ranks_outside_the_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 5, not 1 to 6"):
        rank_metrics([1, 6], n_candidates=5, rng=np.random.default_rng(0))
