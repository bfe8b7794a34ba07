"""Concerns about sources as numbers from 0 to 1, and what they do to a ranking together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A concern that is certain and of full weight counts as this, so that others keep a share of the demotion.
_NEARLY_ONE = 1 - 1e-6


def ramp(values: ArrayLike, start: float, full: float, *, logarithmic: bool = False) -> NDArray[np.float32]:
    """Rise from 0 at `start` to 1 at `full`, which may lie below it; shape (n,), NaN stays NaN.

    Linear in the values, or in their logarithm: then what is not positive counts as the smallest number.
    """
    x, ends = np.asarray(values, float), np.array([start, full], float)
    if logarithmic:
        x, ends = np.log(np.maximum(x, np.finfo(float).tiny)), np.log(ends)
    return np.clip((x - ends[0]) / (ends[1] - ends[0]), 0, 1).astype(np.float32)


def together(concerns: Mapping[str, NDArray[np.floating]], weights: Mapping[str, float]) -> NDArray[np.float32]:
    """1 - prod(1 - w c) over the concerns, shape (n,): what is unknown (NaN) does not count."""
    kept = np.ones(next(map(len, concerns.values())))
    for name, concern in concerns.items():
        kept *= 1 - weights[name] * np.nan_to_num(concern)
    return (1 - kept).astype(np.float32)


def shares(concerns: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """What each concern contributes to `together` for one source, largest first; nothing where it is 0 or unknown.

    In proportion to -log(1 - w c), since these add up.
    """
    strength = {
        name: float(-np.log1p(-min(weights[name] * concern, _NEARLY_ONE)))
        for name, concern in concerns.items()
        if weights[name] * concern > 0
    }
    total = sum(strength.values())
    whole = -float(np.expm1(-total))
    ordered = sorted(strength.items(), key=lambda pair: -pair[1])
    return {name: whole * value / total for name, value in ordered}


def deviation_from_others(
    values: NDArray[np.floating], errors: NDArray[np.floating], groups: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """How far each value lies from the weighted mean of the others of its group.

    Parameters
    ----------
    values, errors : ndarray, shape (n,)
        NaN where unknown: such a one is compared with nothing.
    groups : ndarray of int, shape (n,)
        Not negative; the same for values that should agree.

    Returns
    -------
    sigma : ndarray of float64, shape (n,)
        Difference over the error of the difference; NaN without others.
    mean : ndarray of float64, shape (n,)
        Of the others, weighted with the inverse squares of their errors.
    n_others : ndarray of int64, shape (n,)
    """
    known = np.isfinite(values) & (errors > 0)
    weight = np.where(known, np.divide(1.0, errors**2, out=np.zeros(len(values)), where=known), 0.0)
    x = np.where(known, values, 0.0).astype(float)
    weights, sums, times = (
        np.bincount(groups, weights=what)[groups] - what for what in (weight, weight * x, known.astype(float))
    )
    n_others = np.where(known, np.rint(times), 0).astype(np.int64)
    mean, sigma = np.full(len(x), np.nan), np.full(len(x), np.nan)
    some = n_others > 0
    mean[some] = sums[some] / weights[some]
    sigma[some] = (x[some] - mean[some]) / np.sqrt(1 / weight[some] + 1 / weights[some])
    return sigma, mean, n_others


def demoted(percentile: NDArray[np.floating], artefact: NDArray[np.floating], strength: float) -> NDArray[np.float32]:
    """Percentile ranks lowered by the artefact score: the share of sources ranked higher, to the power 1 - w.

    A source is surprising by the logarithm of that share, and w = strength x artefact score of its surprise is taken
    away. Multiplied percentiles would throw a source of the first 0.1% out of the first 1% for a concern of 1%.

    Parameters
    ----------
    percentile, artefact : ndarray, shape (n,)
        0 to 100, and 0 to 1.
    strength : float
        0 to 1.

    Returns
    -------
    ndarray of float32, shape (n,)
        0 to 100: as it was where w is 0, 0 where w is 1.
    """
    above = 1 - np.asarray(percentile, dtype=np.float64) / 100
    return (100 * (1 - above ** (1 - strength * artefact))).astype(np.float32)
