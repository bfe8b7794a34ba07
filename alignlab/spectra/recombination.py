"""Free-free and free-bound continuum of a plasma in collisional equilibrium, relative to that of pure hydrogen.

In units of the free-free emission of hydrogen without Gaunt factor, an ion of charge z and abundance A emits A z^2 g
by deflecting electrons, and by catching them into level n, above the edge chi_n, A z^2 (2 chi_n / n kT) exp(chi_n/kT)
times the room in that level (Kramers; Rybicki & Lightman 1979, chapter 10). Two-photon emission is left out.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from alignlab.spectra.emission_lines import TABLE_KT_KEV, interpolate_log
from alignlab.spectra.ionisation import IONISATION_EV, SOLAR, ion_fractions

#: Helium per hydrogen atom (Anders & Grevesse 1989), fully ionised like hydrogen.
_HELIUM = 0.0977
_RYDBERG_KEV = 0.0136057
#: Steps that stay below this fraction of hydrogen's emission at every temperature are left out.
_LEAST_STEP = 0.002
#: Edges below this energy lie under every spectrum: their steps are merged into one.
_LOWEST_EDGE_KEV = 0.25
_LEVELS = (1, 2, 3, 4)


def _capture(charge: int, level: int, chi_kev: float) -> NDArray[np.float64]:
    """Logarithm of z^2 (2 chi / n kT) exp(chi / kT) over the table's temperatures."""
    return np.log(charge**2 * 2 * chi_kev / (level * TABLE_KT_KEV)) + chi_kev / TABLE_KT_KEV


def _captures(element: str) -> list[tuple[float, NDArray[np.float64]]]:
    """Edge in keV and logarithm of its strength over the table's temperatures, for every ion and level."""
    abundance, nucleus = SOLAR[element]
    log_fractions = np.log(np.maximum(ion_fractions(element, TABLE_KT_KEV), 1e-250))
    out = []
    for electrons, chi_ev in enumerate(IONISATION_EV[element][:9]):
        charge = nucleus - electrons
        ground = 1 if electrons < 2 else 2
        for level in _LEVELS[ground - 1 :]:
            chi = 1e-3 * chi_ev if level == ground else _RYDBERG_KEV * charge**2 / level**2
            room = (1 - electrons / 2 if level == 1 else 1 - (electrons - 2) / 8) if level == ground else 1.0
            out.append((chi, np.log(abundance * room) + log_fractions[:, electrons] + _capture(charge, level, chi)))
    return out


def _sum_logs(terms: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.logaddexp.reduce(np.stack(terms), axis=0)


def _tables() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Edges in keV; logarithms of the metals' steps at the edges; logarithms of the three smooth terms."""
    metals = [capture for element in SOLAR for capture in _captures(element)]
    least = np.log(_LEAST_STEP)
    edges = [(chi, s) for chi, s in metals if chi >= _LOWEST_EDGE_KEV and (s - chi / TABLE_KT_KEV).max() > least]
    merged = _sum_logs([step for chi, step in metals if chi < _LOWEST_EDGE_KEV])
    light = _sum_logs(
        [
            np.log(number) + _capture(charge, level, _RYDBERG_KEV * charge**2 / level**2)
            for number, charge in ((1.0, 1), (_HELIUM, 2))
            for level in _LEVELS
        ]
    )
    deflected = np.zeros_like(TABLE_KT_KEV)
    for element, (abundance, nucleus) in SOLAR.items():
        fractions = ion_fractions(element, TABLE_KT_KEV)
        charge = nucleus - np.arange(fractions.shape[1])
        deflected += abundance * fractions @ charge.astype(float) ** 2
    return (
        np.array([chi for chi, _ in edges]),
        np.stack([step for _, step in edges], axis=-1),
        np.stack([light, merged, np.log(deflected)], axis=-1),
    )


_edges, _steps, _smooth = _tables()
EDGE_KEV = torch.from_numpy(_edges)
_LOG_STEPS, _LOG_SMOOTH = torch.from_numpy(_steps), torch.from_numpy(_smooth)
#: Sum of n_i Z_i^2 / n_H over hydrogen and helium.
HYDROGEN_HELIUM = 1.0 + 4 * _HELIUM


def continuum_factors(kt_kev: torch.Tensor, abundance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Strengths of the continuum's parts, relative to free-free of pure hydrogen without Gaunt factor.

    Parameters
    ----------
    kt_kev, abundance : Tensor, (n, 1)
        Temperature in keV and abundance of the metals relative to solar.

    Returns
    -------
    free_free : Tensor, (n, 1)
        To be multiplied by the Gaunt factor.
    free_bound : Tensor, (n, 1)
        Captures whose edges lie below 0.25 keV.
    steps : Tensor, (n, n_edges)
        What is added above each of `EDGE_KEV` (rest frame).
    """
    light, merged, deflected = interpolate_log(_LOG_SMOOTH, kt_kev).split(1, dim=-1)
    steps = abundance * interpolate_log(_LOG_STEPS, kt_kev)
    return HYDROGEN_HELIUM + abundance * deflected, light + abundance * merged, steps
