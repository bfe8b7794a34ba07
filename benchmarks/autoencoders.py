"""Recurrent against transformer autoencoders, to eight numbers: the tables of docs/autoencoders.md.

    python -m benchmarks.autoencoders --sources 6000 --epochs 20 --seeds 2

Every network is trained on the same simulated spectra for the same number of epochs, with about as many parameters,
once as the paper does (to draw its own input) and once to draw the spectrum without noise. All are judged on other
simulated sources, against the noise-free spectra, beside as many principal components and the raw data.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.reconstruction import ReconstructionScore, compare_reconstructions, pca_reconstruction
from alignlab.services.encoder import simulate_spectra
from alignlab.spectra.grid import energy_grid, minmax_normalise, rebin_counts
from alignlab.spectra.response import CHANNEL_EDGES_KEV
from alignlab.training.encoder import train_encoder
from alignlab.training.recipe import EncoderRecipe

LATENT_DIM = 8
_PAPER = EncoderRecipe(target="observed", augment=False, latent_dim=LATENT_DIM)
_DENOISING = EncoderRecipe(latent_dim=LATENT_DIM)
#: A recurrent layer of width 88 has about as many parameters as a transformer's of width 96.
RECIPES: dict[str, EncoderRecipe] = {
    "transformer, own input": _PAPER,
    "recurrent, own input": replace(_PAPER, mixing="recurrence", d_model=88),
    "transformer, denoising": _DENOISING,
    "recurrent, denoising": replace(_DENOISING, mixing="recurrence", d_model=88),
}
N_JUDGED = 4_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", type=int, default=6_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    judged, truth = _counts(N_JUDGED, seed=999)
    spectra = minmax_normalise(judged)
    told: dict[str, list[list[ReconstructionScore]]] = defaultdict(list)
    costs: dict[str, list[str]] = defaultdict(list)
    for seed in range(1, options.seeds + 1):
        observed, expected = simulate_spectra(options.sources, seed=seed)
        counts, expected_counts = (rebin_counts(x, CHANNEL_EDGES_KEV, energy_grid()) for x in (observed, expected))
        split = np.repeat(["train", "validation"], [options.sources - options.sources // 10, options.sources // 10])
        linear = pca_reconstruction(minmax_normalise(counts[split == "train"]), spectra, n_components=LATENT_DIM)
        told[f"{LATENT_DIM} principal components"].append(_scores(judged, truth, linear))
        told["raw data"].append(_scores(judged, truth, spectra))
        for name, recipe in RECIPES.items():
            started = time.monotonic()
            model = train_encoder(
                replace(recipe, max_epochs=options.epochs, patience=options.epochs),
                counts=counts,
                split=split,
                expected=expected_counts,
                expected_channels=expected,
                channel_edges_kev=CHANNEL_EDGES_KEV,
                seed=seed,
            ).model
            seconds = time.monotonic() - started
            told[name].append(_scores(judged, truth, model.decode_in_batches(model.encode_in_batches(spectra))))
            n_parameters = sum(p.numel() for p in model.parameters())
            costs[name].append(f"{n_parameters / 1000:.0f} k parameters, {seconds:.0f} s")
            print(f"seed {seed}: {name}: {costs[name][-1]}", file=sys.stderr, flush=True)
    print(f"{options.sources:,} simulated spectra, {options.epochs} epochs, seeds 1 to {options.seeds}; MAE x 10^4")
    levels = [score.level for score in told["raw data"][0] if score.n]
    print("| method | " + " | ".join(levels) + " | cost |\n|---|" + "---|" * (len(levels) + 1))
    for name, seeds in told.items():
        cells = [_cell([score.mae for scores in seeds for score in scores if score.level == level]) for level in levels]
        print(f"| {name} | " + " | ".join(cells) + f" | {'; '.join(costs[name])} |")


def _counts(n: int, *, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    observed, expected = simulate_spectra(n, seed=seed)
    grid = energy_grid()
    return rebin_counts(observed, CHANNEL_EDGES_KEV, grid), rebin_counts(expected, CHANNEL_EDGES_KEV, grid)


def _scores(
    counts: NDArray[np.float32], expected: NDArray[np.float32], reconstruction: NDArray[np.float32]
) -> list[ReconstructionScore]:
    found = compare_reconstructions(counts, expected, {"it": reconstruction})
    return [score for score in found if score.method == "it"]


def _cell(values: list[float]) -> str:
    scaled = [1e4 * value for value in values]
    return f"{np.mean(scaled):.0f}" + (f" ({min(scaled):.0f}–{max(scaled):.0f})" if len(scaled) > 1 else "")


if __name__ == "__main__":
    main()
