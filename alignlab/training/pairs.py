"""Spectra and texts in memory, standardised once, and their shuffled batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from alignlab.models.heads import N_ASPECTS
from alignlab.training.recipe import TextScale

SPLITS = ("train", "calibration", "validation", "test")


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """What `train_alignment` was given, checked.

    Attributes
    ----------
    spectrum : ndarray of float32, shape (n, spectrum_dim)
    text : ndarray of float32, shape (n, 3 * d)
    mask : ndarray of bool, shape (n, 3)
    split : ndarray of str, shape (n,)
    """

    spectrum: NDArray[np.float32]
    text: NDArray[np.float32]
    mask: NDArray[np.bool_]
    split: NDArray[np.str_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Moments:
    """Mean and standard deviation of each dimension, each of shape (dim,), of both modalities."""

    spectrum: tuple[Tensor, Tensor]
    text: tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Standardised inputs of some sources; texts are zero where an aspect is absent."""

    spectrum: Tensor
    text: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.spectrum)

    def select(self, rows: NDArray[np.bool_], *, text_type: torch.dtype = torch.float32) -> Pairs:
        """The sources where `rows` is True, with texts of that type."""
        chosen = torch.from_numpy(np.flatnonzero(rows))
        return Pairs(self.spectrum[chosen], self.text[chosen].to(text_type), self.mask[chosen])


class Batches:
    """Shuffled batches of equal size, or all rows where there are fewer; the rest waits for another epoch.

    Every batch is gathered into the same memory: one must be done with when the next is asked for.
    """

    def __init__(self, pairs: Pairs, size: int) -> None:
        self.pairs, self.size = pairs, min(size, len(pairs))
        self._memory = [column[: self.size].clone() for column in (pairs.spectrum, pairs.text, pairs.mask)]

    @property
    def n_pairs(self) -> int:
        """Pairs in all batches of an epoch."""
        return len(self.pairs) // self.size * self.size

    def __iter__(self) -> Iterator[Pairs]:
        columns = (self.pairs.spectrum, self.pairs.text, self.pairs.mask)
        for rows in torch.randperm(len(self.pairs))[: self.n_pairs].split(self.size):
            for column, memory in zip(columns, self._memory, strict=True):
                torch.index_select(column, 0, rows, out=memory)
            yield Pairs(*self._memory)


def hide_aspects(batch: Pairs, probability: float) -> Pairs:
    """Hide each aspect with that probability, as if no paper discussed it; one of a source's always stays."""
    chance = torch.where(batch.mask, torch.rand(batch.mask.shape), -1.0)
    stays = (chance >= probability) | (chance == chance.amax(dim=1, keepdim=True))
    mask = batch.mask & stays
    batch.text.unflatten(1, (N_ASPECTS, -1)).mul_(mask[..., None])
    return Pairs(batch.spectrum, batch.text, mask)


def moments_of(inputs: Inputs, rows: NDArray[np.bool_], *, text_scale: TextScale = "dimension") -> Moments:
    """Moments over the sources where `rows` is True: of each aspect, over those of them that have it.

    With `text_scale` "aspect", the standard deviation of each dimension of a text is the root mean square over the
    dimensions of its aspect.
    """
    d = inputs.text.shape[1] // N_ASPECTS
    mean, std = np.zeros(inputs.text.shape[1]), np.zeros(inputs.text.shape[1])
    for aspect in range(N_ASPECTS):
        columns, discussed = slice(aspect * d, (aspect + 1) * d), rows & inputs.mask[:, aspect]
        if discussed.any():
            values = inputs.text[discussed, columns]
            mean[columns], std[columns] = values.mean(0, dtype=np.float64), values.std(0, dtype=np.float64)
            if text_scale == "aspect":
                std[columns] = np.sqrt(np.mean(std[columns] ** 2))
    spectrum = torch.from_numpy(inputs.spectrum[rows])
    return Moments(
        spectrum=(spectrum.mean(0), spectrum.std(0)),
        text=(torch.from_numpy(mean).float(), torch.from_numpy(std).float()),
    )


def checked_inputs(spectrum: ArrayLike, text: ArrayLike, mask: ArrayLike, split: ArrayLike) -> Inputs:
    """Convert and check what a training is given.

    Raises
    ------
    ValueError
        If shapes disagree, a split has another name, or a value is not finite.
    """
    inputs = Inputs(
        spectrum=np.asarray(spectrum, np.float32),
        text=np.asarray(text, np.float32),
        mask=np.asarray(mask, bool),
        split=np.asarray(split, dtype=str),
    )
    n = len(inputs.spectrum)
    if inputs.spectrum.ndim != 2 or inputs.text.ndim != 2 or inputs.text.shape[1] % N_ASPECTS:
        shapes = f"{inputs.spectrum.shape} and {inputs.text.shape}"
        raise ValueError(f"spectrum must have shape (n, d) and text (n, 3 d), not {shapes}")
    if len(inputs.text) != n or inputs.mask.shape != (n, N_ASPECTS) or inputs.split.shape != (n,):
        raise ValueError(
            f"spectrum has {n} rows; text {inputs.text.shape}, mask {inputs.mask.shape} and "
            f"split {inputs.split.shape} must fit it"
        )
    if unknown := sorted(set(inputs.split.tolist()) - set(SPLITS)):
        raise ValueError(f"split must hold {', '.join(SPLITS)}, not {', '.join(unknown)}")
    for name, values in (("spectrum", inputs.spectrum), ("text", inputs.text)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} has NaN or infinity")
    return inputs
