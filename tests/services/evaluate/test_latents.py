"""Figures of the Latents page against scipy, scikit-learn and counting by hand, on a small demo."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from alignlab.analysis.formulas import r_squared
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.evaluate import EvaluationContext, formulas, latents, neighbours, part
from alignlab.services.evaluate.table import Table
from alignlab.services.workspace import Catalogue
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="module")
def context(small_demo: Config) -> EvaluationContext:
    workspace = Catalogue(small_demo).open_workspace()
    return EvaluationContext(config=small_demo, survey=workspace.survey, run=workspace.run, seed=3)


@pytest.fixture(scope="module")
def correlated(context: EvaluationContext) -> dict[str, Any]:
    return told(context, latents.compute(context))


@pytest.fixture(scope="module")
def found(context: EvaluationContext) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formulas, "N_LATENTS", 2)
        return told(context, formulas.compute(context))


@pytest.fixture(scope="module")
def alike(context: EvaluationContext) -> dict[str, Any]:
    return told(context, neighbours.compute(context))


def told(context: EvaluationContext, figures: dict[str, Any]) -> dict[str, Any]:
    """As it is read back."""
    return json.loads(json.dumps({"provenance": context.provenance(), **figures}, allow_nan=False))


def spearman(context: EvaluationContext, representation: str, latent: int, name: str) -> float:
    y = context.survey.variables[context.rows, VARIABLE_NAMES.index(name)]
    z = context.latents(representation)[context.rows, latent]
    return float(stats.spearmanr(z[np.isfinite(y)], y[np.isfinite(y)]).statistic)


def test_the_best_latents_are_those_that_scipy_finds(context, correlated):
    for name in latents.REPRESENTATIONS:
        figures = correlated["representations"][name]
        assert figures["n_latents"] == context.latents(name).shape[1]
        sizes = []
        for pair in figures["best"]:
            value = spearman(context, name, pair["latent"], pair["variable"])
            assert pair["spearman"]["value"] == pytest.approx(value, abs=1e-4)
            assert pair["spearman"]["low"] <= pair["spearman"]["value"] <= pair["spearman"]["high"]
            sizes.append(abs(value))
        assert figures["mean_best"]["value"] == pytest.approx(np.mean(sizes), abs=1e-4)
    one = correlated["representations"]["spectrum"]["best"][0]
    all_of_it = [abs(spearman(context, "spectrum", z, one["variable"])) for z in range(64)]
    assert one["latent"] == np.argmax(all_of_it)


def test_every_coefficient_is_kept_for_the_heat_map(context, correlated):
    for name in latents.WHOLE:
        matrix = np.array(correlated["representations"][name]["spearman"], dtype=float)
        assert matrix.shape == (context.latents(name).shape[1], len(VARIABLE_NAMES))
        assert matrix[5, 0] == pytest.approx(spearman(context, name, 5, VARIABLE_NAMES[0]), abs=6e-4)


def test_latents_chosen_by_others_are_no_better_and_chance_is_far_below(correlated):
    for figures in correlated["representations"].values():
        assert figures["mean_chosen"]["value"] <= figures["mean_best"]["value"]
        assert 0 < figures["chance"]["mean"] < figures["chance"]["high"]
    aligned, text = (correlated["representations"][name] for name in ("spectrum_aligned", "text"))
    assert aligned["chance"]["high"] < aligned["mean_best"]["value"]
    # More latents, more chance.
    assert text["chance"]["mean"] > aligned["chance"]["mean"]


def test_pairs_of_both_are_told_with_their_information(correlated):
    both = correlated["representations"]["both"]
    strengths = [abs(pair["spearman"]["value"]) for pair in both["top_pairs"]]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] == pytest.approx(max(abs(pair["spearman"]["value"]) for pair in both["best"]))
    for pair in both["best"] + both["top_pairs"]:
        assert pair["bits"]["low"] <= pair["bits"]["value"] <= pair["bits"]["high"]


def test_a_variable_that_nobody_has_is_told_as_missing(context, monkeypatch):
    gone = context.survey.variables.copy()
    gone[:, 4] = np.nan
    monkeypatch.setitem(context.survey.__dict__, "variables", gone)
    figures = told(context, latents.compute(context))
    assert VARIABLE_NAMES[4] not in {p["variable"] for p in figures["representations"]["both"]["best"]}
    assert figures["n"][4] == 0
    row = latents.PART.tables(figures)[1].rows[4]
    assert [cell.value for cell in row[2:]] == [None] * len(row[2:])
    assert neighbours.compute(context)["k"]["10"]["spread"]["both"]["variables"][4]["value"] is None


def test_formulas_explain_what_their_figures_say(context, found):
    assert [entry["label"].split()[0] in {"spectrum", "text"} for entry in found["latents"]] == [True, True]
    assert len({entry["follows"] for entry in found["latents"]}) == 2
    assert found["n"] <= formulas.N_DRAWN  # so that all sources are drawn, and R² can be computed from what is kept
    for entry in found["latents"]:
        for told_formula in entry["front"]:
            r2 = r_squared(entry["true"], np.array(told_formula["predicted"])[:, None])[0]
            assert told_formula["r2"]["value"] == pytest.approx(r2, abs=0.01)
            assert told_formula["r2"]["low"] < told_formula["r2"]["value"] < told_formula["r2"]["high"]
            assert set(told_formula["symbols"]) <= {told["symbol"] for told in found["inputs"]}
        lengths = [told_formula["complexity"] for told_formula in entry["front"]]
        assert lengths == sorted(lengths)
        best = max(told_formula["r2_validation"] for told_formula in entry["front"])
        shown = entry["front"][entry["chosen"]]
        assert shown["r2_validation"] >= 0.95 * best
        assert all(f["r2_validation"] < 0.95 * best for f in entry["front"][: entry["chosen"]])


def test_logarithms_are_taken_of_what_is_shown_on_such_a_scale():
    values = np.full((2, 20), np.nan, np.float32)
    values[0, [VARIABLE_NAMES.index(name) for name in ("powlaw_nh", "bb_kt", "hard_hs")]] = 99, 0.01, -0.5
    values[1, VARIABLE_NAMES.index("bb_kt")] = 0
    columns = formulas.scaled(values, ["powlaw_nh", "bb_kt", "hard_hs"])
    np.testing.assert_allclose(columns[0], [2, -2, -0.5], rtol=1e-6)
    assert np.isnan(columns[1]).all()


def test_spread_among_neighbours_counted_pair_by_pair(context, alike):
    column = VARIABLE_NAMES.index("hard_hs")
    y = context.survey.variables[context.training, column].astype(float)
    order = stats.rankdata(y)
    random = np.mean([abs(a - b) for a, b in combinations(order, 2)])
    base = context.latents("spectrum_aligned")[context.training]
    search = NearestNeighbors(n_neighbors=5, metric="cosine").fit(base)
    near = search.kneighbors(context.latents("spectrum_aligned")[context.pairs], return_distance=False)
    each = [np.mean([abs(a - b) for a, b in combinations(order[row], 2)]) / random for row in near]
    figure = alike["k"]["5"]["spread"]["spectrum_aligned"]["variables"][column]
    assert figure["value"] == pytest.approx(np.mean(each), rel=1e-3)
    error = np.std(each) / np.sqrt(len(each))
    assert (figure["high"] - figure["low"]) / 2 == pytest.approx(1.96 * error, rel=0.15)


def test_a_change_is_the_difference_of_two_spreads(alike):
    for figures in alike["k"].values():
        for after, change in figures["change"].items():
            ours, before = (figures["spread"][name]["variables"][0]["value"] for name in (after, change["before"]))
            assert change["variables"][0]["value"] == pytest.approx(ours - before, abs=1e-4)
    assert neighbours.verdict({"value": -0.1, "low": -0.2, "high": -0.01}) == "more alike"
    assert neighbours.verdict({"value": 0.1, "low": 0.01, "high": 0.2}) == "less alike"
    assert neighbours.verdict({"value": 0.1, "low": -0.01, "high": 0.2}) == "no difference seen"
    assert neighbours.verdict({"value": None, "low": None, "high": None}) == "unknown"


def test_surveys_without_text_or_with_few_fits_are_refused(context, monkeypatch):
    monkeypatch.setitem(context.survey.__dict__, "variables", np.full_like(context.survey.variables, np.nan))
    with pytest.raises(AlignlabError, match="too few sources for formulas: in one of the splits 0 have"):
        formulas.compute(context)
    monkeypatch.setitem(context.__dict__, "pairs", np.zeros_like(context.pairs))
    with pytest.raises(AlignlabError, match="0 sources of the test split have any text"):
        neighbours.compute(context)


def test_tables_are_told_in_every_form(correlated, found, alike):
    for name, figures in {"latents": correlated, "formulas": found, "neighbours": alike}.items():
        tables: list[Table] = list(part(name).tables(figures))
        assert len({table.name for table in tables}) == len(tables) > 0
        for table in tables:
            assert table.rows
            assert "seed 3" in table.caption
            assert "test split" in table.caption
            assert all(table.to(form) for form in ("markdown", "csv", "latex"))
    means = latents.PART.tables(correlated)[0]
    assert [row[-1].value for row in means.rows] == [None, None, 0.43, 0.30, 0.55]
