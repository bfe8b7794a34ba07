"""What sets a source apart in an isolation forest, number by number, and in units of others' spread."""

from __future__ import annotations

import numpy as np
from coniferest.coniferest import Coniferest
from numpy.typing import ArrayLike, NDArray

_BATCH = 1024


def forest_contributions(forest: Coniferest, x: ArrayLike) -> NDArray[np.float64]:
    """By how much each feature shortens a source's mean path, in units of the usual path length.

    Each cut on a path makes the rest of it shorter or longer than was to be expected before; the changes are summed
    by the feature that was cut. Their sum is 1 less the path in those units, so that the forest's score is
    ``2 ** (sum - 1)``: above 0 isolates.

    Parameters
    ----------
    forest : Coniferest
        Fitted.
    x : array_like, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n, d)
    """
    evaluator = forest.evaluator
    rows = np.ascontiguousarray(x, dtype=evaluator.dtype)
    longer, _ = evaluator.core_forest.calc_feature_delta_sum(rows, batch_size=_BATCH)
    return -longer / (evaluator.n_trees * evaluator.average_path_length(evaluator.samples))


def robust_centre(values: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and half the central 68% range of each column of (n, d), NaN passed over; NaN where a column has none."""
    known = np.isfinite(values).any(axis=0)
    centre, spread = (np.full(values.shape[1], np.nan) for _ in range(2))
    if known.any():
        low, middle, high = np.nanpercentile(values[:, known], [15.865, 50, 84.135], axis=0)
        centre[known], spread[known] = middle, (high - low) / 2
    return centre, spread
