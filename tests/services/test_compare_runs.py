"""Two runs of a small demo compared: against figures computed directly, and against a run made worse on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.analysis.retrieval import candidates_within, partner_ranks
from alignlab.errors import AlignlabError
from alignlab.progress import StoppedError
from alignlab.services import compare_runs as service
from alignlab.services.compare_runs import FigureDifference, compare_runs, is_compared, open_pair
from alignlab.services.compare_runs_text import comparison_text, difference_words, variables_sentence, verdict_sentence
from alignlab.services.recipe_words import AS_IN_THE_PAPER, recipe_differences, recipe_in_words
from alignlab.services.workspace import Catalogue
from alignlab.store.run import RunContents, write_run
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="module")
def catalogue(two_runs) -> Catalogue:
    return Catalogue(two_runs)


@pytest.fixture(scope="module")
def survey(catalogue):
    return catalogue.survey("demo")


@pytest.fixture(scope="module")
def pair(catalogue):
    return open_pair(catalogue, "demo", *catalogue.run_ids("demo"))


@pytest.fixture(scope="module")
def comparison(survey, pair):
    return compare_runs(survey, *pair)


def test_figures_are_those_of_each_run_on_the_same_test_sources(comparison, survey, pair):
    rows = (survey.split == "test") & survey.text_mask.any(axis=1)
    assert comparison.n_pairs == rows.sum()
    for place, run in zip(("first", "second"), pair, strict=True):
        ranks = partner_ranks(run.latents("spectrum_aligned")[rows], run.latents("text_aligned")[rows])
        told = {f.label: getattr(f, place) for f in comparison.figures if f.direction == "spectrum → text"}
        assert told["median rank"] == np.median(ranks)
        assert told["mean reciprocal rank"] == pytest.approx((1 / ranks).mean())
        assert told["recall@5%"] == pytest.approx((ranks <= candidates_within(rows.sum(), 5)).mean())
        assert told["median rank"] == run.metrics["retrieval"]["median_rank"]
    assert len(comparison.figures) == 10
    for figure in comparison.figures:
        assert figure.difference == pytest.approx(figure.second - figure.first)
        assert figure.low <= figure.difference <= figure.high


def test_errors_of_variables_are_those_that_the_runs_state(comparison, pair):
    for place, run in zip((comparison.variables.first, comparison.variables.second), pair, strict=True):
        stated = run.metrics["estimates"]["variables"]
        for number, name in enumerate(VARIABLE_NAMES):
            assert place[number] == pytest.approx(stated[name]["mae"], rel=1e-3)
    baseline = [pair[0].metrics["estimates"]["variables"][name]["mean_baseline_mae"] for name in VARIABLE_NAMES]
    np.testing.assert_allclose(comparison.variables.baseline, baseline, rtol=1e-3)
    order = comparison.variables.by_change()
    change = comparison.variables.relative(comparison.variables.difference)[order]
    assert sorted(order) == list(range(20))
    assert (np.diff(change[np.isfinite(change)]) >= 0).all()


def test_turned_round_better_becomes_worse(comparison, survey, pair):
    back = compare_runs(survey, *reversed(pair))
    opposite = {"better": "worse", "worse": "better", "no difference seen": "no difference seen"}
    for there, here in zip(comparison.figures, back.figures, strict=True):
        assert here.verdict == opposite[there.verdict]
    assert set(back.neighbours.gained) == set(comparison.neighbours.lost)


def test_a_run_whose_texts_were_shuffled_is_found_to_be_worse(survey, pair, tmp_path):
    first = pair[0]
    rng = np.random.default_rng(0)
    latents = {name: first.latents(name) for name in ("spectrum", "spectrum_aligned", "text_aligned")}
    spoilt = {**latents, "text_aligned": latents["text_aligned"][rng.permutation(survey.n_sources)]}
    values = first.estimates.copy()
    truth = survey.variables[:, VARIABLE_NAMES.index("hard_hs")]
    values["hard_hs"] = truth + 3.0
    contents = RunContents(
        latents=spoilt, reconstruction=np.asarray(first.reconstruction), estimates=values, metrics={},
        history=first.history, weights={"w": np.zeros(1, np.float32)},
    )  # fmt: skip
    second = write_run(contents, replace(first.meta, name="spoilt"), tmp_path)
    found = compare_runs(survey, first, second)
    verdicts = [f.verdict for f in found.figures]
    assert "better" not in verdicts
    assert [f.verdict for f in found.figures if f.label == "median rank"] == ["worse", "worse"]
    assert verdict_sentence(found).startswith("spoilt is worse than ")
    assert found.variables.clear[VARIABLE_NAMES.index("hard_hs")]
    assert found.variables.clear.sum() == 1
    assert "1 of 20 variables differs; estimated worse: hardness (hard − soft)" in variables_sentence(found)
    assert found.recipe == ()
    second.close()


def test_it_is_computed_once_and_can_be_stopped(survey, pair):
    steps: list[str] = []

    def on_step(done: int, total: int, info: str) -> bool:
        steps.append(info)
        return len(steps) < 3

    assert is_compared(survey, *pair)
    compare_runs(survey, *pair, on_step=on_step)
    assert steps == []
    with pytest.raises(StoppedError):
        compare_runs(survey, *pair, seed=99, on_step=on_step)
    assert not is_compared(survey, *pair, seed=99)
    assert len(service._cache) <= service._KEPT


def test_only_two_runs_of_one_survey_are_compared(catalogue, pair):
    first = pair[0].run_id
    with pytest.raises(AlignlabError, match="cannot be compared with itself"):
        open_pair(catalogue, "demo", first, first)
    with pytest.raises(AlignlabError, match=r"There is no run 'nope'\. Choose one of"):
        open_pair(catalogue, "demo", first, "nope")


def test_a_run_of_another_survey_is_named(two_runs_copy):
    catalogue = Catalogue(two_runs_copy)
    first, second = catalogue.run_ids("demo")
    (two_runs_copy.surveys_dir / "demo").rename(two_runs_copy.surveys_dir / "other")
    (two_runs_copy.runs_dir / "other").mkdir()
    (two_runs_copy.runs_dir / "demo" / second).rename(two_runs_copy.runs_dir / "other" / second)
    with pytest.raises(AlignlabError, match=f"{second} is a run of survey 'other', not of 'demo'"):
        open_pair(catalogue, "demo", first, second)


def test_in_words_for_a_terminal(comparison, survey):
    text = comparison_text(comparison, survey)
    assert f"n = {comparison.n_pairs} simulated sources with texts" in text
    assert "paired bootstrap, 2,000 resamples, seed 0" in text
    for name in ("recall@1%", "median rank", "powlaw_nh", "outliers gained", "shared dim\t64\t16", "seed\t"):
        assert name in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("kind", "values", "verdict", "words"),
    [
        ("share", (0.038, 0.012, 0.063), "better", "+3.8 points (+1.2 to +6.3)"),
        ("rank", (9.0, 2.0, 16.0), "worse", "+9.0 (+2.0 to +16.0)"),
        ("mean", (-0.004, -0.01, 0.002), "no difference seen", "−0.004 (−0.010 to +0.002)"),
        ("share", (0.0, 0.0, 0.0), "no difference seen", "0.0 points (0.0 to 0.0)"),
    ],
)
def test_a_difference_in_words(kind, values, verdict, words):
    difference, low, high = values
    figure = FigureDifference(
        label="x", direction="y", kind=kind, first=0, second=difference, difference=difference, low=low, high=high
    )
    assert figure.verdict == verdict
    assert difference_words(figure) == words


def test_recipes_in_words(pair):
    first, second = (run.recipe for run in pair)
    assert recipe_in_words(first) == AS_IN_THE_PAPER
    assert "shared dim 16" in recipe_in_words(second)
    assert {d.name for d in recipe_differences(first, second)} >= {"shared dim", "temperature", "max epochs", "seed"}
    ensemble = {**first, "ensemble": {"members": 4, "varied": {"1": {"dropout": 0.1}, "2": {"dropout": 0.2}}}}
    assert recipe_in_words(ensemble) == "members 4, members with a recipe of their own 2"
    # A recipe from before a choice existed made the choice that is the default now.
    older = {**first, "alignment": {k: v for k, v in first["alignment"].items() if k != "loss"}}
    assert recipe_differences(first, older) == []
