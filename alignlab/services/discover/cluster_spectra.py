"""The typical spectrum of some sources: all with the same weight, whatever their brightness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.grid import energy_grid
from alignlab.store.run import Run
from alignlab.store.survey import Survey

#: At most so many sources of a group are looked at, drawn at random.
MOST_SOURCES = 3_000
_BAND = (16, 50, 84)
#: Neighbouring bins of the grid that make one point of the line and one of the observed spectrum.
_IN_LINE, _IN_POINT = 4, 20
#: A source with fewer net counts has no observed spectrum that could be normalised.
_FEWEST_COUNTS = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class TypicalSpectrum:
    """Spectra of a group, each normalised to 1 between 0.5 and 8 keV: shares of the counts per keV.

    Attributes
    ----------
    energy_kev : ndarray of float64, shape (100,)
    median, low, high : ndarray of float64, shape (100,)
        Of the sources' spectra as the run reconstructs them, free of noise; the middle 68%.
    n : int
        Of how many sources.
    observed_kev, observed : ndarray of float64, shape (20,)
        Mean of the sources' observed net counts.
    n_observed : int
        Of how many sources: those with at least 10 net counts.
    """

    energy_kev: NDArray[np.float64]
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int
    observed_kev: NDArray[np.float64]
    observed: NDArray[np.float64]
    n_observed: int


def typical_spectrum(survey: Survey, run: Run, mask: NDArray[np.bool_], *, seed: int = 0) -> TypicalSpectrum:
    """The typical spectrum of the sources of `mask`, bool of shape (n,).

    Parameters
    ----------
    survey : Survey
    run : Run
        Whose reconstructions are taken.
    mask : ndarray of bool, shape (n,)
    seed : int
        Draws `MOST_SOURCES` where there are more.
    """
    rows = np.flatnonzero(mask)
    if len(rows) > MOST_SOURCES:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_SOURCES, replace=False))
    edges = energy_grid(survey.meta.recipe.get("grid_kind", "log")).edges_kev
    shapes = _per_kev(np.maximum(run.reconstruction[rows], 0), edges[::_IN_LINE], _IN_LINE)
    low, median, high = np.percentile(shapes, _BAND, axis=0) if len(shapes) else np.full((3, shapes.shape[1]), np.nan)
    net = np.asarray(survey.counts[rows], np.float64) - np.asarray(survey.background[rows])
    net = net[net.sum(axis=1) >= _FEWEST_COUNTS]
    observed = _per_kev(net, edges[::_IN_POINT], _IN_POINT)
    return TypicalSpectrum(
        energy_kev=_centres(edges[::_IN_LINE]),
        median=median,
        low=low,
        high=high,
        n=len(rows),
        observed_kev=_centres(edges[::_IN_POINT]),
        observed=observed.mean(axis=0) if len(observed) else np.full(observed.shape[1], np.nan),
        n_observed=len(observed),
    )


def _per_kev(spectra: NDArray, edges: NDArray[np.float64], n_merged: int) -> NDArray[np.float64]:
    """Spectra (n, 400) in wider bins, each divided by its sum and by the widths; those without a sum are left out."""
    merged = np.asarray(spectra, np.float64).reshape(len(spectra), -1, n_merged).sum(axis=2)
    total = merged.sum(axis=1)
    return merged[total > 0] / total[total > 0, None] / np.diff(edges)


def _centres(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(edges[:-1] * edges[1:])
