"""Percentile ranks against a direct count, and combinations on cases built by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alignlab.analysis.outliers.ranks import combined_percentile, percentile_ranks, strangest_first


@given(arrays(np.float64, st.integers(1, 30), elements=st.one_of(st.integers(-3, 3).map(float), st.just(np.nan))))
def test_a_percentile_is_the_share_below_and_half_of_the_equals(scores):
    known = scores[~np.isnan(scores)]
    ranks = percentile_ranks(scores)
    for score, rank in zip(scores, ranks, strict=True):
        if np.isnan(score):
            assert np.isnan(rank)
        else:
            expected = 100 * ((known < score).sum() + (known == score).sum() / 2) / len(known)
            assert rank == pytest.approx(expected, rel=1e-6)
            assert 0 < rank < 100


def test_the_strangest_come_first_equals_by_row_and_unknowns_not_at_all():
    assert strangest_first([1.0, np.nan, 3.0, 3.0, -1.0]).tolist() == [2, 3, 0, 4]
    assert strangest_first([np.nan, np.nan]).tolist() == []


def test_a_source_strange_for_two_reasons_comes_before_those_with_one():
    n = 100
    first, second, third = (np.random.default_rng(seed).permutation(n).astype(float) for seed in range(3))
    # Source 0 is second by two questions, sources 1 and 2 first by one and last by all others.
    for scores, best, worst in ((first, 1, 2), (second, 2, 1), (third, 3, 0)):
        scores[:] = np.argsort(np.argsort(scores))
        scores[[best, worst]] = 1000, -1000
    first[0] = second[0] = 900
    combined = combined_percentile([[first], [second], [third]])
    assert strangest_first(combined)[0] == 0
    assert combined.min() > 0
    assert combined.max() < 100


def test_scores_that_answer_one_question_count_once():
    rng = np.random.default_rng(5)
    one, other = rng.random(200), rng.random(200)
    np.testing.assert_array_equal(
        combined_percentile([[one, one, one], [other]]), combined_percentile([[one], [other]])
    )


def test_the_unit_of_a_score_does_not_matter():
    rng = np.random.default_rng(6)
    one, other = rng.random(50), rng.random(50)
    np.testing.assert_array_equal(
        combined_percentile([[one], [other]]), combined_percentile([[np.exp(9 * one)], [other - 7]])
    )


def test_what_is_unknown_makes_no_source_strange():
    scores = np.arange(10.0)
    lacking = scores.copy()
    lacking[9] = np.nan
    combined = combined_percentile([[scores], [lacking]])
    assert strangest_first(combined)[0] == 8
    unknown = np.full(10, np.nan)
    assert np.isnan(combined_percentile([[unknown], [np.where(scores == 3, np.nan, scores)]])[3])
    np.testing.assert_array_equal(combined_percentile([[scores], [unknown]]), percentile_ranks(scores))
