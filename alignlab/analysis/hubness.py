"""Hubs: vectors that are near to everything, and would be found by every query."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import normalise_rows, top_k

#: Neighbours over which nearness is averaged.
K_HUB = 100


def nearness(candidates: ArrayLike, reference: ArrayLike, *, k: int = K_HUB) -> NDArray[np.float64]:
    """Mean cosine similarity of each candidate to those `k` rows of the other modality that are most similar to it.

    Parameters
    ----------
    candidates : array_like, shape (n, d)
    reference : array_like, shape (m, d)
        Rows of the modality that queries come from, none of them a query: such as those of the training split.
    k : int
        All of them, where there are fewer.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    found = top_k(candidates, reference, min(k, len(np.asarray(reference))))
    return found.similarity.mean(axis=1, dtype=np.float64)


def corrected_scores(
    queries: ArrayLike, candidates: ArrayLike, reference: ArrayLike, *, k: int = K_HUB
) -> NDArray[np.float64]:
    r"""Cross-domain similarity local scaling (CSLS; Conneau et al. 2018, arXiv:1710.04087, eq. 3).

    The score is :math:`2 \cos(q, c) - r(c)` with r the `nearness` of a candidate: one that is near to everything has to
    be nearer to be found. The paper's third term, the nearness of the query, changes no ranking and is left out. It is
    taken over a reference set here and not over the queries, so that an answer depends neither on the other queries nor
    on the other candidates.

    Parameters
    ----------
    queries : array_like, shape (n, d)
    candidates : array_like, shape (m, d)
    reference : array_like, shape (p, d)
        As for `nearness`.

    Returns
    -------
    ndarray of float64, shape (n, m)
    """
    cosines = normalise_rows(queries).astype(np.float64) @ normalise_rows(candidates).astype(np.float64).T
    return 2 * cosines - nearness(candidates, reference, k=k)
