"""A run beside the paper's recipe: by hand on ranks and errors, a run beside itself, and what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignlab.analysis.retrieval import candidates_within, partner_ranks
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.evaluate import PARTS, EvaluationContext, best
from alignlab.services.evaluate.best_figures import find_paper_run
from alignlab.services.evaluate.kept import parts_for
from alignlab.services.evaluate.parameters_heads import heads_quantiles
from alignlab.services.runs import train_run
from alignlab.services.small_heads import train_small_heads
from alignlab.services.workspace import Catalogue
from alignlab.store.heads import SmallHeads
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.variables import VARIABLE_NAMES

OURS = AlignmentRecipe(name="ours", temperature=0.1, max_epochs=3, spectrum_input="counts", text_scale="aspect")
HEADS = SmallHeadsRecipe(
    name="ridge", task="variables", method="ridge", fusion="concatenate", modalities=("spectrum", "counts")
)


@pytest.fixture(scope="module")
def context(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationContext]:
    config = Config(data_dir=Path(shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("best") / "data")))
    survey = Catalogue(config).survey("demo")
    run = train_run(survey, OURS, config=config, seed=2)
    train_small_heads(survey, run, HEADS, seed=0)
    yield EvaluationContext(config=config, survey=survey, run=run, seed=3)
    survey.close()


@pytest.fixture(scope="module")
def figures(context: EvaluationContext) -> dict[str, Any]:
    return {"provenance": context.provenance(), **best.PART.compute(context, on_step=None)}


def test_recall_and_its_gain_by_hand(context: EvaluationContext, figures: dict[str, Any]) -> None:
    paper, rows = find_paper_run(context), context.pairs
    assert figures["paper_run"] == paper.run_id != context.run.run_id
    hits = {}
    for name, run in (("paper", paper), ("run", context.run)):
        ranks = partner_ranks(run.latents("spectrum_aligned")[rows], run.latents("text_aligned")[rows])
        hits[name] = np.mean(ranks <= candidates_within(len(ranks), 5))
        told = figures["retrieval"]["spectrum → text"][name]
        assert told["recall_at_5_percent"][0] == pytest.approx(hits[name], rel=1e-5)
        assert told["median_rank"] == np.median(ranks)
    gain = figures["retrieval"]["spectrum → text"]["run"]["gain_at_5_percent"]
    assert gain[0] == pytest.approx(hits["run"] / hits["paper"] - 1, rel=1e-4)
    assert gain[1] <= gain[0] <= gain[2]


def test_errors_are_those_of_the_small_heads(
    context: EvaluationContext, figures: dict[str, Any], heads: SmallHeads
) -> None:
    variables, rows = context.survey.variables.astype(float), context.pairs
    middle = heads_quantiles(heads)[rows][..., 2]
    name = "hard_hs"
    i = VARIABLE_NAMES.index(name)
    known = np.isfinite(variables[rows, i])
    baseline = np.nanmean(variables[context.training, i])
    expected = (
        np.abs(middle[known, i] - variables[rows, i][known]).sum() / np.abs(baseline - variables[rows, i][known]).sum()
    )
    assert figures["variables"][name]["run"][0] == pytest.approx(expected, rel=1e-4)
    ratios = [told["run"][0] for told in figures["variables"].values() if told["run"]]
    assert figures["mean_relative_mae"]["run"][0] == pytest.approx(np.mean(ratios), rel=1e-4)
    sides = figures["mean_relative_mae"]
    assert figures["mae_saved"][0] == pytest.approx(1 - sides["run"][0] / sides["paper"][0], rel=1e-3, abs=1e-5)


@pytest.fixture
def heads(context: EvaluationContext) -> SmallHeads:
    return train_small_heads(context.survey, context.run, HEADS, seed=0)


def test_what_is_asked_for_stands_beside_what_was_reached(figures: dict[str, Any]) -> None:
    bar = best.tables(figures)[0]
    asked = [row[2].value for row in bar.rows]
    assert asked == [0.25, 0.25, 0.08, "16 of 20"]
    assert bar.rows[2][1].value == figures["mae_saved"][0]
    near = [
        abs(told["coverage_run"][0] - 0.68) <= 0.03 for told in figures["variables"].values() if told["coverage_run"]
    ]
    assert int(bar.rows[3][1].value) == sum(near)


def test_the_papers_recipe_gains_nothing_on_itself(context: EvaluationContext) -> None:
    itself = replace(context, run=find_paper_run(context))
    told = best.PART.compute(itself, on_step=None)
    assert told["is_itself"] and told["heads"] is None
    assert told["retrieval"]["spectrum → text"]["run"]["gain_at_1_percent"] == [0, 0, 0]
    assert told["mae_saved"] == [0, 0, 0]


def test_without_a_run_of_the_papers_recipe_it_says_what_to_do(context: EvaluationContext, tmp_path: Path) -> None:
    alone = replace(context, config=Config(data_dir=tmp_path))
    with pytest.raises(AlignlabError, match="no run of the paper's recipe"):
        best.PART.compute(alone, on_step=None)


def test_all_parts_are_those_that_have_something_to_say(context: EvaluationContext, tmp_path: Path) -> None:
    itself = replace(context, run=find_paper_run(context))
    alone = replace(context, config=Config(data_dir=tmp_path))
    assert set(parts_for(context, quick=False)) == set(PARTS)
    assert set(parts_for(itself, quick=False)) == set(parts_for(alone, quick=False)) == set(PARTS) - {"best"}
    assert not set(parts_for(context, quick=True)) & {"best", "ablations", "fusion"}
