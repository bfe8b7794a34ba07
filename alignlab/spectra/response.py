"""An analytic response of Chandra's ACIS: effective area and energy resolution, and the folding of models.

Three facts make the area: what mirrors, filters and chips had at launch (two tables), the contamination that has grown
on the filters since (an optical depth per year, the energy dependence of carbon), and vignetting off axis. Published
figures give their forms (Chandra Proposers' Observatory Guide, "POG", chapters 4 and 6; Marshall et al. 2003,
astro-ph/0308332; Plucinsky et al. 2018, SPIE 10699); the numbers are those with which `scripts/calibrate_response.py`
finds five real responses reproduced.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from alignlab.spectra.grid import PI_CHANNEL_KEV
from alignlab.spectra.photoelectric import cross_section

if TYPE_CHECKING:
    import torch

DETECTORS = ("ACIS-S", "ACIS-I")
#: Edges of the model bins in keV: 460 bins of 20 eV.
MODEL_EDGES_KEV: NDArray[np.float64] = np.linspace(0.3, 9.5, 461)
#: Edges of the PI channels in keV: 14.6 eV each, from a little below 0.5 to a little above 8 keV.
CHANNEL_EDGES_KEV: NDArray[np.float64] = PI_CHANNEL_KEV * np.arange(30, 555, dtype=np.float64)

_CENTRES_KEV = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])

#: Where the area bends: O K of the filters (0.53 keV), Al K of the filters (1.56), Si K of the chips (1.84), the M
#: edges of the mirrors' iridium (2.05 to 2.55), and the mirrors' fall above 4 keV.
_KNOTS_KEV = np.array(
    [0.30, 0.32, 0.35, 0.40, 0.45, 0.50, 0.53, 0.545, 0.57, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 1.00, 1.10,
     1.20, 1.30, 1.40, 1.555, 1.565, 1.60, 1.70, 1.80, 1.837, 1.845, 1.88, 1.95, 2.00, 2.04, 2.08, 2.12, 2.17, 2.25,
     2.35, 2.45, 2.53, 2.545, 2.60, 2.75, 3.00, 3.50, 4.00, 4.50, 5.00, 5.50, 6.00, 6.50, 7.00, 7.50, 8.00, 8.50,
     9.00, 9.50]
)  # fmt: skip
#: Area on axis at launch in cm^2 at the knots, for an aperture with most of the point-spread function.
_LAUNCH_AREA_CM2 = {
    "ACIS-S": np.array(
        [350, 848, 873, 670, 635, 618, 565, 425, 463, 494, 525, 535, 556, 584, 612, 634, 663, 688, 707, 717, 725, 728,
         623, 636, 644, 640, 637, 631, 633, 638, 624, 583, 370, 357, 318, 359, 388, 402, 389, 365, 385, 404, 408, 420,
         417, 390, 339, 269, 207, 155, 104, 65, 40, 28, 21, 16]
    ),
    "ACIS-I": np.array(
        [4, 17, 33, 50, 82, 119, 120, 38, 59, 83, 113, 138, 169, 206, 245, 280, 342, 396, 440, 475, 504, 525, 438, 455,
         480, 496, 497, 284, 342, 355, 364, 342, 219, 218, 198, 230, 258, 275, 272, 253, 274, 296, 312, 339, 350, 339,
         300, 246, 194, 141, 94, 59, 39, 26, 18, 10]
    ),
}  # fmt: skip

#: Optical depth of the contamination at 0.67 keV near the aim points, against the year. To 2011 from the real
#: responses; later the growth in the figures of Plucinsky et al. (2018) and of the POG.
_CONTAMINATION_YEAR = np.array([1999.6, 2001, 2002, 2004, 2006, 2008, 2010, 2012, 2014, 2016, 2018, 2020, 2022, 2024])
_CONTAMINATION_DEPTH = np.array([0.0, 0.38, 0.46, 0.55, 0.66, 0.74, 0.78, 0.92, 1.2, 1.65, 2.1, 2.5, 2.9, 3.3])
_CONTAMINATION_KEV = 0.67

#: Vignetting 1 / (1 + (a + b E^2) (theta/10')^1.8): 0.87 at 10' and 1.5 keV, 0.70 at 10' and 6.4 keV (POG, chapter 4).
_VIGNETTING_SOFT, _VIGNETTING_HARD, _VIGNETTING_POWER = 0.13, 0.0073, 1.8

#: FWHM^2 in keV^2 as a polynomial in E (keV): read-out noise, Fano noise and charge-transfer inefficiency (which
#: dominates in the front-illuminated chips, here at mid chip; POG, chapter 6).
_FWHM_SQUARED = {"ACIS-S": (0.0076, 0.0026, 0.0), "ACIS-I": (0.0022, 0.0049, 0.0001)}
#: Fraction of the events in a flat shelf below the peak.
_SHELF = {"ACIS-S": 0.010, "ACIS-I": 0.020}
#: Si K: above the edge some photons lose 1.74 keV with an escaping fluorescent photon, fewer at higher energy.
_SI_K_EDGE_KEV, _SI_K_LINE_KEV, _ESCAPE_AT_2_KEV, _ESCAPE_SLOPE = 1.839, 1.74, 0.015, -0.6
_FWHM_PER_SIGMA = 2.3548


def contamination_depth(year: ArrayLike) -> NDArray[np.float64]:
    """Optical depth of the filters' contamination at 0.67 keV, held at its last value after 2024."""
    return np.interp(np.asarray(year, float), _CONTAMINATION_YEAR, _CONTAMINATION_DEPTH)


def effective_area_cm2(detector: ArrayLike, year: ArrayLike, theta_arcmin: ArrayLike) -> NDArray[np.float32]:
    """Effective area on `MODEL_EDGES_KEV` for point sources, one row per source.

    Parameters
    ----------
    detector : array_like of str, (n,) or scalar
        "ACIS-S" (back-illuminated chip S3) or "ACIS-I" (front-illuminated).
    year : array_like, (n,) or scalar
        Date of the observation in years.
    theta_arcmin : array_like, (n,) or scalar
        Angle from the optical axis in arcmin.

    Returns
    -------
    ndarray of float32, (n, n_e)
        cm^2 at the bin centres.

    Raises
    ------
    ValueError
        If a detector is unknown, an angle is negative or a value is not finite.
    """
    names, years, theta = np.broadcast_arrays(
        np.atleast_1d(detector), np.asarray(year, float), np.asarray(theta_arcmin, float)
    )
    unknown = sorted(set(names.tolist()) - set(DETECTORS))
    if unknown:
        raise ValueError(f"unknown detector {unknown[0]!r}; known are {', '.join(DETECTORS)}")
    if not (np.isfinite(years).all() and np.isfinite(theta).all() and (theta >= 0).all()):
        raise ValueError("year and theta_arcmin must be finite and theta_arcmin not negative")
    launch, carbon = _area_at_launch()
    vignetting = _VIGNETTING_SOFT + _VIGNETTING_HARD * _CENTRES_KEV**2
    depth = contamination_depth(years).astype(np.float32)[:, None]
    blur = ((theta / 10) ** _VIGNETTING_POWER).astype(np.float32)[:, None]
    area = launch.astype(np.float32)[(names == DETECTORS[1]).astype(np.intp)]
    area *= np.exp(-depth * carbon.astype(np.float32))
    area /= 1 + blur * vignetting.astype(np.float32)
    return area


@cache
def _area_at_launch() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Area of each detector at launch in cm^2, and carbon's cross-section relative to that at 0.67 keV."""
    launch = np.stack([np.interp(_CENTRES_KEV, _KNOTS_KEV, _LAUNCH_AREA_CM2[name]) for name in DETECTORS])
    return launch, cross_section("C", _CENTRES_KEV) / cross_section("C", _CONTAMINATION_KEV)


def fwhm_kev(detector: str, energy_kev: ArrayLike) -> NDArray[np.float64]:
    """Energy resolution (full width at half maximum) in keV.

    Raises
    ------
    ValueError
        If the detector is unknown.
    """
    if detector not in DETECTORS:
        raise ValueError(f"unknown detector {detector!r}; known are {', '.join(DETECTORS)}")
    return np.sqrt(np.polynomial.Polynomial(_FWHM_SQUARED[detector])(np.asarray(energy_kev, float)))


def redistribution(detector: str) -> NDArray[np.float32]:
    """Probability that a photon of each model bin falls into each channel of `CHANNEL_EDGES_KEV`.

    A Gaussian, the silicon escape peak, and a flat shelf down to zero energy.

    Parameters
    ----------
    detector : {"ACIS-S", "ACIS-I"}
        Which chips.

    Returns
    -------
    ndarray of float32, (n_e, n_ch)
        Rows sum to the fraction that falls into the channels.

    Raises
    ------
    ValueError
        If the detector is unknown.
    """
    energy = _CENTRES_KEV[:, None]
    sigma = fwhm_kev(detector, energy) / _FWHM_PER_SIGMA
    escape = np.where(energy > _SI_K_EDGE_KEV, _ESCAPE_AT_2_KEV * (energy / 2) ** _ESCAPE_SLOPE, 0.0)
    shelf = _SHELF[detector]
    below_peak = ndtr((CHANNEL_EDGES_KEV - energy) / sigma)
    below_escape = ndtr((CHANNEL_EDGES_KEV - (energy - _SI_K_LINE_KEV)) / sigma)
    below_shelf = np.clip(CHANNEL_EDGES_KEV / energy, 0, 1)
    below = (1 - escape - shelf) * below_peak + escape * below_escape + shelf * below_shelf
    return np.diff(below, axis=1).astype(np.float32)


def fold(flux_density: torch.Tensor, area_cm2: torch.Tensor, redistribution: torch.Tensor) -> torch.Tensor:
    """Count rate per channel that a photon flux produces.

    Parameters
    ----------
    flux_density : Tensor, (n, n_e)
        Photons/cm^2/s/keV on `MODEL_EDGES_KEV`.
    area_cm2 : Tensor, (n, n_e)
        Effective area.
    redistribution : Tensor, (n_e, n_ch)
        From `redistribution`.

    Returns
    -------
    Tensor, (n, n_ch)
        Counts/s per channel of `CHANNEL_EDGES_KEV`.
    """
    import torch  # readers of spectra need the response, and none of torch

    widths = torch.as_tensor(np.diff(MODEL_EDGES_KEV), dtype=flux_density.dtype, device=flux_density.device)
    return (flux_density * area_cm2 * widths) @ redistribution
