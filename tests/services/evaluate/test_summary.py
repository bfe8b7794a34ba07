from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from alignlab.services.evaluate.paper import PAPER
from alignlab.services.evaluate.summary import evaluate_latents, evaluate_run, evaluation_text
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="module")
def figures(workspace) -> dict:
    return evaluate_run(workspace.survey, workspace.run)


def test_figures_go_through_json_with_the_names_promised(figures, workspace):
    read = json.loads(json.dumps(figures, allow_nan=False))
    n_test = int((workspace.survey.split == "test").sum())
    for direction in ("retrieval", "retrieval_text_to_spectrum"):
        retrieval = read[direction]
        recalls = [retrieval[f"recall_at_{percent}_percent"] for percent in (1, 5, 10)]
        assert all(0 <= recall <= 1 for recall in recalls)
        assert all(first <= second for first, second in pairwise(recalls))
        assert retrieval["n_candidates"] == n_test
        assert 1 <= retrieval["median_rank"] <= n_test
        low, high = retrieval["recall_at_5_percent_interval"]
        assert low <= retrieval["recall_at_5_percent"] <= high
    assert read["run"] == workspace.run.run_id
    assert read["survey"] == "demo"
    assert read["simulated"] is True
    assert read["split"] == "test"
    assert set(read["estimates"]["variables"]) == set(VARIABLE_NAMES)
    assert all(0 <= value <= 1 for value in read["correlations"].values())
    assert read["paper"] == json.loads(json.dumps(PAPER))


def test_they_are_those_that_the_run_was_published_with(figures, workspace):
    published = workspace.run.metrics
    assert published["retrieval"] == figures["retrieval"]
    assert published["correlations"] == pytest.approx(figures["correlations"])
    assert published["training"]["temperature"] > 0


def test_a_trained_run_finds_more_than_shuffled_pairs(workspace):
    survey, run = workspace.survey, workspace.run
    latents = {name: run.latents(name) for name in ("spectrum", "spectrum_aligned", "text_aligned")}
    rows = np.flatnonzero(survey.split == "train")
    shuffled = latents["text_aligned"].copy()
    shuffled[rows] = shuffled[np.random.default_rng(0).permutation(rows)]
    matched = evaluate_latents(survey, latents, seed=0, split="train")["retrieval"]
    chance = evaluate_latents(survey, {**latents, "text_aligned": shuffled}, seed=0, split="train")["retrieval"]
    n = len(rows)
    assert chance["median_rank"] == pytest.approx((n + 1) / 2, rel=0.25)
    assert chance["recall_at_5_percent"] < 0.12
    assert matched["median_rank"] < 0.7 * chance["median_rank"]


def test_asked_about_the_training_split_no_source_answers_for_itself(workspace):
    survey, run = workspace.survey, workspace.run
    estimates = evaluate_run(survey, run, split="train")["estimates"]["variables"]
    training = survey.split == "train"
    both = np.hstack([run.latents("spectrum_aligned"), run.latents("text_aligned")])[training]
    values = survey.variables[training][:, 0]
    known = np.flatnonzero(np.isfinite(values))
    similarity = both[known] @ both[known].T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1)[:, :3]
    errors = np.abs(values[known][nearest].mean(axis=1) - values[known])
    assert estimates[VARIABLE_NAMES[0]]["mae"] == pytest.approx(errors.mean(), rel=1e-4)


def test_another_split_has_its_own_size(workspace):
    figures = evaluate_run(workspace.survey, workspace.run, split="validation")
    assert figures["split"] == "validation"
    assert figures["n"] == (workspace.survey.split == "validation").sum()


def test_the_text_form_shows_our_figures_beside_those_of_the_paper(figures):
    text = evaluation_text(figures)
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "simulated" in text
    assert figures["run"] in text
    assert f"{figures['retrieval']['recall_at_1_percent']:.1%}" in lines["recall@1%"]
    assert lines["recall@1%"].endswith("20%")
    assert lines["recall@5%"].endswith("50%")
    assert lines["median rank"].endswith("84")
    assert lines["candidates"].endswith("1,719")
    for name, value in PAPER["correlations"].items():
        assert lines[name].endswith(f"{value:.2f}")
        assert f"{figures['correlations'][name]:.2f}" in lines[name]
    assert set(VARIABLE_NAMES) <= set(lines)
