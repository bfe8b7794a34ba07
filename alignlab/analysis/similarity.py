"""Exact cosine search: the one engine behind neighbours, maps, kNN regression and retrieval.

Exact search is at the memory bandwidth limit for one query on a million rows, so there is no index.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest rows of a base for every query, best first.

    Attributes
    ----------
    index : ndarray of int64, shape (n_queries, k)
        Rows of the base.
    similarity : ndarray of float32, shape (n_queries, k)
        Cosine similarities, descending along each row.
    """

    index: NDArray[np.int64]
    similarity: NDArray[np.float32]

    @property
    def cosine_distance(self) -> NDArray[np.float32]:
        """One minus the similarity, never negative."""
        return np.clip(1 - self.similarity, 0, None)

    @property
    def chord_distance(self) -> NDArray[np.float32]:
        """Euclidean distance between the normalised rows, sqrt(2 - 2 similarity)."""
        return np.sqrt(2 * self.cosine_distance)


def normalise_rows(x: ArrayLike) -> NDArray[np.float32]:
    """Scale every row to length 1, so that a matrix product is the cosine.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Vectors. A row of zeros has no direction and stays zero: its similarity with everything is 0.

    Returns
    -------
    ndarray of float32, shape (n, d), C-contiguous

    Raises
    ------
    ValueError
        If `x` is not two-dimensional or holds NaN or infinity; the message names the first such row.
    """
    x = finite_matrix(x, "x")
    # The largest value is divided out first: squares of tiny or huge float32 values would leave the range.
    largest = np.abs(x).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(x, largest, out=np.zeros_like(x), where=largest > 0)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.divide(scaled, length, out=np.zeros_like(x), where=length > 0)


def top_k(
    queries: ArrayLike,
    base: ArrayLike,
    k: int,
    *,
    exclude_self: bool = False,
    normalised: bool = False,
    block: int = 1024,
) -> Neighbours:
    """Find the `k` rows of `base` most similar (cosine) to each query, exactly.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d)
        Vectors of any length; they are normalised here.
    base : array_like, shape (n_base, d)
        Vectors to search.
    k : int
        How many; at most ``n_base`` (one less with `exclude_self`).
    exclude_self : bool
        True when `queries` are the rows of `base`: row i is then no neighbour of itself, but its duplicates are.
    normalised : bool
        True when every row is known to be finite and of length 1, as `normalise_rows` leaves it: checking and scaling
        the base would take a hundred times as long as searching it for one query.
    block : int
        Queries per matrix product: memory is ``block * n_base * 4`` bytes.

    Returns
    -------
    Neighbours
        Equal similarities are ordered by row. Which of several equals fill the last place is not defined.

    Raises
    ------
    ValueError
        If shapes disagree, `k` is out of range, or a value is NaN or infinite.
    """
    same = queries is base
    prepare = _matrix if normalised else normalise_rows
    base_rows = prepare(base)
    query_rows = base_rows if same else prepare(queries)
    if query_rows.shape[1] != base_rows.shape[1]:
        raise ValueError(f"queries have {query_rows.shape[1]} dimensions, the base has {base_rows.shape[1]}")
    if exclude_self and len(query_rows) != len(base_rows):
        raise ValueError(f"exclude_self needs the base as queries, not {len(query_rows)} rows for {len(base_rows)}")
    available = len(base_rows) - exclude_self
    if not 1 <= k <= available:
        raise ValueError(f"k must be 1 to {available} (the rows to choose from), not {k}")
    if block < 1:
        raise ValueError(f"block must be positive, not {block}")
    # NumPy multiplies and torch selects: the library behind each is the faster one at it, on AMD by a factor of two.
    product = np.empty((min(block, len(query_rows)), len(base_rows)), np.float32)
    index = np.empty((len(query_rows), k), np.int64)
    similarity = np.empty((len(query_rows), k), np.float32)
    for start in range(0, len(query_rows), block):
        stop = min(start + block, len(query_rows))
        found = product[: stop - start]
        np.matmul(query_rows[start:stop], base_rows.T, out=found)
        if exclude_self:
            found[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        best = torch.from_numpy(found).topk(k, dim=1)
        index[start:stop], similarity[start:stop] = best.indices.numpy(), best.values.numpy()
    order = np.lexsort((index, -similarity), axis=1)
    return Neighbours(
        np.take_along_axis(index, order, axis=1),
        np.clip(np.take_along_axis(similarity, order, axis=1), -1, 1),
    )


def finite_matrix(x: ArrayLike, name: str) -> NDArray[np.float32]:
    """Return `x` as a C-contiguous float32 matrix, or refuse it.

    Raises
    ------
    ValueError
        If it is not two-dimensional or holds NaN or infinity; the message holds `name` and the first such row.
    """
    x = _matrix(x, name)
    bad = ~np.isfinite(x).all(axis=1)
    if bad.any():
        raise ValueError(f"{name} has NaN or infinity in {bad.sum()} of {len(x)} rows, first in row {bad.argmax()}")
    return x


def _matrix(x: ArrayLike, name: str = "latents") -> NDArray[np.float32]:
    x = np.ascontiguousarray(x, dtype=np.float32)
    if x.ndim != 2:
        raise ValueError(f"{name} must be two-dimensional (rows are vectors), not of shape {x.shape}")
    return x
