"""Fusion: figures against scikit-learn, folds that share no source, marks by hand, and the small demo."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from alignlab.analysis.cross_validation import grouped_folds
from alignlab.config import Config
from alignlab.services.evaluate import EvaluationContext, fusion_trials, part
from alignlab.services.evaluate.fusion import best
from alignlab.services.evaluate.fusion_trials import Trial, class_figures, fold_splits, trials
from alignlab.services.workspace import Catalogue


def test_class_figures_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=80)
    p = rng.dirichlet(np.ones(3), size=80) + 0.5 * np.eye(3)[truth]
    p /= p.sum(axis=1, keepdims=True)
    found = class_figures(p, truth)
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, p.argmax(axis=1)))
    assert found["macro_auc"] == pytest.approx(roc_auc_score(truth, p, multi_class="ovr"))
    assert found["average_precision"] == pytest.approx(average_precision_score(np.eye(3)[truth], p))


def test_sources_without_class_or_answer_are_left_out():
    p, truth = np.array([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [np.nan, np.nan]]), np.array([0, 1, -1, 1])
    assert class_figures(p, truth) == {"balanced_accuracy": 1.0, "macro_auc": 1.0, "average_precision": 1.0}


def test_folds_and_their_validation_share_no_source():
    rng = np.random.default_rng(1)
    names = rng.choice([f"source {i}" for i in range(80)], size=200)
    pool = np.arange(150)
    fold = grouped_folds(names[pool], 5, rng=rng)
    asked_once = []
    for training, validation, asked in fold_splits(pool, fold, names, seed=0):
        groups = [set(names[rows]) for rows in (training, validation, asked)]
        assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
        assert sorted(np.concatenate([training, validation, asked])) == list(range(150))
        asked_once += asked.tolist()
    assert sorted(asked_once) == list(range(150))


@pytest.fixture
def context(demo_copy: Config, monkeypatch: pytest.MonkeyPatch) -> EvaluationContext:
    """A context in which neighbours, once without the class, and a network of one epoch are compared."""
    given = {trial.name: trial for trial in trials()}
    chosen = [
        _changed(given["text-alone"], max_epochs=1),
        given["knn-concatenate"],
        _changed(given["knn-average"], task="variables"),
    ]
    monkeypatch.setattr(fusion_trials, "trials", lambda: chosen)
    workspace = Catalogue(demo_copy).open_workspace()
    return EvaluationContext(config=demo_copy, survey=workspace.survey, run=workspace.run, seed=3)


def _changed(trial: Trial, **changes: Any) -> Trial:
    return replace(trial, recipe=replace(trial.recipe, **changes))


def test_every_way_is_judged_with_both_halves_and_with_each_alone(context):
    found = json.loads(json.dumps(part("fusion").compute(context, on_step=None), allow_nan=False))
    figures: dict[str, Any] = {"provenance": context.provenance(), **found}
    rows = {row["name"]: row for row in figures["rows"]}
    assert set(rows["knn-concatenate"]["test"]) == {"all", "spectrum", "text"}
    assert set(rows["text-alone"]["test"]) == {"all"}
    for stage in ("test", "folds"):
        near = rows["knn-concatenate"][stage]
        assert set(near["all"]) == {"error_ratio", "balanced_accuracy", "macro_auc", "average_precision"}
        low, high = near["spectrum"]["error_ratio"]["interval"]
        assert low <= near["spectrum"]["error_ratio"]["value"] <= high
        assert set(rows["knn-average"][stage]["all"]) == {"error_ratio"}
    compared, missing = part("fusion").tables(figures)
    n_pool = int(np.isin(context.survey.split, ("train", "validation")).sum())
    assert f"{n_pool} sources of training and validation split" in compared.caption
    assert len(compared.rows) == len(missing.rows) == 3


def test_the_best_is_the_smallest_error_and_the_largest_accuracy():
    def row(name: str, error: float, accuracy: float) -> dict[str, Any]:
        told = {
            "error_ratio": {"value": error, "interval": [error - 0.1, error + 0.1]},
            "balanced_accuracy": {"value": accuracy, "interval": [accuracy - 0.1, accuracy + 0.1]},
        }
        return {"name": name, "label": name, "family": "network", "test": {"all": told}, "folds": {"all": told}}

    rows = [row("a", 0.5, 0.9), row("b", 0.55, 0.7), row("c", 0.8, 0.85)]
    figures = {"rows": rows, "n_folds": 5, "n_cross_validated": 10, "n_classes": 2,
               "provenance": {"split": "test", "n": 9, "run": "r", "seed": 1}}  # fmt: skip
    assert best(figures, "error_ratio") is rows[0]
    assert best(figures, "balanced_accuracy") is rows[0]
    assert best(figures, "macro_auc") is None
    compared, _ = part("fusion").tables(figures)
    text = compared.to("markdown")
    assert "**<u>0.500 (0.400–0.600)</u>**" in text
    assert "**0.550 (0.450–0.650)**" in text
    assert "**0.800" not in text
