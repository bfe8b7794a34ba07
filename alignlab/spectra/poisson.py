"""Errors of small counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gehrels_errors(counts: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes of the 68% error bars of Poisson counts, downwards and upwards.

    Gehrels 1986 (ApJ 303, 336), equations 7 and 12, for one sigma.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Not negative; fractions are allowed, since counts are shared among grid bins.

    Returns
    -------
    below, above : ndarray of float64, shape (n,)
        In counts.

    Raises
    ------
    ValueError
        If a count is negative or not finite.
    """
    n = np.asarray(counts, dtype=np.float64)
    if not np.all(np.isfinite(n) & (n >= 0)):
        raise ValueError("counts must be finite and not negative")
    safe = np.maximum(n, 1)
    lower = safe * (1 - 1 / (9 * safe) - 1 / (3 * np.sqrt(safe))) ** 3
    below = np.where(n > 0, n - np.where(n >= 1, lower, 0), 0)
    return below, 1 + np.sqrt(n + 0.75)
