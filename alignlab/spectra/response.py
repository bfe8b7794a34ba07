"""An analytic response of Chandra's ACIS: effective area and energy resolution, and the folding of models."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from alignlab.spectra.grid import PI_CHANNEL_KEV

DETECTORS = ("ACIS-S", "ACIS-I")
#: Edges of the model bins in keV: 460 bins of 20 eV.
MODEL_EDGES_KEV: NDArray[np.float64] = np.linspace(0.3, 9.5, 461)
#: Edges of the PI channels in keV: 14.6 eV each, from a little below 0.5 to a little above 8 keV.
CHANNEL_EDGES_KEV: NDArray[np.float64] = PI_CHANNEL_KEV * np.arange(30, 555)

_CENTRES = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])

#: On-axis area in cm^2 without contamination.
_KNOTS_KEV = np.array(
    [0.3, 0.4, 0.53, 0.545, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 1.7, 1.83, 1.85, 1.9, 2.0, 2.05, 2.1, 2.2, 2.3, 2.5, 3.0,
     3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.4, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5]
)  # fmt: skip
_AREA = {
    "ACIS-S": np.array(
        [60, 250, 420, 340, 420, 500, 590, 630, 660, 690, 700, 620, 615, 600, 612, 602, 530, 352, 325, 368, 387, 400,
         413, 410, 384, 333, 264, 203, 162, 101, 64, 39, 27.5, 21, 16]
    ),
    "ACIS-I": np.array(
        [1, 8, 55, 25, 60, 125, 215, 290, 350, 430, 500, 455, 475, 215, 322, 350, 314, 213, 203, 239, 265, 299, 321,
         326, 310, 270, 217, 167, 129, 77, 47, 30, 20, 13, 8]
    ),
}  # fmt: skip


def _contamination(year: NDArray[np.float64]) -> NDArray[np.float64]:
    depth = np.interp(
        year, [1999.5, 2001.8, 2004, 2008, 2011, 2014, 2017, 2020, 2024], [0, 0.38, 0.5, 0.67, 0.72, 1.1, 1.8, 2.6, 3.4]
    )
    return depth[:, None] * (0.67 / _CENTRES) ** 2.6


def effective_area_cm2(detector: ArrayLike, year: ArrayLike, theta_arcmin: ArrayLike) -> NDArray[np.float32]:
    """Effective area on `MODEL_EDGES_KEV`.

    Parameters
    ----------
    detector : array_like of str, (n,)
        "ACIS-S" or "ACIS-I".
    year : array_like, (n,)
        Date of the observation in years.
    theta_arcmin : array_like, (n,)
        Angle from the optical axis in arcmin.

    Returns
    -------
    ndarray of float32, (n, n_e)
        cm^2.

    Raises
    ------
    ValueError
        If a detector is unknown.
    """
    names, years, theta = np.broadcast_arrays(
        np.atleast_1d(detector), np.asarray(year, float), np.asarray(theta_arcmin, float)
    )
    unknown = sorted(set(names.tolist()) - set(DETECTORS))
    if unknown:
        raise ValueError(f"unknown detector {unknown[0]!r}; known are {', '.join(DETECTORS)}")
    base = np.stack([np.interp(_CENTRES, _KNOTS_KEV, _AREA[name]) for name in DETECTORS])
    area = base[np.where(names == "ACIS-I", 1, 0)] * np.exp(-_contamination(years))
    vignetting = 1 / (1 + (0.02 + 0.0025 * _CENTRES) * theta[:, None] * np.clip(theta[:, None], 0, 10) / 8)
    return (area * vignetting).astype(np.float32)


def redistribution(detector: str) -> NDArray[np.float32]:
    """Probability that a photon of each model bin falls into each channel of `CHANNEL_EDGES_KEV`.

    Returns
    -------
    ndarray of float32, (n_e, n_ch)
        Rows sum to the fraction that falls into the channels.
    """
    if detector not in DETECTORS:
        raise ValueError(f"unknown detector {detector!r}; known are {', '.join(DETECTORS)}")
    fwhm = 0.087 + 0.011 * _CENTRES if detector == "ACIS-S" else 0.060 + 0.021 * _CENTRES
    below = ndtr((CHANNEL_EDGES_KEV[None] - _CENTRES[:, None]) / (fwhm[:, None] / 2.3548))
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
    widths = torch.as_tensor(np.diff(MODEL_EDGES_KEV), dtype=flux_density.dtype, device=flux_density.device)
    return (flux_density * area_cm2 * widths) @ redistribution
