"""The main X-ray lines of a solar plasma in collisional equilibrium, as smooth functions of temperature."""

from __future__ import annotations

import torch

#: Line or blend, energy in keV, log10 of the temperature (K) at which its emissivity peaks, its width in log T
#: (standard deviation), and the peak emissivity in 1e-15 photons cm^3/s at solar abundance.
_LINES: tuple[tuple[str, float, float, float, float], ...] = (
    ("C VI", 0.3675, 6.1, 0.25, 2.0),
    ("N VII", 0.5003, 6.3, 0.25, 0.6),
    ("O VII", 0.5690, 6.3, 0.20, 2.2),
    ("O VIII", 0.6536, 6.5, 0.25, 2.6),
    ("O VIII Ly b", 0.7746, 6.5, 0.25, 0.4),
    ("Fe XVII", 0.7270, 6.75, 0.20, 2.6),
    ("Fe XVII", 0.8200, 6.75, 0.20, 2.2),
    ("Fe XVIII", 0.8700, 6.87, 0.18, 1.2),
    ("Fe XIX", 0.9170, 6.95, 0.16, 1.0),
    ("Fe XX", 0.9650, 7.00, 0.16, 1.0),
    ("Fe XXI", 1.0090, 7.05, 0.16, 0.9),
    ("Fe XXII", 1.0530, 7.10, 0.16, 0.8),
    ("Fe XXIII", 1.1290, 7.18, 0.16, 0.7),
    ("Fe XXIV", 1.1670, 7.30, 0.20, 0.7),
    ("Ne IX", 0.9150, 6.6, 0.20, 0.7),
    ("Ne X", 1.0220, 6.8, 0.25, 0.6),
    ("Mg XI", 1.3450, 6.8, 0.20, 0.35),
    ("Mg XII", 1.4725, 7.0, 0.25, 0.2),
    ("Si XIII", 1.8580, 7.0, 0.20, 0.30),
    ("Si XIV", 2.0055, 7.2, 0.25, 0.18),
    ("S XV", 2.4500, 7.2, 0.20, 0.12),
    ("S XVI", 2.6220, 7.4, 0.25, 0.075),
    ("Ar XVII", 3.1300, 7.35, 0.20, 0.025),
    ("Ar XVIII", 3.3220, 7.6, 0.25, 0.015),
    ("Ca XIX", 3.8900, 7.45, 0.20, 0.015),
    ("Ca XX", 4.1050, 7.7, 0.25, 0.010),
    ("Fe XXV", 6.6800, 7.80, 0.25, 0.055),
    ("Fe XXVI", 6.9660, 8.10, 0.25, 0.020),
    ("Fe XXV K b", 7.8800, 7.85, 0.25, 0.007),
)

LINE_NAMES: tuple[str, ...] = tuple(row[0] for row in _LINES)
LINE_ENERGY_KEV = torch.tensor([row[1] for row in _LINES], dtype=torch.float64)
_PEAK, _WIDTH, _STRENGTH = (torch.tensor([row[k] for row in _LINES], dtype=torch.float64) for k in (2, 3, 4))
_LOG10_KELVIN_PER_KEV = 7.06458


def line_emissivity(kt_kev: torch.Tensor) -> torch.Tensor:
    """Emissivity of each line at solar abundance.

    Parameters
    ----------
    kt_kev : Tensor, (n, 1)
        Temperature in keV.

    Returns
    -------
    Tensor, (n, n_lines)
        1e-14 photons cm^3/s.
    """
    log_t = torch.log10(kt_kev) + _LOG10_KELVIN_PER_KEV
    offset = (log_t - _PEAK.to(kt_kev)) / _WIDTH.to(kt_kev)
    return 0.1 * _STRENGTH.to(kt_kev) * torch.exp(-0.5 * offset**2)
