"""Ablations: one thing changed at a time, shuffled pairs at chance, finished trainings not made again."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.evaluate import EvaluationContext, ablation_variants, part
from alignlab.services.evaluate.ablation_variants import base_recipe, variants
from alignlab.services.evaluate.ablations import shuffled_rows, shuffled_verdict, training_rows
from alignlab.services.workspace import Catalogue
from alignlab.training.recipe import AlignmentRecipe

KEPT = "ablations-shuffled-1.json"


@pytest.fixture
def context(demo_copy: Config, monkeypatch: pytest.MonkeyPatch) -> EvaluationContext:
    """A context in which two short trainings are all that is compared."""
    every = variants

    def two(base: AlignmentRecipe, *, seed: int) -> list[ablation_variants.Variant]:
        short = replace(base, max_epochs=8, patience=8)
        return [v for v in every(short, seed=seed) if v.name in ("shuffled-1", "share-50-1")]

    monkeypatch.setattr(ablation_variants, "variants", two)
    workspace = Catalogue(demo_copy).open_workspace()
    return EvaluationContext(config=demo_copy, survey=workspace.survey, run=workspace.run, seed=3)


def test_shuffled_pairs_are_at_chance_and_nothing_is_trained_twice(context):
    told: list[str] = []

    def on_step(done: int, total: int, info: str) -> bool:
        told.append(info)
        return True

    figures = part("ablations").compute(context, on_step=on_step)
    figures = {"provenance": context.provenance(), **json.loads(json.dumps(figures, allow_nan=False))}
    n = int(context.pairs.sum())
    verdict = shuffled_verdict(figures)
    assert verdict["chance"] == -(-n // 100) / n
    assert verdict["is_at_chance"]
    assert figures["rows"][0]["recall_at_1_percent"]["value"] == context.run.metrics["retrieval"]["recall_at_1_percent"]
    assert any("epoch" in info for info in told)

    path = context.run.folder / "evaluation" / "test" / KEPT
    kept = json.loads(path.read_text())
    kept["figures"]["figures"]["recall_at_1_percent"]["value"] = 0.123
    path.write_text(json.dumps(kept))
    told.clear()
    again = part("ablations").compute(context, on_step=on_step)
    assert [row["recall_at_1_percent"]["value"] for row in again["rows"] if row["group"] == "shuffled"] == [0.123]
    assert not any("epoch" in info for info in told)

    (table,) = part("ablations").tables(figures)
    text = table.to("markdown")
    assert "SHUFFLED PAIRS 1: at chance, as it must" in text
    assert f"n = {figures['provenance']['n']}" in text


def test_a_run_without_a_recipe_is_refused(context):
    object.__setattr__(context.run.meta, "recipe", {"survey": "demo"})
    with pytest.raises(AlignlabError, match="nothing to take away"):
        part("ablations").compute(context, on_step=None)


def test_each_variant_differs_from_the_recipe_in_one_thing():
    base = base_recipe(AlignmentRecipe(aspect_dropout=0.2), 0.2)
    assert base.temperature == 0.2
    found = variants(base, seed=7)
    assert len({v.name for v in found}) == len(found)
    for variant in found:
        changed = {k for k, v in asdict(variant.recipe).items() if v != asdict(base)[k]}
        if variant.group in ("seed", "shuffled"):
            assert changed == set()
        elif variant.group == "share":
            assert changed == {"max_epochs", "patience"}
        elif variant.name == "loss-sigmoid":
            assert changed == {"loss", "temperature"}
        else:
            assert len(changed) == 1
    names = {v.name for v in found}
    assert {"without-nature", "without-spectrum", "without-environment", "no-dropout", "no-aspect-dropout"} <= names
    assert {"loss-symmetric", "loss-regularised", "shuffled-1", "share-10-1", "share-10-2"} <= names
    assert "loss-one-way" not in names


def test_a_temperature_that_was_not_tuned_stays():
    assert base_recipe(AlignmentRecipe(temperature="learned"), 0.2).temperature == "learned"


def test_a_share_is_of_the_training_pairs_and_leaves_the_others():
    split = np.array(["train"] * 100 + ["validation"] * 10 + ["test"] * 10)
    mask = np.ones((120, 3), bool)
    mask[:20] = False
    rows = training_rows(split, mask, share=0.25, seed=1)
    assert (split[rows] == "train").sum() == 20
    assert (split[rows] != "train").sum() == 20
    assert mask[rows[split[rows] == "train"]].all()
    assert set(training_rows(split, mask, share=0.25, seed=2)) != set(rows)


def test_shuffling_stays_within_a_split_and_gives_no_source_its_own_text():
    split = np.array(["train"] * 50 + ["validation"] * 10)
    mask = np.ones((60, 3), bool)
    mask[5] = False
    other = shuffled_rows(split, mask, seed=0)
    assert sorted(other) == list(range(60))
    assert (split[other] == split).all()
    has_text = mask.any(axis=1)
    assert (other != np.arange(60))[has_text].all()
    assert other[5] == 5


@pytest.mark.parametrize(("low", "expected"), [(0.005, True), (0.02, False)])
def test_a_leak_would_be_told(low: float, expected: bool):
    recall = {"value": 0.03, "interval": [low, 0.05]}
    row = {"group": "shuffled", "name": "shuffled-1", "recall_at_1_percent": recall}
    figures: dict[str, Any] = {"rows": [row, row], "chance": {"recall_at_1_percent": 0.01}}
    assert shuffled_verdict(figures)["is_at_chance"] is expected
