"""Times of the alignment training on random data of the demo survey's size, and of the spectrum encoder.

python benchmarks/train.py [--text-dim 256] [--threads 2]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.training.alignment import train_alignment
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe


def time_encoder(n: int = 2048) -> None:
    model = SpectrumAutoencoder(EncoderRecipe().shape())
    spectra = np.random.default_rng(0).random((n, 400), np.float32)
    model.encode_in_batches(spectra)
    started = time.perf_counter()
    model.encode_in_batches(spectra)
    encoding = time.perf_counter() - started
    x = torch.from_numpy(spectra[:128])
    started = time.perf_counter()
    for _ in range(4):
        model.zero_grad()
        (model(x) - x).abs().mean().backward()
    training = time.perf_counter() - started
    print(f"encoder: {n / encoding:,.0f} spectra/s encoded, {4 * 128 / training:,.0f} spectra/s trained")


def time_alignment(text_dim: int) -> None:
    rng = np.random.default_rng(0)
    sizes = {"train": 7897, "calibration": 114, "validation": 1717, "test": 1719}
    n = sum(sizes.values())
    hidden = rng.normal(size=(n, 20))
    spectrum = hidden @ rng.normal(size=(20, 64)) + 8 * rng.normal(size=(n, 64))
    text = hidden @ rng.normal(size=(20, 3 * text_dim)) + 25 * rng.normal(size=(n, 3 * text_dim))
    split = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
    started = time.perf_counter()
    result = train_alignment(
        AlignmentRecipe(), spectrum=spectrum, text=text, mask=rng.random((n, 3)) < 0.85, split=split, seed=1
    )
    seconds = time.perf_counter() - started
    print(
        f"alignment: {seconds:.1f} s for {len(result.history)} epochs after tuning (temperature "
        f"{result.temperature:g}), validation median rank {result.validation.median_rank:.0f} of "
        f"{result.validation.n_candidates}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text-dim", type=int, default=256, help="dimensions of one aspect's vector")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    time_encoder()
    time_alignment(options.text_dim)


if __name__ == "__main__":
    main()
