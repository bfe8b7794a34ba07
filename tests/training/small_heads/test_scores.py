"""Figures against scikit-learn's, for the sample itself and for its resamples."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from alignlab.training.small_heads.scores import (
    area_under_curve,
    average_precision,
    bootstrap_counts,
    class_scores,
    variable_scores,
)


@pytest.mark.parametrize("decimals", [1, 8])
def test_areas_equal_scikit_learns_also_with_ties_and_in_resamples(decimals: int) -> None:
    rng = np.random.default_rng(0)
    score, positive = rng.random(200).round(decimals), rng.random(200) < 0.3
    counts = bootstrap_counts(200, rng, 5)
    auc, precision = area_under_curve(score, positive, counts), average_precision(score, positive, counts)
    for i, weight in enumerate(counts):
        assert auc[i] == pytest.approx(roc_auc_score(positive, score, sample_weight=weight))
        assert precision[i] == pytest.approx(average_precision_score(positive, score, sample_weight=weight))


def test_class_figures_equal_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 300)
    p = rng.dirichlet(np.ones(3), 300) + 0.7 * np.eye(3)[truth]
    p /= p.sum(axis=1, keepdims=True)
    found = class_scores(p, truth, ("a", "b", "c"), rng=rng)
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, p.argmax(axis=1)))
    assert found["macro_auc"] == pytest.approx(roc_auc_score(truth, p, multi_class="ovr"))
    assert found["average_precision"] == pytest.approx(average_precision_score(np.eye(3)[truth], p))
    for name in ("balanced_accuracy", "macro_auc", "average_precision"):
        low, high = found[f"{name}_interval"]
        assert low < found[name] < high


def test_unknown_classes_and_sources_without_answer_are_left_out() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(2), 50)
    truth = p.argmax(axis=1)
    p[:5], truth[5:10] = np.nan, -1
    found = class_scores(p, truth, ("a", "b"), rng=rng)
    assert found["n"] == 40
    assert found["balanced_accuracy"] == 1
    empty = class_scores(p[:5], truth[:5], ("a", "b"), rng=rng)
    assert (empty["n"], empty["macro_auc"], empty["macro_auc_interval"]) == (0, None, None)


def test_errors_by_hand_and_missing_values_left_out() -> None:
    rng = np.random.default_rng(3)
    truth, training = rng.normal(size=(60, 20)), rng.normal(size=(90, 20))
    truth[:30, 0], truth[:, 1], training[:, 2] = np.nan, np.nan, np.nan
    estimate = truth + 0.5
    values = estimate[..., None] + np.array([-0.6, -0.4, 0, 0.4, 0.6])
    found = variable_scores(values, truth, training, rng=rng)
    first = found["variables"]["hard_hs"]
    assert first["n"] == 30
    assert first["mae"] == pytest.approx(0.5)
    assert first["mean_baseline_mae"] == pytest.approx(np.abs(truth[30:, 0] - training[:, 0].mean()).mean())
    assert (first["coverage_68"], first["coverage_95"]) == (0, 1)
    assert found["variables"]["hard_ms"]["mae"] is None
    assert found["variables"]["hard_hm"]["relative_mae"] is None
    low, high = found["mean_relative_mae_interval"]
    assert low < found["mean_relative_mae"] < high
