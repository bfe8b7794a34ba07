"""Class probabilities and estimated variables: reliable on sources that nothing was fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.services.interpret.class_ground import FEWEST_TRAINING
from alignlab.services.interpret.classes import find_classes
from alignlab.services.interpret.estimates import agreement
from alignlab.services.interpret.estimator import READ
from alignlab.services.interpret.ground import ground_of
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.subject import subject_of


def test_probabilities_sum_to_one_within_their_intervals_for_classes_with_enough_sources(found, workspace):
    classes = found.classes
    counts = workspace.survey.sources["source_class"][workspace.survey.split == "train"].value_counts()
    assert sum(p.probability for p in classes.probabilities) == pytest.approx(1)
    for p in classes.probabilities:
        assert p.low <= p.probability <= p.high
        assert p.n_training == counts[p.name] >= FEWEST_TRAINING
    assert set(classes.left_out) == set(counts.index) - {p.name for p in classes.probabilities}
    assert all(name in classes.method for name in classes.left_out)
    assert [p.probability for p in classes.probabilities] == sorted(
        (p.probability for p in classes.probabilities), reverse=True
    )


def test_the_likeliest_class_is_right_as_often_as_it_says(workspace):
    ground = ground_of(workspace).classes
    test = np.flatnonzero(workspace.survey.split == "test")
    labels = workspace.survey.sources["source_class"].to_numpy()
    said, right = [], []
    for index in test:
        if labels[index] in ground.names:
            best = find_classes(subject_of(workspace, int(index)), ground, Ledger()).probabilities[0]
            said.append(best.probability)
            right.append(best.name == labels[index])
    error = np.sqrt(np.mean(said) * (1 - np.mean(said)) / len(said))
    assert abs(np.mean(said) - np.mean(right)) < 3 * error


def test_neighbours_that_vote_are_training_sources_and_never_the_source_itself(workspace):
    ground = ground_of(workspace).classes
    assert (workspace.survey.split[ground.training] == "train").all()
    index = int(ground.training[0])
    latents = workspace.run.latents("spectrum_aligned")[[index]]
    with_itself, without = (ground.votes(latents, (1,), leave_out=own)[1] for own in (None, index))
    assert with_itself[0, ground.number[0]] == 1
    others = np.delete(ground.latents, 0, axis=0) @ latents[0]
    assert without[0, np.delete(ground.number, 0)[others.argmax()]] == 1


def test_where_no_two_classes_can_be_told_nothing_is(workspace, like_demo):
    ground = replace(ground_of(workspace).classes, names=("AGN",), calibration=None)
    classes = find_classes(like_demo[0], ground, Ledger())
    assert classes.probabilities == ()
    assert "Nothing can be said" in classes.statement


def test_intervals_hold_what_they_promise_on_the_test_split(workspace):
    """60 test sources with 20 correlated variables each, calibrated on 64: coverage to some five percentage points."""
    survey, estimator = workspace.survey, ground_of(workspace).estimator
    test = np.flatnonzero(survey.split == "test")
    quantiles = np.stack(
        [estimator.quantiles({name: workspace.run.latents(name)[i] for name in READ}, int(i)) for i in test]
    )
    truth = survey.variables[test]
    known = np.isfinite(truth) & np.isfinite(quantiles).all(axis=2)
    for level, low, high in ((0.68, 1, 3), (0.95, 0, 4)):
        inside = (truth >= quantiles[..., low]) & (truth <= quantiles[..., high])
        assert inside[known].mean() == pytest.approx(level, abs=0.12)


def test_estimates_are_better_than_the_mean_of_the_training_sources(workspace):
    survey, estimator = workspace.survey, ground_of(workspace).estimator
    test = np.flatnonzero(survey.split == "test")
    median = np.stack([estimator.quantiles({n: workspace.run.latents(n)[i] for n in READ}, int(i))[:, 2] for i in test])
    mean = np.nanmean(survey.variables[survey.split == "train"], axis=0)
    for column in range(3):  # the hardness ratios
        own = np.nanmean(np.abs(survey.variables[test, column] - median[:, column]))
        assert own < 0.7 * np.nanmean(np.abs(survey.variables[test, column] - mean[column]))


@pytest.mark.parametrize(
    ("value", "low", "high", "agrees"),
    [
        (1.0, 0.9, 1.1, True),
        (3.0, 1.9, 4.0, True),
        (3.0, 2.5, 3.5, False),
        (3.0, np.nan, np.nan, False),
        (1.0, np.nan, np.nan, True),
        (np.nan, np.nan, np.nan, None),
    ],
)
def test_a_measurement_agrees_where_its_limits_meet_the_interval(value, low, high, agrees):
    assert agreement(value, low, high, 0.0, 2.0) is agrees
    assert agreement(1.0, 1.0, 1.0, np.nan, np.nan) is None
