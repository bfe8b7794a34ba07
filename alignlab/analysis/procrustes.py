"""Turning one map so that it lies as another does."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def turned_onto(points: ArrayLike, target: ArrayLike) -> NDArray[np.float32]:
    """Turn, and mirror if need be, `points` so that they lie as near `target` as they can (orthogonal Procrustes).

    Distances between the points stay what they are: a map's directions mean nothing, so two maps of the same sources
    are only comparable by eye once they lie alike.

    Parameters
    ----------
    points, target : array_like, shape (n, d)
        Row i of both is the same source.

    Returns
    -------
    ndarray of float32, shape (n, d)
        Around the mean of `target`.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    moving, fixed = np.asarray(points, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if moving.shape != fixed.shape or moving.ndim != 2:
        raise ValueError(f"points {moving.shape} and target {fixed.shape} must have the same shape (n, d)")
    centre = fixed.mean(axis=0)
    moving = moving - moving.mean(axis=0)
    left, _, right = np.linalg.svd(moving.T @ (fixed - centre))
    return (moving @ left @ right + centre).astype(np.float32)
