"""Networks learn the noise itself, and go on from a kill as if nothing had happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from alignlab.progress import StoppedError
from alignlab.training.small_heads.intervals import QUANTILES
from alignlab.training.small_heads.network import FittedNetwork, HeadEpoch, NetworkTask, train_network
from alignlab.training.small_heads.streams import Example, make_streams
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from tests.training.small_heads.made_up import made_up_classes, made_up_streams, made_up_variables, split_in_two

QUICK = {"hidden_dim": 16, "dropout": 0.1, "learning_rate": 5e-3, "max_epochs": 6, "batch_size": 64}


def noisy_line(n: int, rng: np.random.Generator) -> tuple[Example, np.ndarray]:
    """One variable 2x whose noise grows along a second number; and that noise."""
    x = rng.uniform(-1, 1, size=(n, 2)).astype(np.float32)
    sigma = np.exp(x[:, 1].astype(float))
    y = 2 * x[:, 0] + sigma * rng.normal(size=n)
    return Example(make_streams(("spectrum",), {"spectrum": x}), y[:, None]), sigma


@pytest.mark.parametrize("method", ["mlp-gaussian", "mlp-quantile"])
def test_the_noise_of_each_source_is_learned(method: str) -> None:
    rng = np.random.default_rng(0)
    example, sigma = noisy_line(5000, rng)
    training, validation = split_in_two(example, 3000)
    recipe = SmallHeadsRecipe(
        method=method, fusion="concatenate", modalities=("spectrum",), hidden_dim=32, dropout=0.0, learning_rate=1e-2,
        max_epochs=12, patience=8,
    )  # fmt: skip
    found = train_network(recipe, training, validation, NetworkTask(name="noise", n_outputs=1, seed=1))
    quantiles = found.predict(validation.streams)[:, 0]
    half_width = (quantiles[:, 3] - quantiles[:, 1]) / 2
    expected = sigma[3000:] * norm.ppf(0.84)
    assert np.abs(half_width / expected - 1).mean() < 0.15
    below = (validation.target < quantiles).mean(axis=0)
    np.testing.assert_allclose(below, QUANTILES, atol=0.03)


def fitted(recipe: SmallHeadsRecipe, checkpoint: Path | None, *, stop_after: int | None = None) -> FittedNetwork:
    rng = np.random.default_rng(2)
    training, validation = split_in_two(made_up_variables(made_up_streams(300, rng), rng), 200)
    task = NetworkTask(name="n", n_outputs=3, seed=4, checkpoint=checkpoint)

    def on_step(done: int, total: int, info: str) -> bool:
        return stop_after is None or done < stop_after

    return train_network(recipe, training, validation, task, on_step=on_step)


@pytest.mark.parametrize("fusion", ["gated", "cross-attention", "mixture-of-experts"])
def test_a_resumed_training_ends_in_the_same_bytes(tmp_path: Path, fusion: str) -> None:
    recipe = SmallHeadsRecipe(fusion=fusion, **QUICK)
    whole = fitted(recipe, None)
    path = tmp_path / "checkpoint.safetensors"
    for stop in (1, 4):
        with pytest.raises(StoppedError):
            fitted(recipe, path, stop_after=stop)
    resumed = fitted(recipe, path)
    assert resumed.history == whole.history
    for name, value in whole.to_weights().items():
        np.testing.assert_array_equal(resumed.to_weights()[name], value)


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    recipe = SmallHeadsRecipe(**QUICK)
    path = tmp_path / "checkpoint.safetensors"
    first = fitted(recipe, path)
    told: list[HeadEpoch] = []
    rng = np.random.default_rng(2)
    training, validation = split_in_two(made_up_variables(made_up_streams(300, rng), rng), 200)
    task = NetworkTask(name="n", n_outputs=3, seed=4, checkpoint=path)
    again = train_network(recipe, training, validation, task, on_epoch=told.append)
    assert (told, again.history) == ([], first.history)


def test_a_checkpoint_of_another_training_or_cut_short_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    recipe = SmallHeadsRecipe(**QUICK)
    whole = fitted(recipe, None)
    fitted(SmallHeadsRecipe(**{**QUICK, "dropout": 0.2}), path)
    assert fitted(recipe, path).history == whole.history
    path.write_bytes(path.read_bytes()[:100])
    assert fitted(recipe, path).history == whole.history


def test_another_seed_is_another_network() -> None:
    rng = np.random.default_rng(2)
    training, validation = split_in_two(made_up_classes(made_up_streams(200, rng)), 150)
    recipe = SmallHeadsRecipe(**QUICK, class_weights=True)
    a, b = (train_network(recipe, training, validation, NetworkTask(name="n", n_outputs=3, seed=s)) for s in (0, 1))
    assert not np.array_equal(a.predict(validation.streams), b.predict(validation.streams))


def test_a_source_with_nothing_to_read_gets_no_answer() -> None:
    rng = np.random.default_rng(2)
    training, validation = split_in_two(made_up_variables(made_up_streams(200, rng), rng), 150)
    recipe = SmallHeadsRecipe(**QUICK, modalities=("text",))
    texts = [Example(e.streams.of_modality("text"), e.target) for e in (training, validation)]
    found = train_network(recipe, *texts, NetworkTask(name="n", n_outputs=3, seed=0))
    answer, some = found.predict(texts[1].streams), texts[1].streams.present.any(axis=1)
    assert np.isnan(answer[~some]).all()
    assert np.isfinite(answer[some]).all()
    assert np.isnan(found.predict(texts[1].streams.select(np.flatnonzero(~some)))).all()
