"""Photoelectric absorption by cool gas: cross sections per hydrogen atom and the transmission of a column."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from alignlab.spectra.photoelectric import cross_section

#: Morrison & McCammon (1983, ApJ 270, 119), table 2: lower edges of the intervals in keV, then
#: c0, c1, c2 of sigma = (c0 + c1 E + c2 E^2) E^-3 in 1e-24 cm^2 per H atom.
_MM83_EDGES_KEV = np.array(
    [0.030, 0.100, 0.284, 0.400, 0.532, 0.707, 0.867, 1.303, 1.840, 2.471, 3.210, 4.038, 7.111, 8.331]
)
_MM83_C0 = np.array([17.3, 34.6, 78.1, 71.4, 95.5, 308.9, 120.6, 141.3, 202.7, 342.7, 352.2, 433.9, 629.0, 701.2])
_MM83_C1 = np.array([608.1, 267.9, 18.8, 66.8, 145.8, -380.6, 169.3, 146.8, 104.7, 18.7, 18.7, -2.4, 30.9, 25.2])
_MM83_C2 = np.array([-2150.0, -476.1, 4.3, -51.4, -61.1, 294.0, -47.7, -31.5, -17.0, 0.0, 0.0, 0.75, 0.0, 0.0])

#: Wilms, Allen & McCray (2000, ApJ 542, 914), table 2: 12 + log10 of the number of atoms per hydrogen atom in the
#: interstellar medium, gas and grains together. Elements that change the sum by less than 0.5% are left out.
_WILMS_LOG_ABUNDANCE = {
    "He": 10.99, "C": 8.38, "N": 7.88, "O": 8.69, "Ne": 7.94, "Mg": 7.40, "Al": 6.33, "Si": 7.27, "S": 7.09,
    "Ar": 6.41, "Ca": 6.20, "Fe": 7.43, "Ni": 6.05,
}  # fmt: skip
#: A fifth of the hydrogen is molecular, and a molecule absorbs like 2.85 atoms (same paper).
_HYDROGEN = 0.8 + 0.5 * 0.2 * 2.85


def _positive(energy_kev: ArrayLike) -> NDArray[np.float64]:
    energy = np.asarray(energy_kev, dtype=float)
    if not np.all(energy > 0):
        raise ValueError(f"energies must be positive (keV), the smallest is {energy.min()}")
    return energy


def sigma_wabs(energy_kev: ArrayLike) -> NDArray[np.float64]:
    """Cross section of the interstellar medium with the abundances of Anders & Ebihara (1982).

    The piecewise polynomials of Morrison & McCammon (1983, ApJ 270, 119), published for 0.03 to 10 keV; the last
    interval is continued above.

    Parameters
    ----------
    energy_kev : array_like
        Photon energies in keV.

    Returns
    -------
    ndarray of float64, same shape
        Cross section per hydrogen atom in 1e-22 cm^2.

    Raises
    ------
    ValueError
        If an energy is not positive.
    """
    energy = _positive(energy_kev)
    interval = np.clip(np.searchsorted(_MM83_EDGES_KEV, energy, side="right") - 1, 0, None)
    c0, c1, c2 = (c[interval] for c in (_MM83_C0, _MM83_C1, _MM83_C2))
    return 0.01 * (c0 + energy * (c1 + energy * c2)) / energy**3


def sigma_tbabs(energy_kev: ArrayLike) -> NDArray[np.float64]:
    """Cross section of the interstellar medium with the abundances of Wilms, Allen & McCray (2000).

    A sum over neutral atoms (Verner & Yakovlev 1995) and molecular hydrogen. The shielding within grains (2 to 3%
    between 0.6 and 2 keV) and the fine structure at the O, Fe L and Ne edges, both beyond ACIS, are left out.

    Parameters
    ----------
    energy_kev : array_like
        Photon energies in keV, meant for 0.1 to 20 keV.

    Returns
    -------
    ndarray of float64, same shape
        Cross section per hydrogen atom in 1e-22 cm^2.

    Raises
    ------
    ValueError
        If an energy is not positive.
    """
    energy = _positive(energy_kev)
    total = _HYDROGEN * cross_section("H", energy)
    for element, log_abundance in _WILMS_LOG_ABUNDANCE.items():
        total += 10 ** (log_abundance - 12) * cross_section(element, energy)
    return total


def transmission(n_h_1e20: torch.Tensor | float, sigma_1e22: torch.Tensor) -> torch.Tensor:
    """Fraction of photons that a column lets through.

    Parameters
    ----------
    n_h_1e20 : Tensor or float, broadcast against `sigma_1e22`, usually (n, 1)
        Hydrogen column density in 1e20 cm^-2.
    sigma_1e22 : Tensor, usually (n_e,)
        Cross section per hydrogen atom in 1e-22 cm^2.

    Returns
    -------
    Tensor
        exp(-N_H sigma), between 0 and 1.
    """
    return torch.exp(-0.01 * n_h_1e20 * sigma_1e22)
