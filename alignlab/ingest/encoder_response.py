"""Spectra taken with a response that the encoder has never seen, put on the one it knows.

The encoder learns from spectra of ACIS alone. With a grating in the beam, as for the zeroth order of HETG, the soft
area falls to a tenth and a quasar looks like an absorbed source. Both areas are known, so their ratio takes the
spectrum from one to the other, noise included.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.grid import EnergyGrid, rebin_counts
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV
from alignlab.variables import BANDS

#: By how much a band's share of the broad-band area may differ from the analytic one: years, chips and places on them
#: that the encoder knows differ as much.
TOLERANCE = 0.25
#: Largest ratio: where the own area is smaller still, there is hardly a photon, and its noise would rule the spectrum.
_LARGEST_RATIO = 30.0
#: Photon index of the spectrum under which the areas are compared within an energy resolution.
_TYPICAL_INDEX = 1.7

_CENTRES = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])


def area_shares(own_cm2: NDArray[np.float64], known_cm2: NDArray[np.float64]) -> dict[str, float]:
    """Own area over the known one, averaged over each band of `alignlab.variables.BANDS`.

    Parameters
    ----------
    own_cm2, known_cm2 : ndarray, shape (n_e,)
        On `MODEL_EDGES_KEV`.
    """
    shares = {}
    for name, (low, high) in BANDS.items():
        inside = (low < _CENTRES) & (high > _CENTRES)
        shares[name] = float(own_cm2[inside].sum() / known_cm2[inside].sum())
    return shares


def is_unlike(shares: dict[str, float]) -> bool:
    """Whether the areas differ in shape by more than `TOLERANCE` in any band; their sizes do not matter."""
    return any(not 1 / (1 + TOLERANCE) < share / shares["broad"] < 1 + TOLERANCE for share in shares.values())


def response_ratio(
    own_cm2: NDArray[np.float64],
    known_cm2: NDArray[np.float64],
    redistribution: NDArray[np.floating],
    grid: EnergyGrid,
) -> NDArray[np.float32]:
    """Factor per bin that takes counts from the own area to the known one.

    Parameters
    ----------
    own_cm2, known_cm2 : ndarray, shape (n_e,)
        On `MODEL_EDGES_KEV`.
    redistribution : ndarray, shape (n_e, n_ch)
        Smooths both areas by the energy resolution.
    grid : EnergyGrid
        The survey's.

    Returns
    -------
    ndarray of float32, shape (n_bins,)
        1 where the own area is to the known one as in the broad band as a whole; at most 30.
    """
    photons = _CENTRES**-_TYPICAL_INDEX
    own, known = (
        rebin_counts((area * photons) @ redistribution, CHANNEL_EDGES_KEV, grid) for area in (own_cm2, known_cm2)
    )
    scale = area_shares(own_cm2, known_cm2)["broad"]
    ratio = np.divide(scale * known, own, out=np.full(grid.n_bins, _LARGEST_RATIO), where=own > 0)
    return np.minimum(ratio, _LARGEST_RATIO).astype(np.float32)
