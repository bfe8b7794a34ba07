"""How far a source lies from its neighbours, and how thin its surroundings are compared with theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import Neighbours, finite_matrix, normalise_rows, top_k

N_NEIGHBOURS = 15
#: Up to so many sources all are compared with all.
MOST_EXACT = 50_000
#: Above that, all are compared with so many of them: about half as many as the paper's survey holds, so that a
#: neighbourhood means nearly what it means there.
N_REFERENCE = 5_000
_BLOCK = 8_192
#: Keeps the density of identical sources finite, as in scikit-learn.
_TINY = 1e-10


@dataclass(frozen=True, eq=False, kw_only=True)
class Neighbourhoods:
    """What the neighbours of each source say of it. Higher is stranger.

    Attributes
    ----------
    distance : ndarray of float32, shape (n,)
        Mean cosine distance to the `k` nearest.
    local_outlier_factor : ndarray of float32, shape (n,)
        Breunig et al. 2000, with the distance between the normalised vectors.
    n_reference : int
        Sources among which neighbours were looked for; n where all were.
    """

    distance: NDArray[np.float32]
    local_outlier_factor: NDArray[np.float32]
    n_reference: int


def neighbourhoods(
    latents: ArrayLike,
    *,
    k: int = N_NEIGHBOURS,
    most_exact: int = MOST_EXACT,
    n_reference: int = N_REFERENCE,
    seed: int = 0,
    on_block: Callable[[int, int], None] = lambda done, total: None,
) -> Neighbourhoods:
    """Distances to neighbours and local outlier factors.

    Parameters
    ----------
    latents : array_like, shape (n, d)
        Compared by cosine.
    k : int
        Neighbours, the source itself left out; one fewer than there are sources where these are few.
    most_exact, n_reference : int
        Of more than `most_exact` sources, `n_reference` are drawn, and neighbours looked for among these alone.
    seed : int
        Of that draw.
    on_block : callable
        ``on_block(done, total)`` in sources.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or a value is not finite.
    """
    x = finite_matrix(latents, "latents")
    n = len(x)
    if n < 2:
        raise ValueError(f"neighbours need at least two sources, not {n}")
    drawn = np.arange(n)
    if n > most_exact:
        drawn = np.sort(np.random.default_rng(seed).choice(n, size=min(n_reference, n), replace=False))
    reference = normalise_rows(x[drawn])
    k = min(k, len(reference) - 1)
    within = top_k(reference, reference, k, exclude_self=True, normalised=True)
    reach, density = _reach_and_density(within)
    distance, factor = np.empty(n, np.float32), np.empty(n, np.float32)
    distance[drawn] = within.cosine_distance.mean(axis=1)
    factor[drawn] = density[within.index].mean(axis=1) / density
    others = np.setdiff1d(np.arange(n), drawn, assume_unique=True)
    for start in range(0, len(others), _BLOCK):
        on_block(start, len(others))
        rows = others[start : start + _BLOCK]
        near = top_k(normalise_rows(x[rows]), reference, k, normalised=True)
        own = _density(near, reach)
        distance[rows] = near.cosine_distance.mean(axis=1)
        factor[rows] = density[near.index].mean(axis=1) / own
    return Neighbourhoods(distance=distance, local_outlier_factor=factor, n_reference=len(reference))


def _reach_and_density(within: Neighbours) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Distance of each reference source to its farthest neighbour, and its local reachability density."""
    reach = within.chord_distance[:, -1]
    return reach, _density(within, reach)


def _density(near: Neighbours, reach: NDArray[np.float32]) -> NDArray[np.float64]:
    """Local reachability density: one over the mean distance to the neighbours, none of them nearer than its reach."""
    return 1 / (np.maximum(near.chord_distance, reach[near.index]).mean(axis=1, dtype=np.float64) + _TINY)
