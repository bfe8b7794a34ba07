"""Is a new source like those of a sample? A p-value that promises what it says, whatever measures the distance.

Split-conformal (Vovk, Gammerman & Shafer 2005; Bates et al. 2023, arXiv:2104.08279): with the strangeness of *n*
calibration sources, which took no part in what strangeness is measured against, a new source drawn as they were has
``p = (1 + number at least as strange) / (n + 1)``, which is at most *a* with probability at most *a*.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import top_k


def conformal_p(strangeness: ArrayLike, calibration: ArrayLike) -> NDArray[np.float64]:
    """Conformal p-values.

    Parameters
    ----------
    strangeness : array_like, shape (n,)
        Of the sources asked about.
    calibration : array_like, shape (m,)
        Of the calibration sources.

    Returns
    -------
    ndarray of float64, shape (n,)
        From 1 / (m + 1) to 1; NaN where the strangeness is NaN, and everywhere without calibration sources.

    Raises
    ------
    ValueError
        If a calibration value is not finite.
    """
    known = np.sort(np.asarray(calibration, dtype=np.float64))
    if not np.isfinite(known).all():
        raise ValueError("the strangeness of calibration sources must be finite")
    asked = np.asarray(strangeness, dtype=np.float64)
    if not len(known):
        return np.full(asked.shape, np.nan)
    at_least = len(known) - np.searchsorted(known, asked, side="left")
    return np.where(np.isnan(asked), np.nan, (1 + at_least) / (len(known) + 1))


def kth_distance(
    vectors: ArrayLike, base: ArrayLike, k: int, *, own_row: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Cosine distance of each vector to the `k`-th nearest row of a base.

    Parameters
    ----------
    vectors : array_like, shape (n, d)
    base : array_like, shape (m, d)
    k : int
        At most m, or m - 1 where an own row is left out.
    own_row : array_like of int, shape (n,), optional
        Row of the base that is the vector itself and is left out; -1 where there is none.
    """
    if own_row is None:
        return top_k(vectors, base, k).cosine_distance[:, -1].astype(np.float64)
    near = top_k(vectors, base, k + 1)
    itself = near.index == np.asarray(own_row)[:, None]
    # Without its own row a source's k-th neighbour is the next one; with a duplicate of it in front, too.
    place = np.where(itself.any(axis=1), k, k - 1)
    return np.take_along_axis(near.cosine_distance, place[:, None], axis=1)[:, 0].astype(np.float64)
