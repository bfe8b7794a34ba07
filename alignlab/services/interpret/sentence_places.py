"""Where a sentence lies in the shared space: among the sources of which something like it is written.

The text head has learned whole summaries; a single sentence put through it lands where no text lies. So a sentence is
read through the survey's own summaries, as a search for words is (`alignlab.services.word_search`): the training
sources whose summary of one aspect is most like it stand for it, and its similarity with a spectrum is the mean of
theirs. In the demo's test split a sentence of a source's own papers ranks above one of another's with probability 0.64
then, and 0.54 when put through the head with the mask of its best aspect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.literature.aspects import ASPECTS
from alignlab.literature.embedders import Embedder
from alignlab.services.text_embedder import survey_embedder
from alignlab.services.workspace import Workspace

#: Training sources that stand for a sentence.
N_ALIKE = 100
#: Of more training sources with texts, every second, third, … is taken: their vectors are held in memory.
MOST_SOURCES = 20_000
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class PlacedSentence:
    """A sentence, the aspect as which most like it is written, and its place.

    Attributes
    ----------
    text, aspect : str
    place : ndarray of float32, shape (d,)
        Mean of unit vectors: its product with a spectrum's vector is the mean of their similarities.
    """

    text: str
    aspect: str
    place: NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class SentencePlaces:
    """The summaries that sentences are read through.

    Attributes
    ----------
    embedder : Embedder
        The survey's own.
    summaries : ndarray of float32, shape (n, 3, dim)
        Vectors of the training sources' summaries; zero where an aspect is not discussed.
    text_aligned : ndarray of float32, shape (n, d)
        Their texts in the shared space.
    """

    embedder: Embedder
    summaries: NDArray[np.float32]
    text_aligned: NDArray[np.float32]

    @classmethod
    def of(cls, workspace: Workspace) -> SentencePlaces | None:
        """Those of a workspace's survey; None where it has no texts."""
        survey = workspace.survey
        if not survey.has_array("text_mask"):
            return None
        rows = np.flatnonzero((survey.split == "train") & survey.text_mask.any(axis=1))
        if not len(rows):
            return None
        rows = rows[:: math.ceil(len(rows) / MOST_SOURCES)]
        return cls(
            embedder=survey_embedder(survey, config=workspace.config),
            summaries=np.asarray(survey.text[rows]).reshape(len(rows), len(ASPECTS), -1),
            text_aligned=workspace.run.latents("text_aligned")[rows],
        )

    def place(self, sentences: Sequence[str]) -> list[PlacedSentence]:
        """Place sentences; those without a word that the embedder knows are left out.

        Raises
        ------
        AlignlabError
            If the embedder is a service that cannot be asked.
        """
        if not sentences:
            return []
        vectors = self.embedder.transform(sentences)
        flat = self.summaries.reshape(-1, self.summaries.shape[2])
        likeness = (flat @ vectors.T).reshape(*self.summaries.shape[:2], len(vectors))
        placed = []
        for number, text in enumerate(sentences):
            if vectors[number].any():
                placed.append(self._placed(text, likeness[:, :, number]))
        return placed

    def _placed(self, text: str, likeness: NDArray[np.float32]) -> PlacedSentence:
        n = min(N_ALIKE, len(likeness))
        alike = np.argpartition(-likeness.max(axis=1), n - 1)[:n]
        weight = np.maximum(likeness[alike].max(axis=1), _LEAST_WEIGHT)
        place = (weight[:, None] * self.text_aligned[alike]).sum(axis=0) / weight.sum()
        aspect = ASPECTS[int(likeness[alike].mean(axis=0).argmax())]
        return PlacedSentence(text=text, aspect=aspect, place=place.astype(np.float32))
