"""Encoder training on simple simulated spectra, the noise it draws, and its weights file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import safe_open

from alignlab.analysis.reconstruction import compare_reconstructions, pca_reconstruction
from alignlab.errors import DamagedArtefactError, MissingArtefactError
from alignlab.progress import StoppedError
from alignlab.spectra.grid import PI_CHANNEL_KEV, energy_grid, minmax_normalise, overlap_matrix
from alignlab.training.encoder import load_encoder, save_encoder, train_encoder
from alignlab.training.poisson_spectra import PoissonSpectra
from alignlab.training.recipe import EncoderRecipe

RECIPE = EncoderRecipe(
    name="toy", patch_size=40, d_model=32, encoder_layers=1, decoder_layers=1, token_dim=8, max_epochs=12,
    batch_size=64, learning_rate=3e-3,
)  # fmt: skip


def toy_survey(n: int = 500, seed: int = 0, log_counts: tuple[float, float] = (1.5, 3.5)) -> dict[str, Any]:
    """Absorbed power laws through a falling area, by default of 30 to 3,000 counts, drawn in channels of 14.6 eV."""
    rng = np.random.default_rng(seed)
    grid, edges = energy_grid(), PI_CHANNEL_KEV * np.arange(34, 549)
    energy = (edges[1:] + edges[:-1]) / 2
    expected = (
        energy ** -rng.uniform(-1, 3, (n, 1)) * np.exp(-rng.uniform(0, 3, (n, 1)) * energy**-2.5) * np.exp(-energy / 3)
    )
    expected *= 10 ** rng.uniform(*log_counts, (n, 1)) / expected.sum(axis=1, keepdims=True)
    to_bins = overlap_matrix(edges, grid.edges_kev)
    return {
        "counts": rng.poisson(expected) @ to_bins,
        "expected": expected @ to_bins,
        "expected_channels": expected,
        "channel_edges_kev": edges,
        "split": rng.choice(["train", "validation", "test"], n, p=[0.7, 0.15, 0.15]),
    }


@pytest.fixture(scope="module")
def survey() -> dict[str, Any]:
    return toy_survey()


def test_denoising_comes_closer_to_the_expected_spectra_than_pca_and_the_data(survey: dict[str, Any]) -> None:
    result = train_encoder(replace(RECIPE, max_epochs=25), **survey, seed=1)
    train, test = survey["split"] == "train", survey["split"] == "test"
    spectra = minmax_normalise(survey["counts"])
    mine = result.model.decode_in_batches(result.model.encode_in_batches(spectra[test]))
    scores = compare_reconstructions(
        survey["counts"][test],
        survey["expected"][test],
        {"autoencoder": mine, "pca": pca_reconstruction(spectra[train], spectra[test])},
    )
    mae = {s.method: s.mae for s in scores if s.level == "all"}
    assert mae["autoencoder"] < 0.7 * mae["pca"]
    assert mae["pca"] < mae["observed"]


def test_the_papers_target_reconstructs_the_observation_itself() -> None:
    survey = toy_survey(log_counts=(4, 5))
    recipe = replace(RECIPE, target="observed", augment=False)
    result = train_encoder(recipe, counts=survey["counts"], split=survey["split"], seed=1)
    held_out = minmax_normalise(survey["counts"][survey["split"] == "validation"])
    found = result.model.decode_in_batches(result.model.encode_in_batches(held_out))
    assert np.abs(found - held_out).mean() == pytest.approx(
        result.history[result.best_epoch - 1].validation_mae, rel=1e-3
    )
    # The best constant for the mean absolute error is the median of each bin.
    assert np.abs(found - held_out).mean() < 0.5 * np.abs(held_out - np.median(held_out, axis=0)).mean()


def test_same_seed_same_weights(survey: dict[str, Any]) -> None:
    recipe = replace(RECIPE, max_epochs=2)
    first, second, other = (train_encoder(recipe, **survey, seed=s).model.to_weights() for s in (1, 1, 2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
    assert not np.array_equal(first["to_latent.weight"], other["to_latent.weight"])


def test_progress_is_told_stopping_obeyed_and_patience_kept(survey: dict[str, Any]) -> None:
    steps: list[int] = []

    def on_step(done: int, total: int, info: str) -> bool:
        assert total == 12
        steps.append(done)
        return done < 2

    with pytest.raises(StoppedError):
        train_encoder(RECIPE, **survey, seed=1, on_step=on_step)
    assert steps == [1, 2]
    impatient = replace(RECIPE, learning_rate=1e-2, patience=1)
    result = train_encoder(impatient, **survey, seed=1)
    assert len(result.history) in (result.best_epoch + 1, 12)
    assert min(e.validation_mae for e in result.history) == result.history[result.best_epoch - 1].validation_mae


@pytest.mark.parametrize("from_bins", [False, True])
def test_drawn_spectra_have_the_mean_variance_and_correlation_of_rebinned_photons(
    survey: dict[str, Any], from_bins: bool
) -> None:
    grid, edges = energy_grid(), survey["channel_edges_kev"]
    bright = survey["expected_channels"].sum(axis=1).argmax()
    channels, bins = survey["expected_channels"][bright], survey["expected"][bright]
    source = (
        PoissonSpectra(bins[None], grid=grid)
        if from_bins
        else PoissonSpectra(channels[None], grid=grid, channel_edges_kev=edges)
    )
    rows = torch.zeros(4000, dtype=torch.int64)
    observed, expected = source.draw(rows, generator=torch.Generator().manual_seed(0))
    to_bins = overlap_matrix(edges, grid.edges_kev)
    covariance = to_bins.T @ (channels[:, None] * to_bins)
    np.testing.assert_allclose(expected[0], bins, rtol=0.05, atol=1e-3)
    sample = observed.numpy().astype(float)
    np.testing.assert_allclose(sample.mean(0).sum(), bins.sum(), rtol=0.01)
    found = np.cov(sample.T)
    np.testing.assert_allclose(np.trace(found), np.trace(covariance), rtol=0.1)
    np.testing.assert_allclose(np.trace(found, 1), np.trace(covariance, 1), rtol=0.15)


def test_scaling_keeps_the_shape_and_changes_the_counts_of_half(survey: dict[str, Any]) -> None:
    source = PoissonSpectra(survey["expected"][:1], grid=energy_grid())
    rows = torch.zeros(2000, dtype=torch.int64)
    observed, expected = source.draw(rows, scaling=(0.1, 1), generator=torch.Generator().manual_seed(0))
    factor = (expected.sum(1) / expected.sum(1).max()).numpy()
    assert np.mean(factor > 0.999) == pytest.approx(0.5, abs=0.05)
    assert factor.min() >= 0.0999
    thinned = np.log(factor[factor < 0.999])
    assert thinned.mean() == pytest.approx(np.log(0.1) / 2, abs=0.08)
    np.testing.assert_allclose(
        expected / expected.sum(1, keepdim=True), expected[:1] / expected[0].sum() + 0 * expected, rtol=1e-3
    )
    assert float(observed.sum() / expected.sum()) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expected": None}, 'target "expected" needs the expected counts'),
        ({"expected": np.ones((3, 400))}, "expected must have the shape of counts"),
        ({"channel_edges_kev": None}, "must come together"),
        ({"split": np.full(500, "train")}, "0 to validate"),
        ({"counts": np.ones((500, 20))}, r"must be \(n, 400\)"),
    ],
)
def test_bad_input_is_refused(survey: dict[str, Any], change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_encoder(RECIPE, **{**survey, **change}, seed=1)


def test_augmentation_needs_expected_counts(survey: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="switch `augment` off"):
        train_encoder(replace(RECIPE, target="observed"), counts=survey["counts"], split=survey["split"], seed=1)


def test_weights_file_comes_back_with_its_facts_and_damage_is_named(tmp_path: Path, survey: dict[str, Any]) -> None:
    result = train_encoder(replace(RECIPE, max_epochs=1), **survey, seed=1)
    path = tmp_path / "weights" / "encoder.safetensors"
    with pytest.raises(MissingArtefactError, match="alignlab train encoder"):
        load_encoder(path)
    save_encoder(path, result.model, recipe=RECIPE, facts={"seed": 1})
    assert [p.name for p in path.parent.iterdir()] == ["encoder.safetensors"]
    spectra = minmax_normalise(survey["counts"][:20])
    np.testing.assert_array_equal(
        load_encoder(path).encode_in_batches(spectra), result.model.encode_in_batches(spectra)
    )
    with safe_open(path, framework="numpy") as file:
        header = file.metadata()
    assert EncoderRecipe.from_json(header["recipe"]) == RECIPE
    assert json.loads(header["facts"]) == {"seed": 1}
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DamagedArtefactError, match=r"encoder\.safetensors is damaged"):
        load_encoder(path)
