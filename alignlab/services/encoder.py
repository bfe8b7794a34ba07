"""Training the spectrum encoder that ships with the package, and its model card."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import alignlab
from alignlab.analysis.reconstruction import ReconstructionScore, compare_reconstructions, pca_reconstruction
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.progress import OnStep, part_of
from alignlab.spectra.grid import energy_grid, minmax_normalise, rebin_counts
from alignlab.spectra.response import CHANNEL_EDGES_KEV
from alignlab.spectra.simulate import draw_sources, observe
from alignlab.training.encoder import EncoderResult, save_encoder, train_encoder
from alignlab.training.recipe import EncoderRecipe

#: Sources on which the reconstruction is judged; drawn with another seed than the training's.
N_JUDGED = 4_000
_VALIDATION_SHARE = 0.1


def simulate_spectra(n_sources: int, *, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Observed and expected counts per PI channel, each (n, n_channels), of freshly simulated sources."""
    rng = np.random.default_rng(seed)
    observation = observe(draw_sources(n_sources, rng=rng), rng=rng)
    expected = observation.source + observation.background
    return rng.poisson(expected).astype(np.float32), expected


def train_and_save_encoder(
    path: Path, *, n_sources: int, seed: int, max_epochs: int | None = None, on_step: OnStep | None = None
) -> str:
    """Train the autoencoder on `n_sources` simulated sources, judge it on others, write weights and model card.

    Parameters
    ----------
    path : Path
        Where the weights go; the card is the ``README.md`` beside them.
    n_sources : int
        A tenth of them is the validation split of the early stopping.
    seed : int
        Of sources and weights; the sources on which it is judged have the next one.
    max_epochs : int, optional
        Instead of the recipe's.

    Returns
    -------
    str
        The model card, as Markdown.
    """
    recipe = EncoderRecipe()
    if max_epochs is not None:
        recipe = replace(recipe, max_epochs=max_epochs, patience=min(recipe.patience, max_epochs))
    grid = energy_grid()
    observed, expected = simulate_spectra(n_sources, seed=seed)
    n_validation = round(_VALIDATION_SHARE * n_sources)
    split = np.repeat(["train", "validation"], [n_sources - n_validation, n_validation])
    counts = rebin_counts(observed, CHANNEL_EDGES_KEV, grid)
    started = time.monotonic()
    result = train_encoder(
        recipe,
        counts=counts,
        split=split,
        expected=rebin_counts(expected, CHANNEL_EDGES_KEV, grid),
        expected_channels=expected,
        channel_edges_kev=CHANNEL_EDGES_KEV,
        grid=grid,
        seed=seed,
        on_step=part_of(on_step, 0.0, 0.97),
    )
    minutes = (time.monotonic() - started) / 60
    scores = judge(result.model, training=minmax_normalise(counts[split == "train"]), seed=seed + 1)
    facts: dict[str, object] = {"seed": seed, "n_sources": n_sources, "alignlab_version": alignlab.__version__}
    save_encoder(path, result.model, recipe=recipe, facts=facts)
    card = model_card(result, recipe, scores, n_sources=n_sources, seed=seed, minutes=minutes)
    (path.parent / "README.md").write_text(card)
    return card


def judge(model: SpectrumAutoencoder, *, training: NDArray[np.float32], seed: int) -> list[ReconstructionScore]:
    """Distance of the autoencoder's, PCA's and the raw spectra to the noise-free ones, on freshly simulated sources.

    Parameters
    ----------
    model : SpectrumAutoencoder
    training : ndarray of float32, shape (n, 400)
        Normalised spectra from which PCA learns.
    seed : int
        Of the sources judged.
    """
    grid = energy_grid()
    observed, expected = simulate_spectra(N_JUDGED, seed=seed)
    counts = rebin_counts(observed, CHANNEL_EDGES_KEV, grid)
    spectra = minmax_normalise(counts)
    reconstructions = {
        "autoencoder": model.decode_in_batches(model.encode_in_batches(spectra)),
        "PCA-64": pca_reconstruction(training, spectra),
    }
    return compare_reconstructions(counts, rebin_counts(expected, CHANNEL_EDGES_KEV, grid), reconstructions)


def model_card(
    result: EncoderResult,
    recipe: EncoderRecipe,
    scores: list[ReconstructionScore],
    *,
    n_sources: int,
    seed: int,
    minutes: float,
) -> str:
    """What the weights are, where they come from and how good they are, as Markdown."""
    n_parameters = sum(p.numel() for p in result.model.parameters())
    best = result.history[result.best_epoch - 1]
    by_level = {(score.method, score.level): score for score in scores}
    rows = []
    for level in dict.fromkeys(score.level for score in scores):
        encoder, pca, raw = (by_level[method, level] for method in ("autoencoder", "PCA-64", "observed"))
        if encoder.n == 0:
            continue
        rows.append(
            f"| {level} | {encoder.n:,} | {encoder.mae:.4f} | {encoder.mae / pca.mae:.2f} "
            f"| {encoder.mae / raw.mae:.2f} | {encoder.rmse / pca.rmse:.2f} | {encoder.rmse / raw.rmse:.2f} |"
        )
    return f"""# Spectrum encoder: model card

Weights of the transformer autoencoder that compresses a min–max normalised spectrum (400 bins, 0.5–8 keV, logarithmic)
to 64 numbers. `spectrum_encoder.safetensors` holds them; its header holds the recipe.

- **Data**: {n_sources:,} simulated sources (`alignlab.spectra.simulate`, seed {seed}), none of them in the demo survey,
  which has another seed; a tenth is the validation split. Nothing observed went in, but for the priors that were
  derived from the Chandra Source Catalog 2.0 (`docs/demo-survey.md`).
- **Task**: reconstruct the noise-free expected spectrum from a Poisson realisation of it, drawn anew in every epoch
  and, for half of them, made {recipe.scaling_min:g} to {recipe.scaling_max:g} times as bright; mean absolute error on
  the scale of the observed spectrum; early stopping.
- **Command**: `alignlab train encoder --sources {n_sources} --seed {seed} --epochs {recipe.max_epochs}`
  on {torch.get_num_threads()} thread(s), set by `OMP_NUM_THREADS`: another number changes the last bits
  ({len(result.history)} epochs in {minutes:.0f} minutes; best epoch {result.best_epoch}, validation MAE
  {best.validation_mae:.4f}; {n_parameters:,} parameters).
- **Limits**: it knows the classes, the response (ACIS-S and ACIS-I) and the count range of the simulator; piled-up
  spectra beyond the few planted ones, gratings and other instruments are outside.

Error against the noise-free spectrum on {N_JUDGED:,} other simulated sources (seed {seed + 1}), and its ratio to that
of 64 principal components and of the raw data (below 1: the autoencoder is closer to the truth):

| counts | n | MAE | MAE / PCA-64 | MAE / raw | RMSE / PCA-64 | RMSE / raw |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}
"""
