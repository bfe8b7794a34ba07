"""Class probabilities from votes: calibrated, with intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.class_votes import VoteCalibration, calibrate_votes, calibration_error, count_votes


def drawn(n: int, k: int, seed: int, *, sharpness: float = 1.0):
    """Shares, votes of `k` neighbours that have these shares, and classes drawn with the sharpened shares."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.8, 0.8, 0.8], size=n)
    true = shares**sharpness
    true /= true.sum(axis=1, keepdims=True)
    votes = np.array([rng.multinomial(k, share) for share in shares]).astype(float)
    return true, votes, np.array([rng.choice(3, p=p) for p in true])


def test_votes_are_counted():
    assert count_votes(np.array([[0, 2, 2], [1, 1, 1]]), 3).tolist() == [[1, 0, 2], [0, 3, 0]]


def test_without_a_temperature_probabilities_are_those_of_the_posterior():
    prior = np.array([0.5, 0.25, 0.25])
    calibration = VoteCalibration(k=8, prior=prior, prior_weight=4.0, temperature=1.0, n=1)
    assert calibration.probabilities(np.array([[8.0, 0.0, 0.0]]))[0] == pytest.approx([10 / 12, 1 / 12, 1 / 12])


def test_the_temperature_of_sharpened_classes_is_found():
    _, votes, truth = drawn(4000, 100, 0, sharpness=2.0)
    found = calibrate_votes({100: votes}, truth, np.full(3, 1 / 3))
    assert 1 / found.temperature == pytest.approx(2.0, abs=0.25)
    fair = calibrate_votes({100: drawn(4000, 100, 1)[1]}, drawn(4000, 100, 1)[2], np.full(3, 1 / 3))
    assert fair.temperature == pytest.approx(1.0, abs=0.15)


def test_more_neighbours_are_chosen_where_they_tell_more():
    true, votes, truth = drawn(3000, 100, 2)
    few = np.array([np.random.default_rng(i).multinomial(5, p) for i, p in enumerate(true)]).astype(float)
    assert calibrate_votes({5: few, 100: votes}, truth, np.full(3, 1 / 3)).k == 100


def test_intervals_hold_the_true_share():
    true, votes, truth = drawn(400, 50, 4)
    calibration = calibrate_votes({50: votes}, truth, np.full(3, 1 / 3))
    rng = np.random.default_rng(0)
    limits = np.stack([calibration.intervals(v, rng=rng) for v in votes])
    inside = (true >= limits[:, 0]) & (true <= limits[:, 1])
    assert inside.mean() > 0.9


def test_the_calibration_error_is_small_for_true_probabilities_and_large_for_boasts():
    true, _, truth = drawn(3000, 10, 5)
    rng = np.random.default_rng(0)
    error, low, high = calibration_error(true, truth, rng=rng)
    assert low <= error <= high
    assert error < 0.03
    boast = np.eye(3)[true.argmax(axis=1)]
    wrong = (boast.argmax(axis=1) != truth).mean()
    assert calibration_error(boast, truth, rng=rng)[0] == pytest.approx(wrong)


def test_too_few_sources_have_no_calibration_error():
    assert np.isnan(calibration_error(np.full((3, 2), 0.5), np.zeros(3, int), rng=np.random.default_rng(0))).all()


def test_nothing_to_calibrate_on_is_refused():
    with pytest.raises(ValueError, match="calibration sources"):
        calibrate_votes({5: np.zeros((0, 2))}, np.zeros(0, int), np.array([0.5, 0.5]))
