"""The part Parameters on the small demo: its figures against scikit-learn, choices by hand, controls by chance."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error
from sklearn.neighbors import KNeighborsRegressor

from alignlab.config import Config
from alignlab.services.evaluate import EvaluationContext, parameters_tables
from alignlab.services.evaluate.parameters import PART
from alignlab.services.evaluate.parameters_estimates import EXPERTS, Questions, ask_experts
from alignlab.services.evaluate.parameters_heads import best_heads, heads_quantiles
from alignlab.services.evaluate.parameters_text import accuracy_finding, coverage_finding, errors_finding
from alignlab.services.small_heads import train_small_heads
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.variables import VARIABLE_NAMES

SEED = 3


@pytest.fixture(scope="module")
def with_heads(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    config = Config(data_dir=Path(shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("heads") / "data")))
    opened = Catalogue(config).open_workspace()
    for name, modalities in (("narrow", ("spectrum_aligned",)), ("wide", ("spectrum_aligned", "text_aligned"))):
        recipe = SmallHeadsRecipe(
            name=name, task="variables", method="ridge", fusion="concatenate", modalities=modalities
        )
        train_small_heads(opened.survey, opened.run, recipe, seed=0)
    yield opened
    opened.survey.close()
    opened.run.close()


@pytest.fixture(scope="module")
def context(with_heads: Workspace) -> EvaluationContext:
    return EvaluationContext(config=with_heads.config, survey=with_heads.survey, run=with_heads.run, seed=SEED)


@pytest.fixture(scope="module")
def figures(context: EvaluationContext) -> dict[str, Any]:
    told = {"provenance": context.provenance(), **PART.compute(context, on_step=None)}
    return json.loads(json.dumps(told, allow_nan=False))


def by_scikit_learn(context: EvaluationContext, expert: str, variable: int, rows: NDArray) -> NDArray[np.float64]:
    """Mean of the three nearest training sources by cosine, among those that have the variable and are readable."""
    values, has_text = context.survey.variables[:, variable], np.asarray(context.survey.text_mask).any(axis=1)
    base = context.training & np.isfinite(values)
    if expert != "spectrum" and expert != "spectrum_aligned":
        base &= has_text
    latents = np.asarray(context.latents(expert), np.float64)
    model = KNeighborsRegressor(n_neighbors=3, metric="cosine", algorithm="brute").fit(latents[base], values[base])
    return np.asarray(model.predict(latents[rows]), np.float64)


@pytest.mark.parametrize("name", ["hard_hs", "powlaw_gamma"])
def test_errors_are_those_of_scikit_learn(context, figures, name):
    i = VARIABLE_NAMES.index(name)
    truth, told = context.survey.variables[:, i], figures["variables"][name]
    rows = np.flatnonzero(context.pairs & np.isfinite(truth))
    assert told["n"] == len(rows)
    training = truth[context.training & np.isfinite(truth)].astype(np.float64)
    for method in ("mean", *EXPERTS):
        if method == "mean":
            estimates = np.full(len(rows), training.mean())
        else:
            estimates = by_scikit_learn(context, method, i, rows)
        value, low, high = told["mae"][method]
        assert value == pytest.approx(mean_absolute_error(truth[rows], estimates), rel=1e-4)
        assert low <= value <= high
        assert told["relative"][method][0] == pytest.approx(value / told["mae"]["mean"][0], rel=1e-4)


def test_the_expert_is_the_one_with_the_greatest_correlation_on_validation(context, figures):
    assert figures["chosen_on"] == "validation"
    for name in ("hard_hs", "flux_significance_b"):
        i = VARIABLE_NAMES.index(name)
        truth = context.survey.variables[:, i]
        rows = np.flatnonzero((context.survey.split == "validation") & np.isfinite(truth))
        tried = {e: pearsonr(by_scikit_learn(context, e, i, rows), truth[rows]).statistic for e in EXPERTS}
        told = figures["variables"][name]
        assert told["expert"] == max(tried, key=tried.__getitem__)
        assert told["pearson"] == pytest.approx(tried, rel=1e-3)
        assert told["mae"]["mixture"] == told["mae"][told["expert"]]
        alone = {m: told["mae"][m][0] for m in ("spectrum", "text")}
        assert told["better_alone"] == min(alone, key=alone.__getitem__)
        assert told["over_better"]["mixture"][0] == pytest.approx(
            1 - told["mae"]["mixture"][0] / min(alone.values()), abs=1e-5
        )


def test_averages_are_means_over_the_variables(figures):
    for method in figures["methods"]:
        average = figures["average"][method]
        for key in ("relative", "over_spectrum", "over_better"):
            each = [told[key][method][0] for told in figures["variables"].values() if told[key][method]]
            assert average[key][0] == pytest.approx(np.mean(each), abs=1e-4)
        gains = [told["over_better"][method] for told in figures["variables"].values() if told["over_better"][method]]
        assert average["n_better"] == sum(low > 0 for _, low, _ in gains)
        assert average["n_worse"] == sum(high < 0 for _, _, high in gains)


def test_values_dealt_out_anew_are_worth_nothing(figures):
    assert figures["average"]["shuffled"]["relative"][0] > 0.95
    assert figures["average"]["spectrum"]["relative"][2] < figures["average"]["shuffled"]["relative"][1]


def test_a_variable_of_chance_costs_what_theory_says(context):
    """Three neighbours of a normal variable that has nothing to do with them: √(1 + 1/3) times the mean's error."""
    n, unknown = 1500, VARIABLE_NAMES.index("apec_z")
    rng = np.random.default_rng(0)
    variables = rng.normal(size=(n, len(VARIABLE_NAMES))).astype(np.float32)
    variables[:, unknown] = np.nan
    survey = SimpleNamespace(
        variables=variables,
        split=np.repeat(["train", "validation", "test"], n // 3),
        text_mask=np.ones((n, 3), bool),
        text=rng.normal(size=(n, 8)).astype(np.float32),
        name="chance",
        simulated=True,
        origin="simulated",
    )
    latents = {name: rng.normal(size=(n, 8)).astype(np.float32) for name in EXPERTS}
    run = SimpleNamespace(latents=latents.__getitem__, run_id="chance-1", folder=context.config.data_dir / "nowhere")
    chance = dataclasses.replace(context, survey=survey, run=run)
    figures = {"provenance": chance.provenance(), **PART.compute(chance, on_step=None)}
    for method in (*EXPERTS, "mixture", "shuffled"):
        assert figures["average"][method]["relative"][0] == pytest.approx(np.sqrt(4 / 3), abs=0.02)
    # Nor do calibrated intervals fail where estimates are worth nothing.
    assert figures["within_tolerance"]["mixture"]["95"] >= 16
    assert figures["heads"] is None
    assert "heads" not in figures["methods"]
    # A variable that no source has is told as such, and everything else as if it were not there.
    json.dumps(figures, allow_nan=False)
    told = figures["variables"]["apec_z"]
    assert (told["n"], told["expert"], told["mae"]["mixture"]) == (0, None, None)
    assert figures["coverage"]["mixture"]["apec_z"]["68"] is None
    row = PART.tables(figures)[0].rows[unknown]
    assert [cell.value for cell in row[1:]] == [0, *[None] * (len(row) - 2)]


def test_sources_without_text_are_neither_judged_nor_neighbours_of_texts(context):
    mask = np.array(context.survey.text_mask)
    silent = np.arange(len(mask)) % 3 == 0
    mask[silent] = False
    survey = SimpleNamespace(
        text_mask=mask,
        split=context.survey.split,
        text=np.where(silent[:, None], 0, context.survey.text),
        variables=np.where(silent[:, None], 1e6, context.survey.variables).astype(np.float32),
    )
    questions = Questions(dataclasses.replace(context, survey=survey))
    assert not silent[questions.judged].any()
    assert not silent[questions.tuning].any()
    for expert in EXPERTS:
        reads_text = expert not in ("spectrum", "spectrum_aligned")
        assert silent[questions.neighbours(expert)].any() != reads_text
    told = dict(zip(EXPERTS, np.nanmax(ask_experts(questions).value, axis=(1, 2)), strict=True))
    assert {expert for expert, largest in told.items() if largest > 1e5} == {"spectrum", "spectrum_aligned"}


def test_on_the_validation_split_nothing_is_tuned_on_it(context):
    questions = Questions(dataclasses.replace(context, split="validation"))
    assert questions.tuning_splits == ("calibration",)
    assert not np.isin(questions.judged, questions.tuning).any()


def test_heads_are_chosen_by_their_validation_errors(context, figures):
    heads = best_heads(context.run)
    assert heads is not None
    assert figures["heads"]["id"] == heads.heads_id
    quantiles = heads_quantiles(heads)
    assert (np.diff(quantiles[np.isfinite(quantiles).all(axis=2)], axis=1) >= 0).all()
    i = VARIABLE_NAMES.index("hard_hs")
    truth = context.survey.variables[context.pairs, i]
    limits = quantiles[context.pairs, i]
    held = np.mean((truth >= limits[:, 1]) & (truth <= limits[:, 3]))
    assert figures["coverage"]["heads"]["hard_hs"]["68"][0] == pytest.approx(held, abs=1e-5)
    assert figures["variables"]["hard_hs"]["mae"]["heads"][0] == pytest.approx(
        mean_absolute_error(truth, limits[:, 2]), rel=1e-4
    )


def test_the_kept_intervals_hold_as_many_as_is_told(context, figures):
    assert figures["rows"] == np.flatnonzero(context.pairs).tolist()
    for i, name in enumerate(VARIABLE_NAMES):
        kept, truth = figures["estimates"][name], context.survey.variables[context.pairs, i]
        low, high = (np.array(kept[key], np.float64) for key in ("low", "high"))
        n = int(np.isfinite(truth).sum())
        # Limits are kept with four digits: a truth on a limit may fall to the other side.
        margin = 1e-3 * (np.abs(truth) + 1e-3)
        held = ((truth >= low - margin) & (truth <= high + margin)).sum()
        assert figures["coverage"]["mixture"][name]["68"][0] * n == pytest.approx(held, abs=1.1)


def test_tables_mark_the_best_and_those_within_its_interval(figures):
    errors, averages, coverage, heads = PART.tables(figures)
    assert [len(t.rows) for t in (errors, averages, coverage, heads)] == [21, len(figures["methods"]) + 1, 20, 20]
    methods = [c.name for c in errors.columns[2:-1]]
    assert methods == [m for m in figures["methods"] if m != "shuffled"]
    assert "paper" not in [c.name for c in errors.columns]
    assert "not available offline" in errors.caption
    for row, told in zip(errors.rows, figures["variables"].values(), strict=False):
        values = {m: told["mae"][m] for m in methods}
        best = min(values, key=lambda m: values[m][0])
        marked = dict(zip(methods, row[2:-1], strict=True))
        assert [m for m in methods if marked[m].is_best] == [best]
        assert {m for m in methods if marked[m].is_near_best} == {m for m in methods if values[m][0] <= values[best][2]}
    for table in (errors, averages, coverage, heads):
        assert "test split" in table.caption
        assert f"seed {SEED}" in table.caption
        assert f"n = {figures['n_judged']}" in table.caption
        for form in ("markdown", "csv", "latex"):
            assert table.to(form)
    near = sum(row[3].is_near_best for row in coverage.rows)
    assert near == figures["within_tolerance"]["mixture"]["68"]


def test_the_papers_values_have_a_column_once_they_are_filled_in(figures, monkeypatch):
    monkeypatch.setattr(parameters_tables, "PAPER_MAE", {"hard_hs": 0.25})
    table = PART.tables(figures)[0]
    assert table.columns[-1].name == "paper"
    assert [row[-1].value for row in table.rows] == [0.25, *[None] * 20]


def test_findings_follow_the_figures(figures):
    average = figures["average"]["mixture"]["over_spectrum"][0]
    assert f"{100 * abs(average):.1f}%" in errors_finding(figures)
    assert ("less" if average >= 0 else "more") in errors_finding(figures)
    assert f"for {figures['within_tolerance']['mixture']['68']} of 20" in coverage_finding(figures)
    assert accuracy_finding(figures).startswith("Told best: ")
