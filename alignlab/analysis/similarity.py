"""Exact cosine search: the one engine behind neighbours, maps, kNN regression and retrieval.

Exact search is at the memory bandwidth limit for one query on a million rows, so there is no index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    block: int = 512,
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
        Queries per matrix product: memory is ``block * n_base * 4`` bytes for each of torch's threads.

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
    base_t = torch.from_numpy(base_rows).T
    index = np.empty((len(query_rows), k), np.int64)
    similarity = np.empty((len(query_rows), k), np.float32)

    def search(start: int) -> None:
        stop = min(start + block, len(query_rows))
        product = torch.from_numpy(query_rows[start:stop]) @ base_t
        if exclude_self:
            product[torch.arange(stop - start), torch.arange(start, stop)] = -torch.inf
        best = product.topk(k, dim=1)
        index[start:stop], similarity[start:stop] = best.indices.numpy(), best.values.numpy()

    _each_on_a_thread(search, range(0, len(query_rows), block))
    order = np.lexsort((index, -similarity), axis=1)
    return Neighbours(
        np.take_along_axis(index, order, axis=1),
        np.clip(np.take_along_axis(similarity, order, axis=1), -1, 1),
    )


def _each_on_a_thread(work: Callable[[int], None], starts: Sequence[int]) -> None:
    """Do pieces of work side by side, each on one thread: twice as fast as one after the other on two threads each.

    Half of a piece is a selection or a count, in which threads of one product have little to share and wait for each
    other.

    Parameters
    ----------
    work : callable
        ``work(start)``, safe to be done by several threads.
    starts : sequence of int
    """
    n_threads = torch.get_num_threads()
    if n_threads == 1 or len(starts) < 2:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for done in [pool.submit(work, start) for start in starts]:
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(n_threads)


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
