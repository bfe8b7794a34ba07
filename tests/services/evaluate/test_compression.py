"""Compression on the small demo: bytes by hand, the reference equal to the run's own figures, brute-force ranks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from alignlab.analysis.quantise import Quantiser
from alignlab.config import Config
from alignlab.services.evaluate import EvaluationContext, part
from alignlab.services.evaluate.compression import smallest_without_loss, step_named
from alignlab.services.workspace import Workspace


@pytest.fixture(scope="module")
def context(workspace: Workspace, small_demo: Config) -> EvaluationContext:
    return EvaluationContext(config=small_demo, survey=workspace.survey, run=workspace.run, seed=3)


@pytest.fixture(scope="module")
def figures(context: EvaluationContext) -> dict[str, Any]:
    found = part("compression").compute(context, on_step=None)
    return {"provenance": context.provenance(), **json.loads(json.dumps(found, allow_nan=False))}


def test_bytes_are_those_of_the_numbers(figures, context):
    told = {step["name"]: (step["numbers"], step["bytes"]) for step in figures["steps"]}
    n_text = context.survey.text.shape[1]
    assert told["raw"] == (400 + n_text, 4 * (400 + n_text))
    assert told["latents"] == (64 + n_text, 4 * (64 + n_text))
    assert [told[f"{c}-128"][1] for c in ("float32", "float16", "int8", "binary")] == [512, 256, 128, 16]
    assert told["int8-16"] == (16, 16)


def test_full_precision_is_the_run_itself(figures, context):
    step, metrics = step_named(figures, "float32-128"), context.run.metrics
    assert step["recall_at_1_percent"]["value"] == metrics["retrieval"]["recall_at_1_percent"]
    assert step["median_rank"]["value"] == metrics["retrieval"]["median_rank"]
    assert step["error_ratio"]["value"] == pytest.approx(metrics["estimates"]["mean_relative_mae"], rel=1e-6)
    assert step["error_ratio"]["change_interval"] == [0, 0]


def test_ranks_after_coding_are_those_of_plain_loops(figures, context):
    halves = [context.latents(name) for name in ("spectrum_aligned", "text_aligned")]
    asks, answers = (
        Quantiser.fit(half[context.training], "int8").round_trip(half)[context.pairs].astype(np.float64)
        for half in halves
    )
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (asks, answers)]
    ranks = [1 + sum(a @ b > a @ unit[1][i] for b in unit[1]) for i, a in enumerate(unit[0])]
    assert step_named(figures, "int8-128")["median_rank"]["value"] == pytest.approx(np.median(ranks), abs=1)


def test_raw_numbers_have_no_recall_but_errors(figures):
    raw = figures["steps"][0]
    assert raw["recall_at_1_percent"] is None
    assert raw["error_ratio"]["value"] > 0
    low, high = raw["error_ratio"]["change_interval"]
    assert low <= raw["error_ratio"]["change"] <= high


def test_the_paper_comes_first_with_its_97_percent(figures):
    numbers, quality, loss = part("compression").tables(figures)
    text = numbers.to("markdown")
    assert "| paper: raw spectrum and text | 5,008 | 128 | 20,032 | 512 | 97.4% |" in text
    assert "| paper: spectrum's latent and text | 4,672 | 128 | 18,688 | 512 | 97.3% |" in text
    assert f"n = {figures['provenance']['n']}" in quality.caption
    assert len(loss.rows) == len(quality.rows) - 1


def test_the_smallest_without_loss_loses_nothing_beyond_its_interval():
    def step(name: str, n_bytes: int, recall_high: float, error_low: float) -> dict[str, Any]:
        recall = {"change_interval": [-0.1, recall_high]}
        error = {"change_interval": [error_low, 0.1]}
        return {"name": name, "bytes": n_bytes, "recall_at_1_percent": recall, "recall_at_5_percent": recall,
                "error_ratio": error}  # fmt: skip

    steps = [
        step("full", 512, 0, 0),
        step("half", 256, 0.01, -0.01),
        step("recall lost", 16, -0.01, -0.01),
        step("error grown", 8, 0.01, 0.01),
    ]
    assert smallest_without_loss({"reference": "full", "steps": steps})["name"] == "half"
