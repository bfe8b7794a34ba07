"""Runs of bins that differ from what other sources predict."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.band_excess import (
    MOST_BINS,
    Prediction,
    joined_starts,
    notable_bands,
    signed_sigma,
    spread_variance,
)


def _prediction(counts, expected, *, k: int = 30, spread: float = 0.0, seed: int = 0) -> Prediction:
    rng = np.random.default_rng(seed)
    others = expected * (1 + spread * rng.normal(size=(k, len(expected))))
    return Prediction(
        counts=np.asarray(counts, float),
        expected=np.asarray(expected, float),
        others=others,
        noise=np.zeros_like(others),
    )


def test_joined_bins_hold_enough_and_lose_nothing():
    expected = np.random.default_rng(2).exponential(1.0, 400)
    starts = joined_starts(expected, least=8.0)
    held = np.add.reduceat(expected, starts)
    assert (held >= 8.0).all()
    assert held.sum() == pytest.approx(expected.sum())
    assert len(joined_starts(1000 * expected)) <= MOST_BINS
    assert joined_starts(np.full(5, 0.1)).tolist() == [0]


def test_significance_is_that_of_many_counts_and_smaller_where_the_prediction_is_unsure():
    counts, expected = np.array([10_300.0, 9_700.0]), np.array([10_000.0, 10_000.0])
    np.testing.assert_allclose(signed_sigma(counts, expected, np.zeros(2)), [3.0, -3.0], rtol=0.02)
    np.testing.assert_allclose(signed_sigma(counts, expected, expected), np.array([3, -3]) / np.sqrt(2), rtol=0.02)
    assert signed_sigma(np.array([0.0]), np.array([8.0]), np.zeros(1))[0] == pytest.approx(-4.0)


def test_spread_is_what_noise_does_not_explain():
    rng = np.random.default_rng(4)
    truth = rng.normal(100.0, 5.0, size=(40_000, 1))
    others = rng.poisson(truth).astype(float)
    variance = spread_variance(others, others)
    assert variance[0] == pytest.approx(25.0, rel=0.1)


def test_a_planted_line_is_found_in_its_bins():
    expected = np.full(40, 50.0)
    counts = expected.copy()
    counts[12:15] += 60
    (found,) = notable_bands(_prediction(counts, expected), least_sigma=3.5, most=4)
    assert (found.first, found.stop) == (12, 15)
    assert (found.counts, found.expected) == (330.0, 150.0)
    assert found.sigma > 10


def test_runs_are_the_most_significant_ones_that_do_not_overlap():
    rng = np.random.default_rng(8)
    expected = rng.uniform(10, 60, 12)
    counts = rng.poisson(expected * rng.uniform(0.4, 1.8, 12)).astype(float)
    prediction = _prediction(counts, expected, spread=0.1)
    runs = []
    for first in range(12):
        for stop in range(first + 1, 13):
            bins = slice(first, stop)
            others = prediction.others[:, bins].sum(axis=1)
            sigma = signed_sigma(counts[bins].sum(), expected[bins].sum(), others.var())
            runs.append((abs(float(sigma)), first, stop))
    taken: list[tuple[int, int]] = []
    for size, first, stop in sorted(runs, reverse=True):
        if size >= 1.5 and all(stop <= a or first >= b for a, b in taken):
            taken.append((first, stop))
    found = notable_bands(prediction, least_sigma=1.5, most=100)
    assert [(band.first, band.stop) for band in found] == taken
    assert len(found) > 2


def test_noise_alone_is_seldom_told():
    rng = np.random.default_rng(9)
    expected = np.full(50, 12.0)
    told = [
        bool(notable_bands(_prediction(rng.poisson(expected), expected), least_sigma=3.7, most=4)) for _ in range(150)
    ]
    assert np.mean(told) < 0.12
