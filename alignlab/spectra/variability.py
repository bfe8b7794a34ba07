"""Variability within an observation: the Gregory-Loredo test on photon arrival times, as the CSC uses it.

For N events in m equal bins the odds of a piecewise constant rate against a constant one are
O_m = m^N (m-1)! n_1! ... n_m! / (N+m-1)! (Gregory & Loredo 1992, ApJ 398, 146). They are averaged over m = 2 ... m_max,
and the probability of variability is P = O / (1 + O). As in the Chandra Source Catalog (Evans et al. 2010, ApJS 189,
37, section 3.12; https://cxc.cfa.harvard.edu/csc/why/gregory_loredo.html) the average stops at the largest m_max for
which it is above its own maximum over the square root of e, so that bins too narrow to tell anything do not dilute it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, softmax

#: Events below which there is no result; the faintest CSC detections that carry a probability have about as many.
MIN_EVENTS = 5
#: Most bins that are tried.
MAX_BINS = 200
#: The CSC tries no bins shorter than this.
SHORTEST_BIN_S = 50.0

_GRID = 5040
#: Points of the light curve that the index looks at.
_LIGHT_CURVE = 252
_CHUNK = 256


def gregory_loredo(
    time_s: ArrayLike,
    offsets: ArrayLike,
    *,
    start_s: ArrayLike = 0.0,
    stop_s: ArrayLike,
    max_bins: int = MAX_BINS,
    min_events: int = MIN_EVENTS,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probability and index of variability of many sources.

    Bin edges are rounded to a grid of 5,040 cells per observation, and the odds account for the widths that this gives
    the bins (as they do for gaps in an observation), so that the cost does not depend on the number of events.

    Parameters
    ----------
    time_s : array_like, (n_events,)
        Arrival times in seconds, one source after the other; their order within a source does not matter.
    offsets : array_like of int, (n + 1,)
        Source i owns ``time_s[offsets[i]:offsets[i + 1]]``.
    start_s, stop_s : array_like, scalar or (n,)
        Start and end of each observation on the same clock. Events outside are ignored.
    max_bins : int
        Most bins; fewer where bins would be shorter than 50 s.
    min_events : int
        Events that a source needs.

    Returns
    -------
    var_prob : ndarray of float32, (n,)
        Probability that the source is variable; NaN below `min_events`.
    var_index : ndarray of float32, (n,)
        The CSC's index, 0 (constant) to 10 (certainly variable); NaN below `min_events`.

    Raises
    ------
    ValueError
        If offsets do not fit the times, an observation has no length, or there are fewer than two bins.
    """
    times, bounds = np.asarray(time_s), np.asarray(offsets, dtype=np.int64)
    if bounds.ndim != 1 or len(bounds) < 1 or bounds[0] != 0 or bounds[-1] != len(times) or np.any(np.diff(bounds) < 0):
        raise ValueError(f"offsets must rise from 0 to the number of events, {len(times)}")
    if max_bins < 2:
        raise ValueError(f"max_bins must be at least 2, not {max_bins}")
    n = len(bounds) - 1
    start = np.broadcast_to(np.asarray(start_s, dtype=float), n)
    length = np.broadcast_to(np.asarray(stop_s, dtype=float), n) - start
    if not np.all(length > 0):
        raise ValueError(f"stop_s must be after start_s; the shortest observation lasts {length.min()} s")

    probability, index = np.full(n, np.nan, dtype=np.float32), np.full(n, np.nan, dtype=np.float32)
    most = np.clip(length / SHORTEST_BIN_S, 2, max_bins).astype(np.int64)
    for rows, elapsed in _portions(times, bounds, start, length, most, min_events):
        odds = _odds(elapsed, most[rows])
        probability[rows] = expit(odds.log_odds)
        index[rows] = _variability_index(odds, elapsed)
    return probability, index


def _portions(
    times: NDArray[np.floating],
    bounds: NDArray[np.int64],
    start: NDArray[np.float64],
    length: NDArray[np.float64],
    most: NDArray[np.int64],
    min_events: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """Sources with enough events, of about equal largest m; their cumulative counts (grid + 1, n) over time."""
    order = np.argsort(most, kind="stable")
    for first in range(0, len(order), _CHUNK):
        rows = order[first : first + _CHUNK]
        cells = np.zeros((len(rows), _GRID), dtype=np.int32)
        for row, source in enumerate(rows):
            phase = (times[bounds[source] : bounds[source + 1]] - start[source]) / length[source]
            cell = (phase[(phase >= 0) & (phase <= 1)] * _GRID).astype(np.int64)
            cells[row] = np.bincount(np.minimum(cell, _GRID - 1), minlength=_GRID)
        enough = cells.sum(axis=1) >= max(min_events, 1)
        if not enough.any():
            continue
        rows, cells = rows[enough], cells[enough]
        elapsed = np.zeros((_GRID + 1, len(rows)), dtype=np.int32)
        elapsed[1:] = np.cumsum(cells, axis=1, dtype=np.int32).T
        yield rows, elapsed


@dataclass(frozen=True, eq=False)
class _Odds:
    """Logarithms of the odds: per number of bins (m - 2, n), minus infinity where not used, and averaged (n,)."""

    by_bins: NDArray[np.float64]
    log_odds: NDArray[np.float64]


def _bin_edges(bins: int) -> NDArray[np.int64]:
    return np.rint(np.arange(bins + 1) * (_GRID / bins)).astype(np.int64)


def _odds(elapsed: NDArray[np.int32], most: NDArray[np.int64]) -> _Odds:
    total = elapsed[-1]
    log_factorial = gammaln(np.arange(total.max() + 1) + 1.0)
    by_bins = np.full((most.max() - 1, len(total)), -np.inf)
    for m in range(2, most.max() + 1):
        edges = _bin_edges(m)
        reached = elapsed.take(edges, axis=0)
        counts = np.subtract(reached[1:], reached[:-1], dtype=np.intp)  # of the type that `take` works with
        log_width = np.log(np.diff(edges) * (m / _GRID))
        multiplicity = log_factorial.take(counts, mode="clip").sum(axis=0)
        if log_width.any():
            multiplicity -= log_width @ counts
        log_odds = total * np.log(m) + gammaln(m) - gammaln(total + m) + multiplicity
        by_bins[m - 2] = np.where(most >= m, log_odds, -np.inf)
    bins = np.arange(1, len(by_bins) + 1)[:, None]
    average = np.logaddexp.accumulate(by_bins, axis=0) - np.log(bins)
    average[~np.isfinite(by_bins)] = -np.inf
    last = ((average >= average.max(axis=0) - 0.5) * bins).max(axis=0)
    used = np.where(bins <= last, by_bins, -np.inf)
    return _Odds(used, average[last - 1, np.arange(len(total))])


def _variability_index(odds: _Odds, elapsed: NDArray[np.int32]) -> NDArray[np.float64]:
    """Index of each source (n,): from the probability where that decides, else also from the light curve."""
    probability = expit(odds.log_odds)
    index = np.digitize(odds.log_odds / np.log(10), [2, 4, 10, 30]) + 6.0
    index[probability <= 0.5] = 0
    ambiguous = np.flatnonzero((probability > 0.5) & (probability < 0.9))
    if len(ambiguous):
        flat = _is_flat(odds.by_bins[:, ambiguous], elapsed[:, ambiguous])
        p = probability[ambiguous]
        index[ambiguous] = np.where(flat, np.digitize(p, [2 / 3]) + 1, np.digitize(p, [0.6, 2 / 3]) + 3)
    return index


def _is_flat(by_bins: NDArray[np.float64], elapsed: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether the light curve stays near the mean rate: over 99.7% of it within 3 sigma and all of it within 5.

    The light curve is the mean of the piecewise constant ones with m bins, weighted by their odds; a bin's rate is
    (n + 1) m / (N + m) in units of the mean one (Gregory & Loredo 1992, eqs. 7.12 and 7.13), and sigma is the mean
    standard deviation along the curve.
    """
    total = elapsed[-1]
    weights = softmax(by_bins, axis=0)
    at = (np.arange(_LIGHT_CURVE) + 0.5) * (_GRID / _LIGHT_CURVE)
    mean, square = np.zeros((2, _LIGHT_CURVE, len(total)))
    for m in np.flatnonzero(weights.max(axis=1) > 1e-6) + 2:
        edges = _bin_edges(int(m))
        scale = _GRID / np.diff(edges)[:, None]
        share = (np.diff(elapsed[edges], axis=0) + 1) / (total + m)
        variance = share * (1 - share) / (total + m + 1)
        here = np.searchsorted(edges, at, side="right") - 1
        mean += weights[m - 2] * (share * scale)[here]
        square += weights[m - 2] * ((share**2 + variance) * scale**2)[here]
    sigma = np.sqrt(np.clip(square - mean**2, 0, None)).mean(axis=0)
    away = np.abs(mean - 1) / sigma
    return ((away <= 3).mean(axis=0) > 0.997) & (away <= 5).all(axis=0)
