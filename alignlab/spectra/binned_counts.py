"""Counts in bins wide enough to read, for figures of a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.poisson import gehrels_errors

#: Fewest counts in a plotted bin of a faint source; a bright one gets as many bins as can be told apart.
MIN_COUNTS = 9
MAX_BINS = 48


@dataclass(frozen=True, eq=False, kw_only=True)
class BinnedCounts:
    """Counts in contiguous groups of grid bins.

    Attributes
    ----------
    first, stop : ndarray of int, shape (k,)
        Group *i* joins the grid bins ``first[i]`` to ``stop[i] - 1``.
    low_kev, high_kev : ndarray, shape (k,)
        Edges of each group in keV.
    counts, below, above : ndarray, shape (k,)
        Counts, and the sizes of the 68% error bars downwards and upwards, in counts.
    """

    first: NDArray[np.intp]
    stop: NDArray[np.intp]
    low_kev: NDArray[np.float64]
    high_kev: NDArray[np.float64]
    counts: NDArray[np.float64]
    below: NDArray[np.float64]
    above: NDArray[np.float64]

    @property
    def width_kev(self) -> NDArray[np.float64]:
        """Width of each group in keV."""
        return self.high_kev - self.low_kev

    @property
    def centre_kev(self) -> NDArray[np.float64]:
        """Geometric centre of each group in keV."""
        return np.sqrt(self.low_kev * self.high_kev)


def bin_counts(edges_kev: NDArray[np.float64], counts: NDArray[np.floating]) -> BinnedCounts:
    """Join grid bins from low to high energy until each group holds enough counts to be read.

    Errors are those of Gehrels 1986 (ApJ 303, 336), equations 7 and 12, for one sigma.

    Parameters
    ----------
    edges_kev : ndarray, shape (n + 1,)
    counts : ndarray, shape (n,)
    """
    total = float(np.sum(counts))
    enough = max(MIN_COUNTS, total / MAX_BINS)
    fewest = max(1, len(counts) // (2 * MAX_BINS))
    starts, held = [0], 0.0
    for i, value in enumerate(counts):
        held += float(value)
        if held >= enough and i + 1 - starts[-1] >= fewest:
            starts.append(i + 1)
            held = 0.0
    if len(starts) > 1 and (held < enough / 2 or starts[-1] == len(counts)):
        starts.pop()
    stops = [*starts[1:], len(counts)]
    grouped = np.add.reduceat(np.asarray(counts, dtype=np.float64), starts)
    below, above = gehrels_errors(grouped)
    return BinnedCounts(
        first=np.array(starts),
        stop=np.array(stops),
        low_kev=edges_kev[starts],
        high_kev=edges_kev[stops],
        counts=grouped,
        below=below,
        above=above,
    )


def smooth(density: NDArray[np.floating], bins: int = 5) -> NDArray[np.float64]:
    """Running mean over a few grid bins: finer than the detector can tell apart."""
    padded = np.pad(np.asarray(density, dtype=np.float64), bins // 2, mode="edge")
    return np.convolve(padded, np.full(bins, 1 / bins), mode="valid")


def axis_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with 3 between them where the axis spans less than two decades."""
    mantissas = (1, 3) if high - low < 2 else (1,)
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    return [m * 10.0**p for p in powers for m in mantissas if low <= np.log10(m) + p <= high]
