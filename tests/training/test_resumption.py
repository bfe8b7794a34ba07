"""A training that was stopped at any epoch and taken up again gives the weights of one that was not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.progress import StoppedError
from alignlab.training import checkpoint as checkpoint_module
from alignlab.training.alignment import AlignmentEpoch, train_alignment
from alignlab.training.encoder import train_encoder
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe
from tests.training.test_alignment import toy_survey
from tests.training.test_encoder import toy_survey as toy_spectra

ALIGNMENT = AlignmentRecipe(
    name="toy", hidden_dim=16, shared_dim=8, batch_size=64, max_epochs=5, patience=3, temperature_grid=(0.05, 0.2),
    tuning_epochs=2, learning_rate=3e-3, aspect_dropout=0.3,
)  # fmt: skip
RECIPES = {
    "tuned": ALIGNMENT,
    "learned": replace(ALIGNMENT, temperature="learned", loss="sigmoid"),
    "regularised": replace(ALIGNMENT, temperature=0.1, loss="regularised", missing_aspect="zero"),
}
ENCODER = EncoderRecipe(
    name="toy", patch_size=80, d_model=16, n_heads=2, encoder_layers=1, decoder_layers=1, token_dim=4, max_epochs=4,
    batch_size=32, dropout=0.1, learning_rate=3e-3,
)  # fmt: skip

Train = Callable[..., Any]


@pytest.fixture(autouse=True)
def _a_checkpoint_after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_module, "EVERY_S", 0.0)


def align(recipe: str | AlignmentRecipe = "tuned", *, seed: int = 3, **more: Any) -> Any:
    chosen = RECIPES[recipe] if isinstance(recipe, str) else recipe
    return train_alignment(chosen, **{**_survey(), **more}, seed=seed)


def encode(recipe: EncoderRecipe = ENCODER, *, seed: int = 3, **more: Any) -> Any:
    return train_encoder(recipe, **{**_spectra(), **more}, seed=seed)


@cache
def _survey() -> dict[str, Any]:
    return toy_survey(n=260)


@cache
def _spectra() -> dict[str, Any]:
    return toy_spectra(n=120)


@cache
def _uninterrupted(train: Train, *recipe: str) -> Any:
    return train(*recipe)


def _weights(result: Any) -> Mapping[str, Any]:
    return result.model.to_weights() if hasattr(result, "model") else result.weights


def assert_same(found: Any, wanted: Any) -> None:
    assert found.history == wanted.history
    assert found.best_epoch == wanted.best_epoch
    for name, value in _weights(wanted).items():
        np.testing.assert_array_equal(_weights(found)[name], value, err_msg=name)


def stop_at(train: Train, stops: list[int], path: Path, *recipe: str) -> None:
    """Train until each of these numbers of epochs in turn, each time from what the last one left."""
    for stop in stops:
        try:
            train(*recipe, checkpoint=path, on_step=lambda done, total, info, stop=stop: done < stop)
        except StoppedError:
            continue


@pytest.mark.parametrize("recipe", RECIPES)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 8), min_size=1, max_size=3).map(sorted))
def test_heads_come_out_the_same_bit_by_bit(recipe: str, stops: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.safetensors"
        stop_at(align, stops, path, recipe)
        told: list[AlignmentEpoch] = []
        found = align(recipe, checkpoint=path, on_epoch=told.append)
    wanted = _uninterrupted(align, recipe)
    assert_same(found, wanted)
    assert found.temperature == wanted.temperature
    assert found.calibration_scores == wanted.calibration_scores
    assert [epoch.epoch for epoch in told] == list(range(told[0].epoch, len(wanted.history) + 1)) if told else True


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 4), min_size=1, max_size=2).map(sorted))
def test_the_encoder_comes_out_the_same_bit_by_bit(stops: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.safetensors"
        stop_at(encode, stops, path)
        found = encode(checkpoint=path)
    assert_same(found, _uninterrupted(encode))


@pytest.mark.parametrize("train", [align, encode])
def test_a_finished_training_is_not_run_again(train: Train, tmp_path: Path) -> None:
    path, steps = tmp_path / "c", []
    first = train(checkpoint=path)
    again = train(checkpoint=path, on_step=lambda done, total, info: steps.append(info) or True)
    assert_same(again, first)
    assert len(steps) == 1
    assert steps[0].startswith("going on after ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seed": 4}, "another seed"),
        ({"recipe": replace(ALIGNMENT, dropout=0.4)}, "another recipe"),
        ({"spectrum": 2 * _survey()["spectrum"]}, "another inputs"),
        ({"recipe": replace(ALIGNMENT, dropout=0.4), "seed": 4}, "another recipe and another seed"),
    ],
)
def test_the_checkpoint_of_another_training_is_left_aside_and_that_is_said(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path, steps = tmp_path / "c", []
    stop_at(align, [3], path)
    found = align(**change, checkpoint=path, on_step=lambda done, total, info: steps.append(info) or True)
    assert steps[0] == f"starting anew: the checkpoint has {reason}"
    assert_same(found, align(**change))


def test_a_longer_training_goes_on_from_a_shorter_one_but_not_the_reverse(tmp_path: Path) -> None:
    path, steps = tmp_path / "c", []
    shorter = replace(ALIGNMENT, name="brief", max_epochs=2)
    align(shorter, checkpoint=path)
    longer = align(checkpoint=path, on_step=lambda done, total, info: steps.append(info) or True)
    assert steps[0] == "going on after 6 epochs"
    assert_same(longer, _uninterrupted(align, "tuned"))
    assert_same(align(shorter, checkpoint=path), align(shorter))


def test_a_damaged_checkpoint_is_left_aside_and_that_is_said(tmp_path: Path) -> None:
    path, steps = tmp_path / "c", []
    stop_at(align, [3], path)
    path.write_bytes(path.read_bytes()[:-100])
    found = align(checkpoint=path, on_step=lambda done, total, info: steps.append(info) or True)
    assert steps[0].startswith("starting anew: the checkpoint is damaged")
    assert_same(found, _uninterrupted(align, "tuned"))


def test_a_kill_while_the_state_is_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    stop_at(align, [5], path)
    before = path.read_bytes()

    def killed_half_way(tensors: Any, file: Path, **_: Any) -> None:
        file.write_bytes(before[:100])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint_module, "save_file", killed_half_way)
        align(checkpoint=path)
    assert path.read_bytes() == before
    assert_same(align(checkpoint=path), _uninterrupted(align, "tuned"))


def test_the_state_is_written_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_module, "EVERY_S", 3600.0)
    path = tmp_path / "c"
    stop_at(align, [6], path)
    assert not path.exists()
    align(checkpoint=path)
    assert path.exists()
