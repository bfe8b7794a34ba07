"""How far a new source lies from everything a run was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import top_k


def training_distances(training: ArrayLike, *, k: int = 10) -> NDArray[np.float64]:
    """Distances of the training sources (n, d) to each other, see `training_distance_percentile`; ascending, (n,)."""
    near = top_k(training, training, k, exclude_self=True)
    return np.sort(near.cosine_distance.mean(axis=1)).astype(np.float64)


def training_distance_percentile(
    new: ArrayLike, training: ArrayLike, *, k: int = 10, own: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Percentile of each new source's distance to the training sources among their own distances.

    Parameters
    ----------
    new : array_like, shape (n, d)
        Latents of new sources.
    training : array_like, shape (n_training, d)
        Latents of the training sources.
    k : int
        The distance of a source is its mean cosine distance to the `k` nearest training sources (itself left out).
    own : ndarray, shape (n_training,), optional
        From `training_distances` with the same `k`, where these are asked for again and again.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 100. Near 100: farther out than nearly all training sources, so estimates for it are extrapolations.

    Raises
    ------
    ValueError
        If shapes disagree, `k` is out of range, or a value is not finite.
    """
    own = training_distances(training, k=k) if own is None else own
    distance = top_k(new, training, k).cosine_distance.mean(axis=1)
    middle = np.searchsorted(own, distance, "left") + np.searchsorted(own, distance, "right")
    return 100 * middle / (2 * len(own))
