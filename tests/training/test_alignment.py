"""Alignment training on toy surveys whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from alignlab.analysis.retrieval import retrieval_metrics
from alignlab.errors import AlignlabError
from alignlab.models.heads import apply_heads
from alignlab.progress import StoppedError
from alignlab.training import alignment_trainer
from alignlab.training.alignment import AlignmentEpoch, train_alignment
from alignlab.training.pairs import Pairs, hide_aspects
from alignlab.training.recipe import AlignmentRecipe

RECIPE = AlignmentRecipe(
    name="toy", hidden_dim=64, shared_dim=16, batch_size=128, max_epochs=15, learning_rate=3e-3, temperature=0.1
)


def toy_survey(*, related: bool = True, n: int = 900, seed: int = 0) -> dict[str, Any]:
    """Sources whose spectrum and texts are noisy linear views of the same five hidden numbers, or of different ones."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 5))
    other = hidden if related else rng.normal(size=(n, 5))
    spectrum = hidden @ rng.normal(size=(5, 12)) + 0.3 * rng.normal(size=(n, 12)) + 4
    text = other @ rng.normal(size=(5, 24)) + 0.3 * rng.normal(size=(n, 24))
    mask = rng.random((n, 3)) < 0.9
    mask[0] = False
    split = rng.choice(["train", "calibration", "validation", "test"], n, p=[0.6, 0.1, 0.15, 0.15])
    split[0] = "train"
    return {"spectrum": spectrum, "text": np.where(np.repeat(mask, 8, axis=1), text, 0), "mask": mask, "split": split}


def test_related_modalities_are_found_on_unseen_sources_far_above_chance() -> None:
    survey = toy_survey()
    result = train_alignment(RECIPE, **survey, seed=1)
    test = survey["split"] == "test"
    found = retrieval_metrics(
        result.spectrum_aligned[test], result.text_aligned[test], rng=np.random.default_rng(0), n_bootstrap=20
    )
    assert found.median_rank <= 5
    assert found.recall[5] > 0.7
    assert result.validation.recall[5] > 0.7
    np.testing.assert_allclose(np.linalg.norm(result.spectrum_aligned, axis=1), 1, rtol=1e-5)
    assert result.history[result.best_epoch - 1].validation_score == min(e.validation_score for e in result.history)


def test_unrelated_modalities_stay_at_chance() -> None:
    survey = toy_survey(related=False)
    result = train_alignment(replace(RECIPE, patience=3), **survey, seed=1)
    test = survey["split"] == "test"
    found = retrieval_metrics(
        result.spectrum_aligned[test], result.text_aligned[test], rng=np.random.default_rng(0), n_bootstrap=20
    )
    assert found.recall[10] < 0.2


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": "learned"},
        {"loss": "symmetric"},
        {"loss": "regularised"},
        {"loss": "sigmoid"},
        {"loss": "sigmoid", "temperature": "learned"},
        {"aspect_dropout": 0.3},
        {"aspects": ("nature", "environment")},
        {"hidden_layers": 0, "missing_aspect": "zero"},
    ],
)
def test_every_choice_learns(change: dict[str, Any]) -> None:
    survey = toy_survey(n=600)
    result = train_alignment(replace(RECIPE, **change), **survey, seed=1)
    assert result.validation.recall[10] > 0.5
    assert result.validation.n_candidates > 60


def test_a_learned_temperature_moves_and_is_told() -> None:
    result = train_alignment(
        replace(RECIPE, temperature="learned", initial_temperature=0.5), **toy_survey(n=400), seed=1
    )
    told = [epoch.temperature for epoch in result.history]
    assert min(told) < 0.4
    assert result.temperature == told[result.best_epoch - 1]


def test_an_aspect_that_is_not_chosen_has_no_influence() -> None:
    survey, recipe = toy_survey(n=300), replace(RECIPE, aspects=("nature",), max_epochs=2)
    garbled = {**survey, "text": np.hstack([survey["text"][:, :8], np.full((300, 16), 7.0)])}
    first, second = (train_alignment(recipe, **s, seed=1) for s in (survey, garbled))
    np.testing.assert_array_equal(first.text_aligned, second.text_aligned)
    everything = np.ones((300, 3), bool)
    _, placed = apply_heads(first.weights, text=garbled["text"], mask=everything)
    _, alone = apply_heads(first.weights, text=survey["text"], mask=everything & [True, False, False])
    np.testing.assert_allclose(placed, alone, atol=1e-6)


def test_hiding_aspects_leaves_each_source_at_least_one_and_hides_that_share() -> None:
    torch.manual_seed(0)
    mask = torch.rand(4000, 3) < 0.7
    mask[:, 0] |= ~mask.any(dim=1)
    hidden = hide_aspects(Pairs(torch.zeros(4000, 1), torch.ones(4000, 6), mask), 0.4)
    assert bool((hidden.mask <= mask).all())
    assert bool(hidden.mask.any(dim=1).all())
    np.testing.assert_array_equal(hidden.text.numpy(), np.repeat(hidden.mask.numpy(), 2, axis=1))
    full = mask.all(dim=1)
    # Each is hidden with probability 0.4, but for the one in 0.4 ** 3 cases that would hide all three.
    assert float(hidden.mask[full].float().sum(1).mean()) == pytest.approx(3 * 0.6 + 0.4**3, abs=0.05)


def test_wide_texts_come_to_the_same_answer_in_reduced_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    survey = toy_survey(n=500)
    plain = train_alignment(RECIPE, **survey, seed=1)
    monkeypatch.setattr(alignment_trainer, "_WIDE", 1)
    monkeypatch.setattr(alignment_trainer, "has_fast_bfloat16", lambda: True)
    reduced = train_alignment(RECIPE, **survey, seed=1)
    assert not np.array_equal(reduced.text_aligned, plain.text_aligned)
    assert reduced.validation.recall[5] == pytest.approx(plain.validation.recall[5], abs=0.12)


def test_the_course_of_a_training_is_told_epoch_by_epoch() -> None:
    recipe = replace(RECIPE, max_epochs=3, temperature=None, temperature_grid=(0.1, 0.2), tuning_epochs=2)
    told: list[AlignmentEpoch] = []
    result = train_alignment(recipe, **toy_survey(n=300), seed=1, on_epoch=told.append)
    assert [(e.epoch, e.phase) for e in told] == [
        (-3, "tuning"), (-2, "tuning"), (-1, "tuning"), (0, "tuning"),
        (1, "training"), (2, "training"), (3, "training"),
    ]  # fmt: skip
    assert [e.temperature for e in told] == [0.1, 0.1, 0.2, 0.2, *[result.temperature] * 3]
    assert tuple(told[4:]) == result.history
    best = result.history[result.best_epoch - 1]
    assert best.median_rank == result.validation.median_rank
    assert best.recall_at_1_percent == pytest.approx(result.validation.recall[1])
    assert best.recall_at_5_percent == pytest.approx(result.validation.recall[5])
    assert all(e.pairs_per_s > 0 for e in told)


def test_a_loss_that_is_no_number_ends_the_training_in_words() -> None:
    survey = toy_survey(n=100)
    huge = {**survey, "spectrum": np.full_like(survey["spectrum"], 3e38)}
    with pytest.raises(AlignlabError, match=r"diverged: its loss is nan in epoch 1\. Choose a lower learning rate"):
        train_alignment(RECIPE, **huge, seed=1)


def test_the_weights_reproduce_the_aligned_latents() -> None:
    survey = toy_survey(n=400)
    result = train_alignment(replace(RECIPE, max_epochs=3), **survey, seed=2)
    spectrum, text = apply_heads(result.weights, spectrum=survey["spectrum"], text=survey["text"], mask=survey["mask"])
    np.testing.assert_allclose(spectrum, result.spectrum_aligned, atol=1e-5)
    np.testing.assert_allclose(text, result.text_aligned, atol=1e-5)


def test_same_seed_same_weights_and_another_seed_others() -> None:
    survey = toy_survey(n=400)
    recipe = replace(RECIPE, max_epochs=3, temperature=None, temperature_grid=(0.05, 0.2), tuning_epochs=1)
    first, second, other = (train_alignment(recipe, **survey, seed=s) for s in (5, 5, 6))
    for name, value in first.weights.items():
        np.testing.assert_array_equal(value, second.weights[name])
    assert first.history == second.history
    assert not np.array_equal(first.spectrum_aligned, other.spectrum_aligned)


def test_the_number_of_threads_does_not_change_the_weights() -> None:
    survey, recipe, before = toy_survey(n=400), replace(RECIPE, max_epochs=2), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = train_alignment(recipe, **survey, seed=1)
        torch.set_num_threads(2)
        second = train_alignment(recipe, **survey, seed=1)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(
        first.weights["text_head.layers.0.weight"], second.weights["text_head.layers.0.weight"]
    )


def test_the_global_random_state_and_threads_are_left_alone() -> None:
    torch.manual_seed(3)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    train_alignment(replace(RECIPE, max_epochs=1), **toy_survey(n=200), seed=1)
    assert bool((torch.random.get_rng_state() == before).all())
    assert torch.get_num_threads() == threads


def test_temperature_is_tuned_on_the_calibration_split_alone() -> None:
    survey = toy_survey()
    recipe = replace(RECIPE, max_epochs=2, temperature=None, temperature_grid=(0.01, 0.1, 1.0), tuning_epochs=3)
    result = train_alignment(recipe, **survey, seed=1)
    assert set(result.calibration_scores) == {0.01, 0.1, 1.0}
    assert result.temperature == min(result.calibration_scores, key=result.calibration_scores.__getitem__)
    held_out = np.isin(survey["split"], ["validation", "test"])
    garbled = {**survey, "text": np.where(held_out[:, None], 9.0, survey["text"])}
    assert train_alignment(recipe, **garbled, seed=1).calibration_scores == result.calibration_scores


def test_test_sources_have_no_influence_on_the_weights() -> None:
    survey = toy_survey(n=400)
    recipe = replace(RECIPE, max_epochs=3)
    test = survey["split"] == "test"
    garbled = {**survey, "spectrum": np.where(test[:, None], -50.0, survey["spectrum"])}
    first, second = (train_alignment(recipe, **s, seed=1) for s in (survey, garbled))
    for name, value in first.weights.items():
        np.testing.assert_array_equal(value, second.weights[name])


def test_training_stops_when_patience_runs_out_and_keeps_the_best() -> None:
    survey = toy_survey(related=False, n=400)
    result = train_alignment(replace(RECIPE, max_epochs=60, patience=2), **survey, seed=1)
    assert len(result.history) == result.best_epoch + 2 < 60


def test_progress_is_told_and_stopping_obeyed() -> None:
    survey = toy_survey(n=300)
    recipe = replace(RECIPE, max_epochs=4, temperature=None, temperature_grid=(0.1, 0.2), tuning_epochs=2)
    steps: list[tuple[int, int]] = []

    def on_step(done: int, total: int, info: str) -> bool:
        steps.append((done, total))
        return True

    train_alignment(recipe, **survey, seed=1, on_step=on_step)
    assert steps == [(i, 8) for i in range(1, 9)]
    with pytest.raises(StoppedError, match="3 of 8"):
        train_alignment(recipe, **survey, seed=1, on_step=lambda done, total, info: done < 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {"spectrum": s["spectrum"][:-1]}, "must fit it"),
        (lambda s: {"text": s["text"][:, :23]}, r"text \(n, 3 d\)"),
        (lambda s: {"text": np.where(s["text"] == s["text"][3], np.nan, s["text"])}, "text has NaN"),
        (lambda s: {"split": np.full(len(s["split"]), "train")}, "the validation split has 0 sources"),
        (lambda s: {"split": np.full(len(s["split"]), "holdout")}, "not holdout"),
    ],
)
def test_bad_input_is_refused(change: Any, message: str) -> None:
    survey = toy_survey(n=100)
    with pytest.raises(ValueError, match=message):
        train_alignment(RECIPE, **{**survey, **change(survey)}, seed=1)
