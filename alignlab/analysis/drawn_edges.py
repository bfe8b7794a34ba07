"""Which edges of a large graph to draw: each node's strongest, so that thinning leaves nobody out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Similarities are compared in so many steps: sorting sixteen bits is ten times quicker than sorting floats.
_STEPS = 65_535


def strongest_edges(edges: NDArray[np.integer], similarity: NDArray[np.floating], *, n: int, most: int) -> NDArray:
    """Choose `most` edges: all nodes' strongest first, then all their second strongest, and so on.

    An edge's turn is the better of its ranks among the edges of its two ends; among edges of one turn the stronger
    come first. No node that has an edge loses all of them as long as `most` is at least `n`.

    Parameters
    ----------
    edges : ndarray of int, shape (m, 2)
        Positions of both ends, 0 to `n` - 1.
    similarity : ndarray of float, shape (m,)
    n : int
        Number of nodes.
    most : int
        Edges that can be drawn.

    Returns
    -------
    ndarray of intp, shape (min(m, most),)
        Places of the chosen edges, ascending.

    Raises
    ------
    ValueError
        If there is not one similarity per edge, or `most` is negative.
    """
    m = len(edges)
    if similarity.shape != (m,):
        raise ValueError(f"{m} edges but similarities of shape {similarity.shape}")
    if most < 0:
        raise ValueError(f"cannot draw {most} edges")
    if m <= most:
        return np.arange(m)
    by_strength = np.argsort(_steps_down(similarity), kind="stable")
    turn = np.minimum(_turns(edges[by_strength], n), _STEPS).astype(np.uint16)
    # Stable: within a turn the stronger stay in front.
    return np.sort(by_strength[np.argsort(turn, kind="stable")[:most]])


def _steps_down(similarity: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Sixteen-bit codes that grow as the similarity falls."""
    low, high = float(similarity.min()), float(similarity.max())
    unit = (high - similarity) / (high - low) if high > low else np.zeros(len(similarity))
    return np.rint(unit * _STEPS).astype(np.uint16)


def _turns(edges: NDArray[np.integer], n: int) -> NDArray[np.int32]:
    """Better rank of each edge among the edges of its ends; edges come strongest first."""
    m = len(edges)
    ends = edges.reshape(-1).astype(np.uint16 if n <= _STEPS else np.int32)
    order = np.argsort(ends, kind="stable")
    count = np.bincount(ends, minlength=n)
    starts = (np.cumsum(count) - count).astype(np.int32)
    rank = np.empty(2 * m, dtype=np.int32)
    rank[order] = np.arange(2 * m, dtype=np.int32) - np.repeat(starts, count)
    return rank.reshape(m, 2).min(axis=1)
