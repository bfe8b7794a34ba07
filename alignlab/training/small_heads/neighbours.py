"""Heads of nearest neighbours: the mean or the vote of the training sources most alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.regression import K_INTERVAL
from alignlab.analysis.similarity import Neighbours, normalise_rows, top_k
from alignlab.training.small_heads.intervals import MEDIAN, QUANTILES
from alignlab.training.small_heads.streams import Example, Streams
from alignlab.training.small_heads.targets import rows_by_known_target

_MIN_DISTANCE = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighbourHead:
    """Answers from the `k` training sources of greatest cosine similarity.

    Streams are brought to length 1 and laid side by side, so that the similarity is the mean of the streams'
    similarities; an absent one counts as similar to none. A training source is no neighbour of itself.

    Attributes
    ----------
    training : Example
    k : int
    distance_weights : bool
        Weight by the inverse of the chord distance, as scikit-learn does with weights="distance".
    n_classes : int
        0 for variables.
    """

    training: Example
    k: int
    distance_weights: bool
    n_classes: int

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        """Quantiles (n, v, 5) or probabilities (n, c)."""
        return self._votes(streams) if self.training.is_class else self._quantiles(streams)

    def to_weights(self) -> dict[str, NDArray]:
        """Nothing: its weights are the training sources, which the run and its survey hold."""
        return {}

    def _votes(self, streams: Streams) -> NDArray[np.float64]:
        rows = np.flatnonzero(self.training.target >= 0)
        near = self._nearest(streams, rows, self.k)
        votes = np.zeros((len(streams), self.n_classes))
        classes = self.training.target[rows][near.index]
        np.add.at(votes, (np.arange(len(streams))[:, None], classes), self._weights(near))
        return votes / votes.sum(axis=1, keepdims=True)

    def _quantiles(self, streams: Streams) -> NDArray[np.float64]:
        """The weighted mean as centre, and about it the quantiles of a larger neighbourhood."""
        y = self.training.target
        found = np.full((len(streams), y.shape[1], len(QUANTILES)), np.nan)
        for rows, columns in rows_by_known_target(y):
            if len(rows) < 2:
                continue
            near = self._nearest(streams, rows, max(self.k, K_INTERVAL))
            weights = self._weights(near)[:, : self.k]
            for column in columns:
                values = y[rows, column][near.index]
                spread = np.quantile(values[:, :K_INTERVAL], QUANTILES, axis=1).T
                centre = (weights * values[:, : self.k]).sum(axis=1) / weights.sum(axis=1)
                found[:, column] = centre[:, None] + spread - spread[:, [MEDIAN]]
        return found

    def _nearest(self, streams: Streams, rows: NDArray[np.int64], k: int) -> Neighbours:
        """The `k` nearest of these training sources, positions within `rows`; none is its own neighbour."""
        base = self.training.streams.select(rows)
        near = top_k(_side_by_side(streams), _side_by_side(base), min(k + 1, len(rows)))
        itself = base.index[near.index] == streams.index[:, None]
        order = np.argsort(itself, axis=1, kind="stable")[:, : max(min(k, len(rows) - 1), 1)]
        return Neighbours(
            np.take_along_axis(near.index, order, axis=1), np.take_along_axis(near.similarity, order, axis=1)
        )

    def _weights(self, near: Neighbours) -> NDArray[np.float64]:
        if not self.distance_weights:
            return np.ones(near.index.shape)
        return 1 / np.maximum(near.chord_distance.astype(np.float64), _MIN_DISTANCE)


def _side_by_side(streams: Streams) -> NDArray[np.float32]:
    return np.hstack([np.where(p.present[:, None], normalise_rows(p.values), 0) for p in streams.parts])
