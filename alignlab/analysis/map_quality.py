"""How far a map can be trusted: whether near on the map means near in the latent space, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.progress import OnStep, report

#: Up to this many sources all of them are compared with each other; above it, each with so many drawn at random.
MOST_REFERENCES = 20_000
_BLOCK = 256
#: Cosine distances of float32 rows that differ by less than their rounding are equal.
_SAME_COSINE = 5e-7


@dataclass(frozen=True, eq=False, kw_only=True)
class MapQuality:
    """How well a map keeps neighbourhoods, at each source and as a whole (the mean over the sources).

    Attributes
    ----------
    k : int
        Size of the neighbourhoods.
    n : int
        Sources on the map.
    n_reference : int
        Sources among which neighbours were looked for: all, or a random sample of a large survey, where the `k`
        nearest stand for ``k * n / n_reference``.
    trustworthiness : ndarray of float32, shape (n,)
        1 where the `k` nearest on the map are nearest in the latent space, too; 0 where they are the farthest there.
    continuity : ndarray of float32, shape (n,)
        The same with the spaces exchanged: 1 where the true neighbours are not torn away on the map.
    knn_recall : ndarray of float32, shape (n,)
        Share of the `k` nearest in the latent space that are among the `k` nearest on the map.
    """

    k: int
    n: int
    n_reference: int
    trustworthiness: NDArray[np.float32]
    continuity: NDArray[np.float32]
    knn_recall: NDArray[np.float32]

    @property
    def global_trustworthiness(self) -> float:
        """Trustworthiness of the whole map (Venna & Kaski 2001)."""
        return float(self.trustworthiness.mean(dtype=np.float64))

    @property
    def global_continuity(self) -> float:
        """Continuity of the whole map (Venna & Kaski 2001)."""
        return float(self.continuity.mean(dtype=np.float64))

    @property
    def global_recall(self) -> float:
        """Mean share of true neighbours that are neighbours on the map."""
        return float(self.knn_recall.mean(dtype=np.float64))


def map_quality(
    latents: ArrayLike,
    coordinates: ArrayLike,
    *,
    k: int = 15,
    most_references: int = MOST_REFERENCES,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> MapQuality:
    """Compare every source's neighbours on a map with those in the latent space.

    Distances are cosine in the latent space, which is what maps are made from, and Euclidean on the map. With r(i, j)
    the rank of j among the neighbours of i in the latent space and U the `k` nearest of i on the map that are not
    among its `k` nearest there, the local trustworthiness is 1 - 2 sum over U of (r(i, j) - k) / (k (2 n - 3 k - 1)):
    one term of the mean in Venna & Kaski 2001 (doi:10.1007/3-540-44668-0_68, eq. 1). Where sources are equally near,
    each has the best rank that they share and those near in both spaces count as neighbours first: the order of
    duplicates is never held against a map.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    coordinates : array_like, shape (n, c)
        The map.
    k : int
        Size of the neighbourhoods, less than half of the sources.
    most_references : int
        With more sources than this, neighbours are looked for among so many drawn at random: the same measures for
        neighbourhoods that are ``n / most_references`` times as large.
    seed : int
        Of that sample.
    on_step : callable, optional
        Told how many sources are done; False stops.

    Raises
    ------
    ValueError
        If shapes disagree, `k` is out of range or a value is not finite.
    StoppedError
        If `on_step` returned False.
    """
    import torch

    from alignlab.analysis.similarity import finite_matrix, normalise_rows

    rows, places = normalise_rows(latents), finite_matrix(coordinates, "coordinates")
    n = len(rows)
    if len(places) != n:
        raise ValueError(f"{n} latents and {len(places)} coordinates: they must be the same sources")
    m = min(n, most_references)
    if not 1 <= k < m / 2:
        raise ValueError(f"k must be at least 1 and less than half of {m} sources, not {k}")
    reference = np.arange(n) if m == n else np.sort(np.random.default_rng(seed).choice(n, m, replace=False))
    column_of = np.full(n, -1)
    column_of[reference] = np.arange(m)
    others_t, other_places = torch.from_numpy(rows[reference]).T, places[reference]
    trust, continuity, recall = np.ones((3, n), np.float32)
    for start in range(0, n, _BLOCK):
        report(on_step, start, n, "judging the map")
        block = slice(start, min(start + _BLOCK, n))
        true = 1 - (torch.from_numpy(rows[block]) @ others_t).numpy()
        shown = _squared_distances(places[block], other_places)
        own = column_of[block]
        itself = np.flatnonzero(own >= 0)
        true[itself, own[itself]] = shown[itself, own[itself]] = np.inf
        rank_of_shown, rank_of_true = _cross_ranks(true, shown, k)
        n_others = m - (own >= 0)
        worst = k * (2 * n_others - 3 * k + 1) / 2
        trust[block] = 1 - np.maximum(rank_of_shown - k, 0).sum(axis=1) / worst
        continuity[block] = 1 - np.maximum(rank_of_true - k, 0).sum(axis=1) / worst
        recall[block] = (rank_of_true <= k).sum(axis=1) / k
    return MapQuality(k=k, n=n, n_reference=m, trustworthiness=trust, continuity=continuity, knn_recall=recall)


def _cross_ranks(
    true: NDArray[np.float32], shown: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ranks in the latent space of the `k` nearest on the map, and the other way round; both of shape (b, k).

    The distances, each of shape (b, m), are sorted in place.
    """
    import torch

    def ranks(distances: NDArray[np.float32], wanted: NDArray[np.float32], same: float) -> NDArray[np.int64]:
        # numpy sorts float32 rows with vector instructions, many times faster than torch does.
        distances.sort(axis=1)
        limits = torch.from_numpy(np.ascontiguousarray(wanted - np.float32(same)))
        return torch.searchsorted(torch.from_numpy(distances), limits).numpy() + 1

    near_true, near_shown = _nearest(true, shown, k, _SAME_COSINE), _nearest(shown, true, k, 0.0)
    true_of_shown = np.take_along_axis(true, near_shown, axis=1)
    shown_of_true = np.take_along_axis(shown, near_true, axis=1)
    return ranks(true, true_of_shown, _SAME_COSINE), ranks(shown, shown_of_true, 0.0)


def _nearest(distances: NDArray[np.float32], other: NDArray[np.float32], k: int, same: float) -> NDArray[np.int64]:
    """Columns of the `k` smallest distances of each row; of equals for the last places, those near by `other`, too."""
    import torch

    best = torch.from_numpy(distances).topk(k + 1, dim=1, largest=False)
    index, values = best.indices.numpy()[:, :k].copy(), best.values.numpy()
    tied = np.flatnonzero(values[:, k] - values[:, k - 1] <= same)
    if tied.size:
        last = values[tied, k - 1 : k]
        equal = np.where(distances[tied] <= last + same, other[tied], np.inf)
        order = np.where(distances[tied] < last - same, -1, equal).astype(np.float32)
        index[tied] = torch.from_numpy(order).topk(k, dim=1, largest=False).indices.numpy()
    return index


def _squared_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared Euclidean distances, shape (len(a), len(b)), from differences: equal positions are exactly equal."""
    total = np.zeros((len(a), len(b)), np.float32)
    for axis in range(a.shape[1]):
        difference = a[:, axis, None] - b[None, :, axis]
        np.multiply(difference, difference, out=difference)
        total += difference
    return total
