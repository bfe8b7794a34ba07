"""Made-up sources whose answers are known functions of their spectrum and texts."""

from __future__ import annotations

import numpy as np

from alignlab.training.small_heads.streams import Example, Streams, make_streams

N_VARIABLES = 3
N_CLASSES = 3


def made_up_streams(n: int, rng: np.random.Generator, *, without_text: float = 0.2) -> Streams:
    """Spectra (n, 4) and texts (n, 3 × 2), some of whose aspects are missing."""
    mask = rng.random((n, 3)) > 0.2
    mask[rng.random(n) < without_text] = False
    latents = {"spectrum": rng.normal(size=(n, 4)), "text": rng.normal(size=(n, 6))}
    return make_streams(("spectrum", "text"), latents, mask)


def made_up_variables(streams: Streams, rng: np.random.Generator, *, noise: float = 0.3) -> Example:
    """Linear in spectrum and texts, a fifth of the answers missing."""
    spectrum, first = streams.parts[0].values, streams.parts[1]
    text = np.where(first.present, first.values[:, 0], 0)
    target = np.column_stack([spectrum[:, 0], spectrum[:, 1] + text, 2 * text - spectrum[:, 2]]).astype(np.float64)
    target += noise * rng.normal(size=target.shape)
    target[rng.random(target.shape) < 0.2] = np.nan
    return Example(streams, target)


def made_up_classes(streams: Streams) -> Example:
    """Class by where the first two numbers of the spectrum, moved by the text, point."""
    spectrum, first = streams.parts[0].values, streams.parts[1]
    moved = spectrum[:, 0] + np.where(first.present, 0.5 * first.values[:, 0], 0)
    numbers = (moved > 0.4).astype(np.int64) + (spectrum[:, 1] > 0).astype(np.int64)
    return Example(streams, numbers)


def split_in_two(example: Example, n_first: int) -> tuple[Example, Example]:
    """The first sources, and the others."""
    rows = np.arange(len(example.streams))
    return example.select(rows[:n_first]), example.select(rows[n_first:])
