"""The light curve of one source from its photons: Bayesian blocks and even bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.spectra.poisson import gehrels_errors

#: Chance that a constant source of as many events gets a change point.
FALSE_ALARM = 0.05
#: Fewest events from which blocks are made.
MIN_EVENTS = 5
#: Above this many events neighbouring ones share a cell: the search takes the square of the number of cells.
MAX_CELLS = 4000
#: Events that an even bin should hold, and most bins.
_EVENTS_PER_BIN, _MAX_BINS = 8, 60


@dataclass(frozen=True, eq=False, kw_only=True)
class Rates:
    """Count rates in contiguous intervals.

    Attributes
    ----------
    start_s, stop_s : ndarray of float64, shape (k,)
        In seconds since the start of the observation.
    counts : ndarray of int64, shape (k,)
    rate, below, above : ndarray of float64, shape (k,)
        Counts per second, and the sizes of the 68% error bars (Gehrels 1986).
    """

    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    counts: NDArray[np.int64]
    rate: NDArray[np.float64]
    below: NDArray[np.float64]
    above: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class LightCurve:
    """A source's photons in time.

    Attributes
    ----------
    n_events : int
    span_s : float
        Length of the observation in seconds.
    false_alarm : float
        Probability that a constant source would show a change point.
    blocks : Rates
        Bayesian blocks: intervals of constant rate.
    bins : Rates
        Even bins, for the eye.
    """

    n_events: int
    span_s: float
    false_alarm: float
    blocks: Rates
    bins: Rates

    @property
    def n_changes(self) -> int:
        """How many times the rate changes."""
        return len(self.blocks.counts) - 1


def light_curve(time_s: ArrayLike, *, span_s: float, false_alarm: float = FALSE_ALARM) -> LightCurve | None:
    """Blocks of constant rate and even bins of a source's photons.

    Parameters
    ----------
    time_s : array_like, shape (n,)
        Arrival times in seconds since the start of the observation, in any order.
    span_s : float
        Length of the observation. Photons outside are left out.
    false_alarm : float
        See `LightCurve`.

    Returns
    -------
    LightCurve or None
        None with fewer than `MIN_EVENTS` photons.

    Raises
    ------
    ValueError
        If `span_s` is not positive or `false_alarm` is no probability.
    """
    times = np.sort(np.asarray(time_s, dtype=np.float64))
    times = times[(times >= 0) & (times <= span_s)]
    edges = block_edges(times, start_s=0.0, stop_s=span_s, false_alarm=false_alarm)
    if len(times) < MIN_EVENTS:
        return None
    n_bins = int(np.clip(len(times) // _EVENTS_PER_BIN, 2, _MAX_BINS))
    return LightCurve(
        n_events=len(times),
        span_s=float(span_s),
        false_alarm=false_alarm,
        blocks=_rates(times, edges),
        bins=_rates(times, np.linspace(0, span_s, n_bins + 1)),
    )


def block_edges(
    time_s: NDArray[np.float64], *, start_s: float, stop_s: float, false_alarm: float = FALSE_ALARM
) -> NDArray[np.float64]:
    """Edges of the Bayesian blocks of an event list, from `start_s` to `stop_s`.

    Scargle et al. 2013 (ApJ 764, 167): the fitness of a block of N events in a time T is N ln(N / T) (equation 19), the
    price of a block is 4 - ln(73.53 p N^-0.478) (equation 21), and the best partition is found by dynamic programming.
    Unlike `astropy.stats.bayesian_blocks`, which ends at the first and the last event, the observation's start and end
    are edges, so that a source that falls silent is seen to do so.

    Parameters
    ----------
    time_s : ndarray of float64, shape (n,)
        Sorted, between `start_s` and `stop_s`. More than `MAX_CELLS` events are first joined into as many cells.
    start_s, stop_s : float
        Of the observation.
    false_alarm : float
        Probability p of a false change point.

    Returns
    -------
    ndarray of float64, shape (blocks + 1,)

    Raises
    ------
    ValueError
        If the observation has no length or `false_alarm` is no probability.
    """
    if not stop_s > start_s:
        raise ValueError(f"an observation must end after its start, not last {stop_s - start_s} s")
    if not 0 < false_alarm < 1:
        raise ValueError(f"false_alarm must be between 0 and 1, not {false_alarm}")
    if len(time_s) < 2:
        return np.array([start_s, stop_s])
    cells, counts = np.unique(time_s, return_counts=True)
    if len(cells) > MAX_CELLS:
        first = np.linspace(0, len(cells), MAX_CELLS, endpoint=False).astype(int)
        cells, counts = cells[first], np.add.reduceat(counts, first)
    edges = np.concatenate([[start_s], (cells[1:] + cells[:-1]) / 2, [stop_s]])
    price = 4 - np.log(73.53 * false_alarm * len(time_s) ** -0.478)
    starts = _best_partition(edges, counts.astype(np.float64), price)
    return np.append(edges[starts], stop_s)


def _best_partition(edges: NDArray[np.float64], counts: NDArray[np.float64], price: float) -> NDArray[np.intp]:
    """First cell of each block of the best partition; `edges` has one entry more than `counts`."""
    n = len(counts)
    so_far = np.concatenate([[0.0], np.cumsum(counts)])
    best, last = np.zeros(n + 1), np.zeros(n, dtype=np.intp)
    for stop in range(1, n + 1):
        held = so_far[stop] - so_far[:stop]
        length = edges[stop] - edges[:stop]
        fitness = held * np.log(held / length) - price + best[:stop]
        last[stop - 1] = np.argmax(fitness)
        best[stop] = fitness[last[stop - 1]]
    starts, stop = [], n
    while stop > 0:
        stop = int(last[stop - 1])
        starts.append(stop)
    return np.array(starts[::-1], dtype=np.intp)


def _rates(times: NDArray[np.float64], edges: NDArray[np.float64]) -> Rates:
    counts = np.histogram(times, edges)[0]
    length = np.diff(edges)
    below, above = gehrels_errors(counts)
    return Rates(
        start_s=edges[:-1],
        stop_s=edges[1:],
        counts=counts,
        rate=counts / length,
        below=below / length,
        above=above / length,
    )
