"""Two latent spaces of the same sources: who has other neighbours, and who lies apart in one of them only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import Neighbours, top_k

#: Neighbours that are compared.
K_COMPARED = 15
#: Neighbours whose mean distance says how far out a source lies (as in `alignlab.analysis.novelty`).
K_OUTLIER = 10
#: Share of the sources, those farthest from their neighbours, that are called outliers, in percent.
OUTLIER_PERCENT = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighbourChange:
    """How a source's surroundings differ between two spaces; arrays of shape (n,).

    Attributes
    ----------
    k : int
        Neighbours compared.
    jaccard : ndarray of float64
        Shared neighbours over all neighbours of both: 1 where they are the same, 0 where none is.
    first_distance, second_distance : ndarray of float64
        Mean cosine distance to the nearest `K_OUTLIER` sources.
    first_outlier, second_outlier : ndarray of bool
        The `OUTLIER_PERCENT` with the largest distance, at least one.
    """

    k: int
    jaccard: NDArray[np.float64]
    first_distance: NDArray[np.float64]
    second_distance: NDArray[np.float64]
    first_outlier: NDArray[np.bool_]
    second_outlier: NDArray[np.bool_]

    @property
    def gained(self) -> NDArray[np.intp]:
        """Outliers of the second space alone, the farthest first."""
        return _farthest(self.second_outlier & ~self.first_outlier, self.second_distance)

    @property
    def lost(self) -> NDArray[np.intp]:
        """Outliers of the first space alone, those that were farthest first."""
        return _farthest(self.first_outlier & ~self.second_outlier, self.first_distance)

    def most_changed(self, n: int) -> NDArray[np.intp]:
        """The `n` sources with the fewest shared neighbours; among equals, those that moved out or in the most."""
        moved = np.abs(_places(self.second_distance) - _places(self.first_distance))
        return np.lexsort((-moved, self.jaccard))[:n]


def neighbour_change(first: ArrayLike, second: ArrayLike, *, k: int = K_COMPARED) -> NeighbourChange:
    """Compare the `k` nearest neighbours (cosine) of every source in two spaces.

    Parameters
    ----------
    first, second : array_like, shapes (n, d) and (n, e)
        Row i of both is source i.
    k : int
        At least `K_OUTLIER` where there are so many sources; fewer where there are not.

    Raises
    ------
    ValueError
        If the numbers of rows differ, there are fewer than two, or a value is not finite.
    """
    a, b = np.asarray(first), np.asarray(second)
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"first and second must have the same number of rows, at least 2, not {len(a)} and {len(b)}")
    k = min(k, len(a) - 1)
    near = [top_k(x, x, k, exclude_self=True) for x in (a, b)]
    distance = [_mean_distance(found) for found in near]
    outlier = [_largest(values, OUTLIER_PERCENT) for values in distance]
    return NeighbourChange(
        k=k,
        jaccard=jaccard(near[0].index, near[1].index),
        first_distance=distance[0],
        second_distance=distance[1],
        first_outlier=outlier[0],
        second_outlier=outlier[1],
    )


def jaccard(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.float64]:
    """Size of the intersection over size of the union of each row's entries.

    Parameters
    ----------
    first, second : ndarray of int, shape (n, k)
        No entry twice in a row.
    """
    shared = sum((second == first[:, [column]]).any(axis=1).astype(np.int64) for column in range(first.shape[1]))
    return np.asarray(shared / (first.shape[1] + second.shape[1] - shared), dtype=np.float64)


def _mean_distance(near: Neighbours) -> NDArray[np.float64]:
    return near.cosine_distance[:, :K_OUTLIER].mean(axis=1, dtype=np.float64)


def _largest(values: NDArray[np.float64], percent: float) -> NDArray[np.bool_]:
    n = max(1, round(len(values) * percent / 100))
    mask = np.zeros(len(values), dtype=np.bool_)
    mask[np.argsort(-values, kind="stable")[:n]] = True
    return mask


def _farthest(mask: NDArray[np.bool_], distance: NDArray[np.float64]) -> NDArray[np.intp]:
    rows = np.flatnonzero(mask)
    return rows[np.argsort(-distance[rows], kind="stable")]


def _places(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place of each value among all, from 0 to 1: distances of two spaces have no common scale."""
    places = np.empty(len(values))
    places[np.argsort(values, kind="stable")] = np.linspace(0, 1, len(values))
    return places
