"""The shape of ACIS background spectra: particles, fluorescence of the instrument, and the soft X-ray sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.response import CHANNEL_EDGES_KEV

#: Relative level per keV of the quiescent background at some energies in keV, read off the figures of the Chandra
#: Proposers' Observatory Guide (section 6.16): flat, rising below 1 keV (sky) and towards high energies, more so in
#: the back-illuminated chips of ACIS-S.
_LEVELS = {
    "ACIS-S": ((0.4, 2.6), (0.6, 2.2), (0.9, 1.4), (1.5, 0.95), (3.0, 0.8), (5.0, 1.0), (6.5, 1.7), (8.2, 3.5)),
    "ACIS-I": ((0.4, 1.5), (0.6, 1.8), (0.9, 1.3), (1.5, 1.0), (3.0, 0.85), (5.0, 0.85), (6.5, 0.95), (8.2, 1.2)),
}
#: Fluorescence lines: energy in keV and photons relative to one keV of the level 1 (Al K, Si K, Au M, Ni K).
_LINES = ((1.49, 0.02), (1.74, 0.06), (2.14, 0.20), (7.47, 0.35))
_LINE_SIGMA_KEV = 0.06
_BAND_KEV = (0.5, 7.0)


def background_shape(detector: str) -> NDArray[np.float32]:
    """Share of the 0.5-7 keV background that falls into each channel of `CHANNEL_EDGES_KEV`.

    Parameters
    ----------
    detector : str
        "ACIS-S" or "ACIS-I".

    Returns
    -------
    ndarray of float32, shape (n_ch,)
        Sums to one over 0.5-7 keV.
    """
    centres = 0.5 * (CHANNEL_EDGES_KEV[1:] + CHANNEL_EDGES_KEV[:-1])
    energy, level = np.array(_LEVELS[detector]).T
    shape = np.interp(centres, energy, level)
    for line, strength in _LINES:
        profile = np.exp(-0.5 * ((centres - line) / _LINE_SIGMA_KEV) ** 2)
        shape += strength * profile / (_LINE_SIGMA_KEV * np.sqrt(2 * np.pi))
    inside = (centres > _BAND_KEV[0]) & (centres < _BAND_KEV[1])
    return (shape / shape[inside].sum()).astype(np.float32)
