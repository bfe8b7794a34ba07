"""Energy bands in which a spectrum differs from those of its neighbours.

A band is told where the Poisson interval of the ratio leaves out 1 and its share of the counts lies further from the
neighbours' mean than `_BEYOND` standard deviations of theirs: with many counts every ratio differs from 1, and
neighbours differ from each other. Counts are compared as the encoder sees them, brought onto one effective area.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from alignlab.services.subject import Subject
from alignlab.spectra.grid import energy_grid
from alignlab.store.survey import Survey

#: Edges of the bands.
BAND_EDGES_KEV = (0.5, 0.8, 1.2, 2.0, 3.5, 5.0, 7.0)
#: Neighbours with fewer net counts say little of a shape.
_LEAST_COUNTS = 30.0
_BEYOND = 2.0


@dataclass(frozen=True, kw_only=True)
class BandRatio:
    """Counts of a band over those that the neighbours' mean shape would give it.

    Attributes
    ----------
    start_kev, stop_kev : float
    ratio, low, high : float
        With its 95% interval, background removed: `low` may be negative.
    n_neighbours : int
    """

    start_kev: float
    stop_kev: float
    ratio: float
    low: float
    high: float
    n_neighbours: int

    @property
    def name(self) -> str:
        """Such as ``0.5-0.8 keV``."""
        return f"{self.start_kev:g}-{self.stop_kev:g} keV"


def band_ratios(subject: Subject, rows: NDArray[np.int64], *, fewest: int) -> list[BandRatio]:
    """The bands in which a source differs from the sources `rows` of the run's survey, the largest difference first.

    None for a source of which only the shape is known, and where fewer than `fewest` neighbours have enough counts.
    """
    if not math.isfinite(float(subject.facts["counts"])) or not len(rows):
        return []
    near = _in_bands(subject.workspace.survey, rows)
    total = near.net.sum(axis=1)
    bright = total >= _LEAST_COUNTS
    own = _in_bands(subject.survey, np.array([subject.index]))
    seen = float(own.net.sum())
    if bright.sum() < fewest or seen <= 0:
        return []
    shares = near.net[bright] / total[bright, None]
    expected = shares.mean(axis=0) * seen
    found = []
    for band, (start, stop) in enumerate(pairwise(BAND_EDGES_KEV)):
        if expected[band] <= 0:
            continue
        counts, ratio = float(own.counts[0, band]), float(own.net[0, band] / expected[band])
        # What the background takes away is known; what scatters is the number of photons.
        low, high = (
            ratio + (end - counts) * float(own.factor[0, band] / expected[band]) for end in poisson_interval(counts)
        )
        apart = abs(own.net[0, band] / seen - shares[:, band].mean())
        if not low <= 1 <= high and apart > _BEYOND * shares[:, band].std():
            found.append(
                BandRatio(
                    start_kev=start, stop_kev=stop, ratio=ratio, low=low, high=high, n_neighbours=int(bright.sum())
                )
            )
    return sorted(found, key=lambda band: -abs(math.log(max(band.ratio, 1e-3))))


def poisson_interval(counts: float) -> tuple[float, float]:
    """The 95% interval of the expectation of a Poisson variable that came out as `counts` (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * counts) / 2) if counts > 0 else 0.0
    return low, float(chi2.ppf(0.975, 2 * counts + 2) / 2)


@dataclass(frozen=True, eq=False)
class _Bands:
    """Photons in the bands, what the encoder sees of them net, and its effective area over theirs; each (n, bands)."""

    counts: NDArray[np.float64]
    net: NDArray[np.float64]
    factor: NDArray[np.float64]


def _in_bands(survey: Survey, rows: NDArray[np.int64]) -> _Bands:
    """Unknown background is none."""
    counts, background = (np.asarray(array[rows], np.float64) for array in (survey.counts, survey.background))
    ratio = np.ones_like(counts)
    if survey.has_array("response_ratio"):
        ratio = np.asarray(survey.array("response_ratio")[rows], np.float64)
    edges = energy_grid(survey.meta.recipe.get("grid_kind", "log")).edges_kev
    middle = (edges[:-1] + edges[1:]) / 2
    member = np.stack([(middle >= low) & (middle < high) for low, high in pairwise(BAND_EDGES_KEV)], axis=1)
    photons, seen = counts @ member, (counts * ratio) @ member
    usual = (ratio @ member) / member.sum(axis=0)
    return _Bands(
        counts=photons,
        net=((counts - np.nan_to_num(background)) * ratio) @ member,
        factor=np.divide(seen, photons, out=usual, where=photons > 0),
    )
