"""Errors over the mean's, by hand, against a plain loop, and their bootstrap against resampling."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.relative_errors import absolute_errors, mean_ratio, ratio_interval


def test_by_hand():
    training = [[0.0, 10.0], [2.0, 10.0]]  # means 1 and 10
    truth = [[3.0, 10.0], [1.0, 14.0], [np.nan, 6.0]]
    answers = [[2.0, 11.0], [1.0, np.nan], [5.0, 8.0]]
    errors = absolute_errors(answers, truth, training)
    # First variable: errors 1 and 0, the mean's 2 and 0. Second: errors 1 and 2, the mean's 0 and 4.
    assert mean_ratio(errors) == pytest.approx([(1 / 2 + 3 / 4) / 2])


def test_always_answering_the_mean_is_one_and_the_truth_zero():
    rng = np.random.default_rng(0)
    training, truth = rng.normal(size=(50, 4)), rng.normal(size=(20, 4))
    mean = np.broadcast_to(training.mean(axis=0), truth.shape)
    assert mean_ratio(absolute_errors(mean, truth, training)) == pytest.approx([1.0])
    assert mean_ratio(absolute_errors(truth, truth, training)) == pytest.approx([0.0])


def test_counts_are_the_same_as_repeating_sources():
    rng = np.random.default_rng(1)
    training, truth, answers = (rng.normal(size=(n, 3)) for n in (9, 30, 30))
    truth[:5, 1] = np.nan
    rows = rng.integers(30, size=30)
    drawn = mean_ratio(absolute_errors(answers, truth, training), np.bincount(rows, minlength=30)[None])
    assert drawn == pytest.approx(mean_ratio(absolute_errors(answers[rows], truth[rows], training)))


def test_a_paired_interval_is_narrower_where_errors_go_together():
    rng = np.random.default_rng(2)
    training, truth = rng.normal(size=(50, 3)), rng.normal(size=(200, 3))
    first = truth + rng.normal(size=truth.shape)
    second = first + 0.01 * rng.normal(size=truth.shape)
    a, b = (absolute_errors(x, truth, training) for x in (first, second))
    counts = rng.multinomial(200, np.full(200, 1 / 200), size=400)
    alone, paired = ratio_interval(b, counts), ratio_interval(b, counts, reference=a)
    assert paired[1] - paired[0] < 0.2 * (alone[1] - alone[0])
    assert paired[0] < float(mean_ratio(b)[0] - mean_ratio(a)[0]) < paired[1]


def test_nothing_known_is_not_a_number_and_wrong_shapes_are_refused():
    nothing = np.full((3, 2), np.nan)
    assert np.isnan(mean_ratio(absolute_errors(nothing, nothing, np.zeros((2, 2)))))
    with pytest.raises(ValueError, match="do not fit"):
        absolute_errors(np.zeros((3, 2)), np.zeros((3, 1)), np.zeros((2, 2)))
