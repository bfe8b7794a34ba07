"""The X-ray lines of a solar plasma in collisional equilibrium, as functions of temperature.

Each line or blend is collisional excitation from the ground state of its ion (Mewe & Gronenschild 1981, A&AS 45, 11):
emissivity = abundance x ion fraction x 1.7e-3 T^-1/2 f g exp(-E/kT) / E, with f the oscillator strength and g a mean
Gaunt factor in which cascades, satellites and unlisted weak lines are contained. With the values below the sum over
lines and continuum keeps within about 20% of the power of each element in AtomDB 3 (APEC) where K-shell lines
dominate. Energies are those of the AtomDB and NIST line lists.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import exp1

from alignlab.spectra.ionisation import SOLAR, ion_fractions

#: Lyman alpha; He-like resonance, mean of intercombination and forbidden, and beta line. keV.
_K_LINES_KEV = {
    "C": (0.3675, 0.3079, 0.3005, 0.3545), "N": (0.5003, 0.4307, 0.4215, 0.4980), "O": (0.6536, 0.5740, 0.5632, 0.6656),
    "Ne": (1.0218, 0.9220, 0.9075, 1.0738), "Mg": (1.4723, 1.3522, 1.3345, 1.5793),
    "Si": (2.0056, 1.8650, 1.8435, 2.1823), "S": (2.6217, 2.4606, 2.4350, 2.8839),
    "Ar": (3.3210, 3.1396, 3.1100, 3.6856), "Ca": (4.1050, 3.9024, 3.8690, 4.5867),
    "Fe": (6.9660, 6.7004, 6.6550, 7.8815), "Ni": (8.0870, 7.8055, 7.7500, 9.1900),
}  # fmt: skip
#: Strengths f of the H-like alpha, beta, gamma and of the He-like resonance, forbidden with intercombination and
#: satellites, beta, gamma.
_H_LIKE = (0.43, 0.105, 0.05)
_HE_LIKE = (0.65, 0.52, 0.13, 0.07)
#: The Gaunt factor of the K lines is lower for the heaviest ions: with this one the 6.7 keV complex has an equivalent
#: width of about 1.2 keV at 5 keV and solar abundance, as clusters show (Rothenflug & Arnaud 1985, A&A 144, 431).
_IRON_AND_NICKEL_K = 0.7

#: Iron L: electrons of the ion (Fe XVII has ten), then (keV, f) of the strongest blends (Brown et al. 1998, 2002).
_IRON_L = {
    10: ((0.7265, 1.7), (0.7389, 0.9), (0.8124, 0.75), (0.8258, 1.9), (0.8966, 0.3), (1.0110, 0.4), (1.0230, 0.5),
         (1.1500, 0.5)),
    9: ((0.7710, 0.6), (0.7747, 0.4), (0.7935, 0.4), (0.8550, 0.3), (0.8626, 0.4), (0.8727, 1.3), (0.9950, 0.3),
        (1.0750, 0.45)),
    8: ((0.8225, 0.5), (0.8450, 0.3), (0.9050, 0.5), (0.9170, 1.5), (1.0750, 0.3), (1.1470, 0.4)),
    7: ((0.8900, 0.4), (0.9540, 0.4), (0.9650, 1.3), (1.0500, 0.2), (1.2350, 0.4)),
    6: ((0.9500, 0.3), (1.0000, 0.3), (1.0092, 1.2), (1.3050, 0.35)),
    5: ((0.9900, 0.2), (1.0395, 0.3), (1.0534, 0.9), (1.3600, 0.3)),
    4: ((1.0560, 0.35), (1.1290, 0.7), (1.4100, 0.2), (1.4900, 0.15)),
    3: ((1.1102, 0.15), (1.1240, 0.2), (1.1625, 0.17), (1.1675, 0.25), (1.4910, 0.1), (1.5530, 0.1)),
}  # fmt: skip

KELVIN_PER_KEV = 1.16045e7
#: Temperatures of the table in keV; outside them the nearest holds.
TABLE_KT_KEV: NDArray[np.float64] = np.geomspace(0.06, 25.0, 120)


def _lines() -> list[tuple[str, int, float, float]]:
    """Element, electrons of the ion, energy in keV and strength of every line."""
    rows = []
    for element, (lyman, resonance, forbidden, beta) in _K_LINES_KEV.items():
        h_like = (lyman, lyman * 1.1852, lyman * 1.2500)
        he_like = (resonance, forbidden, beta, beta + 0.44 * (beta - resonance) * 0.8)
        scale = _IRON_AND_NICKEL_K if element in ("Fe", "Ni") else 1.0
        rows += [(element, 1, energy, scale * f) for energy, f in zip(h_like, _H_LIKE, strict=True)]
        rows += [(element, 2, energy, scale * f) for energy, f in zip(he_like, _HE_LIKE, strict=True)]
    rows += [("Fe", electrons, energy, f) for electrons, blends in _IRON_L.items() for energy, f in blends]
    return rows


def _table(rows: list[tuple[str, int, float, float]]) -> NDArray[np.float64]:
    """Natural logarithm of the emissivity (1e-14 photons cm^3/s), (n_temperatures, n_lines)."""
    fractions = {element: ion_fractions(element, TABLE_KT_KEV) for element in SOLAR}
    columns = []
    for element, electrons, energy, strength in rows:
        x = energy / TABLE_KT_KEV
        gaunt = 0.17 + 0.39 * np.exp(x) * exp1(x)
        rate = 1.7e-3 * strength * gaunt * np.exp(-x) / (1e3 * energy * np.sqrt(KELVIN_PER_KEV * TABLE_KT_KEV))
        columns.append(1e14 * SOLAR[element][0] * fractions[element][:, electrons] * rate)
    return np.log(np.maximum(np.stack(columns, axis=-1), 1e-30))


_ROWS = _lines()
#: Element and number of electrons of the ion, per line.
LINE_IONS: tuple[tuple[str, int], ...] = tuple((element, electrons) for element, electrons, _, _ in _ROWS)
LINE_ENERGY_KEV = torch.tensor([row[2] for row in _ROWS], dtype=torch.float64)
_LOG_EMISSIVITY = torch.from_numpy(_table(_ROWS))


def interpolate_log(table: torch.Tensor, kt_kev: torch.Tensor) -> torch.Tensor:
    """Interpolate a table of logarithms over `TABLE_KT_KEV`, linearly in log kT, and undo the logarithm.

    Parameters
    ----------
    table : Tensor, (n_temperatures, k)
        Natural logarithms.
    kt_kev : Tensor, (n, 1)
        Temperature in keV.

    Returns
    -------
    Tensor, (n, k)
        Differentiable in `kt_kev`.
    """
    low, step = float(np.log(TABLE_KT_KEV[0])), float(np.log(TABLE_KT_KEV[1] / TABLE_KT_KEV[0]))
    position = ((torch.log(kt_kev) - low) / step).clamp(0, len(TABLE_KT_KEV) - 1.001)
    below = position.detach().floor().long().squeeze(-1)
    table = table.to(kt_kev)
    return torch.exp(torch.lerp(table[below], table[below + 1], position - below[..., None]))


def line_emissivity(kt_kev: torch.Tensor) -> torch.Tensor:
    """Emissivity of each line at solar abundance.

    Parameters
    ----------
    kt_kev : Tensor, (n, 1)
        Temperature in keV.

    Returns
    -------
    Tensor, (n, n_lines)
        1e-14 photons cm^3/s, per electron and hydrogen atom.
    """
    return interpolate_log(_LOG_EMISSIVITY, kt_kev)
