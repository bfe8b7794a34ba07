"""From latents to calibrated answers: what is missing stays missing, what was promised holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.errors import AlignlabError
from alignlab.progress import StoppedError
from alignlab.training.small_heads.fit import SmallHeadsResult, SurveyAnswers, fit_small_heads
from alignlab.training.small_heads.streams import Streams, make_streams
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.variables import VARIABLE_NAMES

N = 2000
RIDGE = SmallHeadsRecipe(method="ridge", fusion="concatenate", modalities=("spectrum", "text"))


@pytest.fixture(scope="module")
def survey() -> tuple[Streams, SurveyAnswers]:
    """Hardness follows the spectrum, the other variables are noise, one is never known; every fifth lacks papers."""
    rng = np.random.default_rng(0)
    spectrum, text = rng.normal(size=(N, 4)), rng.normal(size=(N, 6))
    mask = np.repeat(np.arange(N) % 5 != 0, 3).reshape(N, 3)
    variables = rng.uniform(0.1, 0.9, size=(N, len(VARIABLE_NAMES)))
    variables[:, 0] = np.clip(0.3 * spectrum[:, 0] + 0.2 * rng.normal(size=N), -1, 1)
    variables[rng.random(N) < 0.3, 3] = np.nan
    variables[:, 7] = np.nan
    classes = np.where(spectrum[:, 1] > 0, "AGN", "star")
    classes[:100] = ""
    split = rng.choice(["train", "calibration", "validation", "test"], N, p=[0.4, 0.1, 0.2, 0.3])
    streams = make_streams(("spectrum", "text"), {"spectrum": spectrum, "text": text}, mask)
    return streams, SurveyAnswers(variables=variables, classes=classes, split=split)


@pytest.fixture(scope="module")
def result(survey: tuple[Streams, SurveyAnswers]) -> SmallHeadsResult:
    return fit_small_heads(RIDGE, *survey, seed=0)


def test_every_source_is_answered_and_what_nobody_has_is_not(result: SmallHeadsResult) -> None:
    assert result.quantiles is not None
    assert result.probabilities is not None
    unknown = np.isnan(result.quantiles)
    assert unknown[:, 7].all()
    assert not np.delete(unknown, 7, axis=1).any()
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1, atol=1e-6)
    assert result.classes == ("AGN", "star")


@pytest.mark.parametrize("view", ["all", "spectrum", "text"])
def test_new_sources_are_covered_as_promised_whatever_is_withheld(result: SmallHeadsResult, view: str) -> None:
    scores = result.figures["variables"]["test"][view]
    assert scores["mean_coverage_68"] == pytest.approx(0.68, abs=0.05)
    assert scores["mean_coverage_95"] == pytest.approx(0.95, abs=0.03)
    assert result.figures["variables"]["calibration"][view]["origin_95"][0] == "own"
    assert result.figures["variables"]["calibration"][view]["n"][7] == 0


def test_figures_tell_where_the_knowledge_is(result: SmallHeadsResult) -> None:
    hardness = {v: s["variables"]["hard_hs"] for v, s in result.figures["variables"]["test"].items()}
    assert hardness["all"]["relative_mae"] < 0.7
    assert hardness["spectrum"]["relative_mae"] < 0.7
    assert hardness["text"]["relative_mae"] > 0.95
    accuracy = {v: s["balanced_accuracy"] for v, s in result.figures["class"]["test"].items()}
    assert accuracy["spectrum"] > 0.9
    assert 0.4 < accuracy["text"] < 0.6


def test_a_source_without_papers_is_answered_like_one_whose_papers_are_withheld(
    survey: tuple[Streams, SurveyAnswers], result: SmallHeadsResult
) -> None:
    streams, answers = survey
    alone = fit_small_heads(replace(RIDGE, modalities=("spectrum",)), streams.of_modality("spectrum"), answers, seed=0)
    without = ~streams.has(["text"])
    assert result.quantiles is not None
    assert alone.quantiles is not None
    np.testing.assert_allclose(result.quantiles[without], alone.quantiles[without], rtol=1e-5)
    assert list(alone.figures["variables"]["test"]) == ["all"]


def test_the_same_seed_gives_the_same_answers(survey: tuple[Streams, SurveyAnswers]) -> None:
    recipe = SmallHeadsRecipe(modalities=("spectrum", "text"), task="variables", hidden_dim=8, max_epochs=2)
    first, second = (fit_small_heads(recipe, *survey, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.quantiles, second.quantiles)
    assert first.history == second.history
    for name, value in first.weights.items():
        np.testing.assert_array_equal(value, second.weights[name])


def test_intervals_calibrated_on_all_held_out_sources_hold_too(survey: tuple[Streams, SurveyAnswers]) -> None:
    found = fit_small_heads(replace(RIDGE, task="variables", calibrate="held-out"), *survey, seed=0)
    split, known = survey[1].split, np.isfinite(np.asarray(survey[1].variables))
    held_out = np.isin(split, ["calibration", "validation"])
    has_both = survey[0].has(["spectrum", "text"])
    told = found.figures["variables"]
    assert told["calibration"]["all"]["n"] == (known & (held_out & has_both)[:, None]).sum(axis=0).tolist()
    assert told["test"]["all"]["mean_coverage_68"] == pytest.approx(0.68, abs=0.04)


def test_a_default_that_came_later_does_not_rename_heads_made_before() -> None:
    assert "calibrate" not in RIDGE.identity()
    assert replace(RIDGE, calibrate="held-out").identity() != RIDGE.identity()


def test_epochs_are_numbered_on_from_task_to_task(survey: tuple[Streams, SurveyAnswers]) -> None:
    recipe = SmallHeadsRecipe(modalities=("spectrum", "text"), fusion="average", hidden_dim=8, max_epochs=2)
    found = fit_small_heads(recipe, *survey, seed=5)
    assert [epoch.epoch for epoch in found.history] == list(range(1, len(found.history) + 1))
    networks = dict.fromkeys(epoch.network for epoch in found.history)
    assert list(networks) == ["variables spectrum", "variables text", "class spectrum", "class text"]


def test_it_stops_on_request(survey: tuple[Streams, SurveyAnswers]) -> None:
    with pytest.raises(StoppedError):
        fit_small_heads(RIDGE, *survey, seed=0, on_step=lambda done, total, info: done < total // 2)


def test_a_split_without_known_answers_is_named(survey: tuple[Streams, SurveyAnswers]) -> None:
    streams, answers = survey
    nameless = replace(answers, classes=np.full(N, ""))
    with pytest.raises(AlignlabError, match="The validation split has 0 sources with latents and a known class"):
        fit_small_heads(replace(RIDGE, task="class"), streams, nameless, seed=0)


def test_latents_that_are_not_there_are_named() -> None:
    with pytest.raises(AlignlabError, match="no latents 'text'"):
        make_streams(("text",), {"spectrum": np.zeros((3, 2))})
    with pytest.raises(ValueError, match=r"text_mask must have shape \(3, 3\)"):
        make_streams(("text",), {"text": np.zeros((3, 6))}, np.ones((3, 2), bool))
