"""Ideal rankers on toys whose best answer is known."""

from __future__ import annotations

from math import erf, log, sqrt

import numpy as np
import pytest

from alignlab.analysis.retrieval import ranks_of_scores
from alignlab.analysis.spectral_shapes import match_shapes, merged_bins
from alignlab.analysis.statements import (
    Categorical,
    Graded,
    levels_between,
    log_likelihood,
    pointwise_information,
    rounded_between,
)

ALL = np.arange(3)


def test_probabilities_by_hand() -> None:
    kind = Categorical(np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]), np.array([0, 1, -1]))
    expected = np.log([[0.9, 0.1, 1], [0.2, 0.8, 1], [0.5, 0.5, 1]])
    np.testing.assert_allclose(log_likelihood([kind], ALL, ALL), expected, rtol=1e-6)
    value = Graded(
        mean=np.array([0.0, 1, 40]),
        sigma=np.array([1.0, 2, 1]),
        low=np.array([-1.0, 2, 0]),
        high=np.array([1.0, np.inf, 0]),
        is_told=np.array([True, True, False]),
    )
    found = log_likelihood([value, kind], ALL, ALL) - log_likelihood([kind], ALL, ALL)

    def below(x: float) -> float:
        return 0.5 * (1 + erf(x / sqrt(2)))

    assert found[0, 0] == pytest.approx(log(below(1) - below(-1)), rel=1e-5)
    assert found[1, 1] == pytest.approx(log(1 - below(0.5)), rel=1e-5)
    assert (found[:, 2] == 0).all()
    assert found[2, 0] < -60  # excluded, but not infinitely: a rounded digit may have done it


def test_far_tails_keep_their_digits_on_either_side() -> None:
    def of(low: float, high: float) -> float:
        one = np.ones(1)
        statement = Graded(0 * one, one, low * one, high * one, np.array([True]))
        return float(statement.log_probability(np.array([0]), np.array([0]))[0, 0])

    assert of(6, 7) == pytest.approx(of(-7, -6))
    assert of(6, 7) == pytest.approx(log(9.865e-10), rel=1e-3)


def test_levels_and_rounding() -> None:
    low, high = levels_between([-1.0, 0.5, 3.0], (0.0, 1.0))
    assert low.tolist() == [-np.inf, 0, 1]
    assert high.tolist() == [0, 1, np.inf]
    low, high = rounded_between([1.234, 178.0], [0.1, 10.0])
    np.testing.assert_allclose([low, high], [[1.15, 175], [1.25, 185]])


def test_the_best_ranker_beats_the_likelihood_alone() -> None:
    """Texts that say little are probable about every source: only P(text | source) / P(text) ranks them rightly."""
    rng = np.random.default_rng(0)
    n, n_kinds = 400, 40
    kind = rng.integers(n_kinds, size=n)
    said = np.where(rng.random(n) < 0.5, kind, -1)
    statement = Categorical(np.eye(n_kinds)[kind] * 0.99 + 0.01 / n_kinds, said)
    own = log_likelihood([statement], np.arange(n), np.arange(n))
    ideal, naive = ranks_of_scores(pointwise_information(own, own)), ranks_of_scores(own)
    is_telling = said >= 0
    # A text that names the kind comes first among the tenth of them that do; the likelihood puts silent ones before it.
    assert np.median(ideal[is_telling]) < 10
    assert np.median(naive[is_telling]) > 50
    # The definition, term by term, with the query counted once more among the reference.
    i, j = 3, 7
    mean = (np.exp(own[:, j].astype(float)).sum() + np.exp(float(own[i, j]))) / (n + 1)
    assert pointwise_information(own, own)[i, j] == pytest.approx(own[i, j] - log(mean), abs=1e-4)


def test_photons_tell_the_spectrum_that_they_came_from() -> None:
    rng = np.random.default_rng(1)
    energy = np.linspace(0.5, 8, 40)
    slopes = np.linspace(0.5, 4, 15)
    known_area, area = np.full(40, 300.0), 200 + 40 * energy
    known = energy ** -slopes[:, None] * known_area
    background = np.full((15, 40), 0.1)
    signal = energy ** -slopes[:, None] * area
    signal *= 2000 / signal.sum(axis=1, keepdims=True)
    counts = rng.poisson(signal + background)
    match = match_shapes(
        counts, background, np.tile(area, (15, 1)), known=known, known_area=np.tile(known_area, (15, 1))
    )
    np.testing.assert_allclose(match.weight.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(match.weight @ slopes - slopes).max() < 0.2
    # How much brighter: net counts over those that the known spectrum would give in the same area.
    expected = (counts.sum(axis=1) - 4) / (energy ** -slopes[:, None] * area).sum(axis=1)
    np.testing.assert_allclose(np.exp(np.diagonal(match.log_scale)), expected, rtol=1e-2)


def test_the_likelihood_is_poissons() -> None:
    from scipy.stats import poisson

    rng = np.random.default_rng(2)
    known = rng.uniform(1, 5, (3, 6))
    counts, background, area = rng.poisson(4, (1, 6)), np.full((1, 6), 0.5), np.ones((1, 6))
    match = match_shapes(counts, background, area, known=known, known_area=np.ones((3, 6)))
    net = counts.sum() - 6 * 0.501
    expected = known * net / known.sum(axis=1, keepdims=True) + 0.501
    log_p = poisson.logpmf(counts, expected).sum(axis=1)
    weight = np.exp(log_p - log_p.max())
    np.testing.assert_allclose(match.weight[0], weight / weight.sum(), rtol=1e-3)


def test_merged_bins_keep_the_sum() -> None:
    values = np.arange(12.0).reshape(2, 6)
    assert merged_bins(values, 3).tolist() == [[3, 12], [21, 30]]
    with pytest.raises(ValueError, match="4 does not divide"):
        merged_bins(values, 4)
