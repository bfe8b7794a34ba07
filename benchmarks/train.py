"""The heads' training per epoch against a plain DataLoader loop of the same model, and the paper's recipe to its end.

python -m benchmarks.train [--threads 1] [--repeats 5]

Random data of the paper's size: 11,447 pairs of 64 and 3 × 1,536 numbers. Both loops start from the same weights;
their epochs alternate, so that a busy machine slows both, and CPU time, which it changes less, is given beside the
clock's. The losses are those of an epoch without dropout, from the same weights over the same batches.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.models.first_layer import has_fast_bfloat16
from alignlab.models.heads import N_ASPECTS, AlignmentHeads
from alignlab.training.alignment import train_alignment
from alignlab.training.alignment_trainer import AlignmentTrainer, heads_shape, prepare, training_type
from alignlab.training.pairs import checked_inputs, moments_of
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe

N_PAIRS, SPECTRUM_DIM, TEXT_DIM = 11_447, 64, 4_608
#: Batch size → least ratio.
BARS = {256: None, 1024: 2.5, 4096: 4.0}
LIMIT_S = 60
SEED = 1


class PlainLoop:
    """The reference: what one writes first. DataLoader, standardisation in the model, cross-entropy, Adam."""

    def __init__(self, recipe: AlignmentRecipe, inputs: Any, moments: Any, shape: Any) -> None:
        torch.manual_seed(SEED)
        self.temperature, self.size = recipe.temperature, recipe.batch_size
        self.data = TensorDataset(*(torch.tensor(x) for x in (inputs.spectrum, inputs.text, inputs.mask)))
        self.heads = AlignmentHeads(shape)
        self.heads.spectrum_head.set_standardisation(*moments.spectrum)
        self.heads.text_head.set_standardisation(*moments.text)
        self.optimiser = torch.optim.Adam(self.heads.parameters(), lr=recipe.learning_rate)

    def train_epoch(self) -> float:
        order = torch.randperm(len(self.data)).tolist()
        loader = DataLoader(
            self.data, batch_size=self.size, sampler=order, drop_last=True, generator=torch.Generator().manual_seed(0)
        )
        losses = []
        self.heads.train()
        for spectrum, text, mask in loader:
            s = self.heads.spectrum_head(self.heads.spectrum_head.standardise(spectrum))
            aspects = self.heads.text_head.standardise(text).unflatten(-1, (N_ASPECTS, -1))
            t = self.heads.text_head(torch.where(mask[..., None], aspects, self.heads.missing).flatten(-2))
            loss = F.cross_entropy(s @ t.T / self.temperature, torch.arange(len(s)))
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            losses.append(loss.item())
        return float(np.mean(losses))


def sources(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Noisy linear views of the same twenty hidden numbers, three in twenty aspects absent."""
    hidden = rng.normal(size=(n, 20)).astype(np.float32)

    def view(dim: int, noise: float) -> np.ndarray:
        mixing = rng.normal(size=(20, dim)).astype(np.float32)
        return hidden @ mixing + noise * rng.normal(size=(n, dim)).astype(np.float32)

    return {"spectrum": view(SPECTRUM_DIM, 8), "text": view(TEXT_DIM, 25), "mask": rng.random((n, N_ASPECTS)) < 0.85}


def compare_epochs(repeats: int) -> Iterator[str]:
    """One line for each batch size: median times of an epoch of both loops, their ratio, and their losses."""
    data = sources(N_PAIRS, np.random.default_rng(0))
    inputs = checked_inputs(**data, split=np.full(N_PAIRS, "train"))
    rows = inputs.mask.any(axis=1)
    moments = moments_of(inputs, rows)
    inputs = replace(inputs, spectrum=inputs.spectrum[rows], text=inputs.text[rows], mask=inputs.mask[rows])
    everything = prepare(inputs, moments)
    pairs = replace(everything, text=everything.text.to(training_type(TEXT_DIM)))

    def loops(recipe: AlignmentRecipe) -> tuple[Callable[[], float], ...]:
        plain = PlainLoop(recipe, inputs, moments, heads_shape(recipe, pairs))
        return plain.train_epoch, AlignmentTrainer(recipe, pairs, moments, temperature=0.1, seed=SEED).train_epoch

    for size, bar in BARS.items():
        recipe = AlignmentRecipe(batch_size=size, temperature=0.1)
        spent = [[_timed(epoch) for epoch in both] for both in [loops(recipe)] for _ in range(repeats + 1)][1:]
        (theirs, their_cpu), (ours, our_cpu) = np.median(spent, axis=0)
        # Without dropout, whose random numbers the two draw differently, the losses have to agree.
        losses = [_seeded(epoch) for epoch in loops(replace(recipe, dropout=0.0))]
        judged = "" if bar is None else f" (bar ≥ {bar:g}×: {'met' if theirs / ours >= bar else 'missed'})"
        yield (
            f"| {size:,} | {1000 * theirs:,.0f} ms | {1000 * ours:,.0f} ms | {theirs / ours:.1f}×{judged} "
            f"| {1000 * their_cpu:,.0f}, {1000 * our_cpu:,.0f} ms: {their_cpu / our_cpu:.1f}× "
            f"| {losses[0]:.4f}, {losses[1]:.4f} |"
        )


def _timed(epoch: Callable[[], float]) -> tuple[float, float]:
    """Seconds on the clock and of the CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    epoch()
    return time.perf_counter() - clock, time.process_time() - cpu


def _seeded(epoch: Callable[[], float]) -> float:
    torch.manual_seed(SEED)
    return epoch()


def train_to_the_end() -> str:
    """The paper's recipe with its split sizes, tuning of the temperature included, until patience runs out."""
    rng = np.random.default_rng(0)
    sizes = {"train": 7897, "calibration": 114, "validation": 1717, "test": 1719}
    split = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
    data = sources(N_PAIRS, rng)
    started, cpu = time.perf_counter(), time.process_time()
    result = train_alignment(AlignmentRecipe(), **data, split=split, seed=SEED)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    judged, found = "met" if seconds <= LIMIT_S else "missed", result.validation
    return (
        f"The paper's recipe on {N_PAIRS:,} pairs: {seconds:.1f} s to early stopping (bar ≤ {LIMIT_S} s: {judged}), "
        f"{cpu:.1f} s of CPU, tuning and {len(result.history)} epochs; temperature {result.temperature:g}, "
        f"validation median rank {found.median_rank:.0f} of {found.n_candidates:,}."
    )


def encoder_pace(n: int = 2048) -> str:
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
    return f"Encoder: {n / encoding:,.0f} spectra/s encoded, {4 * 128 / training:,.0f} spectra/s trained."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="for the epochs and the encoder; heads train on one")
    parser.add_argument("--repeats", type=int, default=5, help="epochs of each loop after a first one")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = "bfloat16" if has_fast_bfloat16() else "float32 (this CPU has no fast bfloat16)"
    print(
        f"{options.threads} thread(s), {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; first layer: {precision}"
    )
    print("\n| batch | DataLoader loop | alignlab | ratio | the same in CPU time | losses |\n|---|---|---|---|---|---|")
    for line in compare_epochs(options.repeats):
        print(line, flush=True)
    print(f"\n{train_to_the_end()}\n{encoder_pace()}")


if __name__ == "__main__":
    main()
