"""Sources whose two modalities do not belong together: others' vectors lie nearer than their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import finite_matrix

#: Up to so many sources each is compared with all others.
MOST_EXACT = 50_000
#: Above that, with so many drawn from them: a share of 1% is then known to 0.22 points, one of 50% to 1.1.
N_COMPARED = 2_000
_BLOCK = 512


def modality_disagreement(
    first: ArrayLike,
    second: ArrayLike,
    *,
    most_exact: int = MOST_EXACT,
    n_compared: int = N_COMPARED,
    seed: int = 0,
    on_block: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """Share of the other sources' vectors that lie nearer to a source's than its own in the other modality.

    Parameters
    ----------
    first, second : array_like, shape (n, d)
        Normalised vectors of the same sources in a shared space, such as of spectra and of texts.
    most_exact, n_compared : int
        Of more than `most_exact` sources, `n_compared` are drawn, and the others counted among these alone.
    seed : int
        Of that draw.
    on_block : callable
        ``on_block(done, total)`` in comparisons of sources.

    Returns
    -------
    ndarray of float32, shape (n,)
        In percent, 0 where nothing is nearer: the mean of the share of `second` nearer to the own `first`, and of
        `first` nearer to the own `second`.

    Raises
    ------
    ValueError
        If shapes disagree, there are fewer than two sources, or a value is not finite.
    """
    a, b = finite_matrix(first, "first"), finite_matrix(second, "second")
    if a.shape != b.shape:
        raise ValueError(f"both modalities need the same shape, not {a.shape} and {b.shape}")
    n = len(a)
    if n < 2:
        raise ValueError(f"disagreement needs at least two sources, not {n}")
    if n <= most_exact:
        return (100 * _share_nearer_both_ways(a, b, lambda done: on_block(done, n))).astype(np.float32)
    compared = np.sort(np.random.default_rng(seed).choice(n, size=min(n_compared, n), replace=False))
    one_way = _share_nearer(a, b, compared, lambda done: on_block(done, 2 * n))
    other_way = _share_nearer(b, a, compared, lambda done: on_block(n + done, 2 * n))
    return (50 * (one_way + other_way)).astype(np.float32)


def _share_nearer_both_ways(
    first: NDArray[np.float32], second: NDArray[np.float32], on_rows: Callable[[int], None]
) -> NDArray[np.float64]:
    """Mean over both ways of `_share_nearer` among all: one product serves both, by its rows and by its columns."""
    n = len(first)
    own = np.einsum("ij,ij->i", first, second)
    nearer = np.zeros(n)
    products = np.empty((min(_BLOCK, n), n), np.float32)
    above = np.empty(products.shape, np.bool_)
    for start in range(0, n, _BLOCK):
        on_rows(start)
        rows = slice(start, min(start + _BLOCK, n))
        similarity = np.matmul(first[rows], second.T, out=products[: rows.stop - start])
        similarity[np.arange(rows.stop - start), np.arange(rows.start, rows.stop)] = -np.inf
        each = above[: rows.stop - start]
        nearer[rows] += np.count_nonzero(np.greater(similarity, own[rows, None], out=each), axis=1)
        nearer += np.count_nonzero(np.greater(similarity, own, out=each), axis=0)
    return nearer / (2 * (n - 1))


def _share_nearer(
    queries: NDArray[np.float32],
    answers: NDArray[np.float32],
    compared: NDArray[np.intp],
    on_rows: Callable[[int], None],
) -> NDArray[np.float64]:
    """Share of the compared answers, the own one left out, that are more similar to a query than its own answer."""
    n = len(queries)
    others = answers[compared].T
    own = np.einsum("ij,ij->i", queries, answers)
    place = np.full(n, -1)
    place[compared] = np.arange(len(compared))
    share = np.empty(n)
    # Written to again and again: memory asked for anew costs a third as much as the products.
    products = np.empty((min(_BLOCK, n), len(compared)), np.float32)
    above = np.empty(products.shape, np.bool_)
    for start in range(0, n, _BLOCK):
        on_rows(start)
        rows = slice(start, min(start + _BLOCK, n))
        similarity = np.matmul(queries[rows], others, out=products[: rows.stop - start])
        among = np.flatnonzero(place[rows] >= 0)
        similarity[among, place[rows][among]] = -np.inf
        nearer = np.greater(similarity, own[rows, None], out=above[: rows.stop - start])
        share[rows] = np.count_nonzero(nearer, axis=1) / (len(compared) - (place[rows] >= 0))
    return share
