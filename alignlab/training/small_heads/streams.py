"""The latents that heads read, as streams: a matrix with one row per source and a mark where the source has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import finite_matrix
from alignlab.errors import AlignlabError
from alignlab.training.small_heads_recipe import FAMILY_OF, MODALITIES

N_ASPECTS = 3
_MIN_STD = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Stream:
    """One matrix of latents.

    Attributes
    ----------
    modality : str
        From `MODALITIES`; the three aspects of a text are three streams of the modality "text".
    values : ndarray of float32, shape (n, d)
    present : ndarray of bool, shape (n,)
        Where the source has it; `values` mean nothing elsewhere.
    """

    modality: str
    values: NDArray[np.float32]
    present: NDArray[np.bool_]

    @property
    def family(self) -> str:
        """Which half of a source it belongs to: "spectrum" or "text"."""
        return FAMILY_OF[self.modality]


@dataclass(frozen=True, eq=False)
class Streams:
    """All streams of the same sources; `index` holds the number of each source in its survey."""

    parts: tuple[Stream, ...]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.parts[0].values)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which source has which stream, shape (n, n_streams)."""
        return np.column_stack([part.present for part in self.parts])

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities among them, in order."""
        return tuple(dict.fromkeys(part.modality for part in self.parts))

    @property
    def families(self) -> tuple[str, ...]:
        """The families among them, in order."""
        return tuple(dict.fromkeys(part.family for part in self.parts))

    def has(self, families: Iterable[str]) -> NDArray[np.bool_]:
        """Which sources have a stream of every one of these families, shape (n,)."""
        has_all = np.ones(len(self), bool)
        for family in families:
            has_all &= np.any([part.present for part in self.parts if part.family == family], axis=0)
        return has_all

    def select(self, rows: NDArray) -> Streams:
        """The same streams of some sources."""
        parts = tuple(replace(p, values=p.values[rows], present=p.present[rows]) for p in self.parts)
        return Streams(parts, self.index[rows])

    def of_modality(self, modality: str) -> Streams:
        """The streams of one modality."""
        return Streams(tuple(part for part in self.parts if part.modality == modality), self.index)

    def of_families(self, families: Sequence[str]) -> Streams:
        """The streams of some families."""
        return Streams(tuple(part for part in self.parts if part.family in families), self.index)

    def only(self, family: str) -> Streams:
        """As if the sources had nothing but this family."""
        nothing = np.zeros(len(self), bool)
        return Streams(tuple(p if p.family == family else replace(p, present=nothing) for p in self.parts), self.index)

    def by_families(self) -> list[tuple[tuple[str, ...], NDArray[np.int64]]]:
        """Every set of families, with the sources that have just these."""
        has = {family: self.has([family]) for family in self.families}
        found = []
        for chosen in family_sets(self.families):
            exactly = np.all([has[f] == (f in chosen) for f in self.families], axis=0)
            found.append((chosen, np.flatnonzero(exactly)))
        return found


@dataclass(frozen=True, eq=False)
class Example:
    """Sources with their answers: variables (n, v), standardised and NaN where unknown, or class numbers (n,)."""

    streams: Streams
    target: NDArray

    def select(self, rows: NDArray) -> Example:
        """Some of them."""
        return Example(self.streams.select(rows), self.target[rows])

    @property
    def is_class(self) -> bool:
        """Whether the answers are classes."""
        return self.target.ndim == 1

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which sources have an answer and something to read, shape (n,)."""
        known = self.target >= 0 if self.is_class else np.isfinite(self.target).any(axis=1)
        usable: NDArray[np.bool_] = known & self.streams.present.any(axis=1)
        return usable


def family_sets(families: Sequence[str]) -> list[tuple[str, ...]]:
    """Every choice of at least one family, the largest first."""
    return [chosen for size in range(len(families), 0, -1) for chosen in combinations(families, size)]


def make_streams(
    modalities: Sequence[str], latents: Mapping[str, ArrayLike], text_mask: ArrayLike | None = None
) -> Streams:
    """Make streams from the latents of a run and the texts of its survey.

    Parameters
    ----------
    modalities : sequence of str
        From `MODALITIES`.
    latents : mapping of str to array_like, shape (n, d)
        One for each modality; "text" holds the three aspects side by side.
    text_mask : array_like of bool, shape (n, 3), optional
        Which aspects are discussed; needed for "text" and "text_aligned". A source without any has no text.

    Raises
    ------
    AlignlabError
        If a modality or the mask is missing.
    ValueError
        If shapes disagree or a value is not finite.
    """
    parts: list[Stream] = []
    for modality in modalities:
        if modality not in latents or (FAMILY_OF[modality] == "text" and text_mask is None):
            raise AlignlabError(
                f"There are no latents {modality!r}.",
                remedy=f"Leave it out of the modalities ({', '.join(MODALITIES)}).",
            )
        values = finite_matrix(latents[modality], modality)
        if FAMILY_OF[modality] == "spectrum":
            parts.append(Stream(modality=modality, values=values, present=np.ones(len(values), bool)))
            continue
        mask = np.asarray(text_mask, bool)
        if mask.shape != (len(values), N_ASPECTS):
            raise ValueError(f"text_mask must have shape ({len(values)}, {N_ASPECTS}), not {mask.shape}")
        if modality == "text":
            aspects = np.split(values, N_ASPECTS, axis=1)
            parts += [Stream(modality="text", values=a, present=mask[:, i]) for i, a in enumerate(aspects)]
        else:
            parts.append(Stream(modality=modality, values=values, present=np.any(mask, axis=1)))
    if len({len(part.values) for part in parts}) > 1:
        raise ValueError(f"latents must have one row per source, not {[len(p.values) for p in parts]}")
    return Streams(tuple(parts), np.arange(len(parts[0].values)))


def moments(stream: Stream) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each dimension over the sources that have the stream; 1 where it does not vary."""
    values = stream.values[stream.present]
    if len(values) == 0:
        return np.zeros(stream.values.shape[1], np.float32), np.ones(stream.values.shape[1], np.float32)
    mean, std = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    return mean.astype(np.float32), np.where(std > _MIN_STD, std, 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Features:
    """Streams side by side as one standardised matrix, for methods that know no streams.

    An absent stream is zero, the mean of the training sources, and a column says so for each stream that some training
    sources have and others lack.
    """

    mean: tuple[NDArray[np.float32], ...]
    std: tuple[NDArray[np.float32], ...]
    marked: tuple[int, ...]

    @classmethod
    def fit(cls, streams: Streams) -> Features:
        """Learn means and standard deviations from training sources."""
        pairs = [moments(part) for part in streams.parts]
        varies = tuple(i for i, p in enumerate(streams.parts) if p.present.any() and not p.present.all())
        return cls(tuple(m for m, _ in pairs), tuple(s for _, s in pairs), varies)

    def matrix(self, streams: Streams) -> NDArray[np.float64]:
        """The streams as a matrix of shape (n, n_features)."""
        blocks = [
            np.where(part.present[:, None], (part.values - mean) / std, 0)
            for part, mean, std in zip(streams.parts, self.mean, self.std, strict=True)
        ]
        marks = [streams.parts[i].present[:, None] for i in self.marked]
        return np.hstack([*blocks, *marks]).astype(np.float64)
