"""Collisional ionisation equilibrium of the elements whose lines and edges matter in X-rays.

Ionisation and recombination are computed from general formulae, good to some 0.1 dex in temperature:
direct ionisation by Lotz (1967, ApJS 14, 207), radiative recombination in the hydrogenic approximation of
Seaton (1959, MNRAS 119, 81), dielectronic recombination by Burgess (1965, ApJ 141, 1588) with the correction of
Merts, Cowan & Magee (1976) where the principal quantum number changes. Solar abundances are those of
Anders & Grevesse (1989), as in the fits of the catalogue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import exp1, expn

#: Abundance by number relative to hydrogen (Anders & Grevesse 1989) and nuclear charge.
SOLAR = {
    "C": (3.63e-4, 6), "N": (1.12e-4, 7), "O": (8.51e-4, 8), "Ne": (1.23e-4, 10), "Mg": (3.80e-5, 12),
    "Si": (3.55e-5, 14), "S": (1.62e-5, 16), "Ar": (3.63e-6, 18), "Ca": (2.29e-6, 20), "Fe": (4.68e-5, 26),
    "Ni": (1.78e-6, 28),
}  # fmt: skip

#: Ionisation energies in eV of the ions with 1, 2, 3 ... electrons, to neon-like (iron, nickel: to sodium-like), NIST.
IONISATION_EV = {
    "C": (490.0, 392.1, 64.5, 47.9, 24.4, 11.3),
    "N": (667.0, 552.1, 97.9, 77.5, 47.4, 29.6, 14.5),
    "O": (871.4, 739.3, 138.1, 113.9, 77.4, 54.9, 35.1, 13.6),
    "Ne": (1362.2, 1195.8, 239.1, 207.3, 157.9, 126.2, 97.1, 63.5, 41.0, 21.6),
    "Mg": (1962.7, 1761.8, 367.5, 328.2, 266.0, 225.0, 186.8, 141.3, 109.3, 80.1),
    "Si": (2673.2, 2437.7, 523.4, 476.4, 401.4, 351.1, 303.5, 246.5, 205.3, 166.8),
    "S": (3494.2, 3223.8, 707.0, 651.7, 564.7, 504.8, 447.1, 379.6, 328.2, 280.9),
    "Ar": (4426.2, 4120.9, 918.0, 854.8, 755.7, 686.1, 618.3, 539.0, 478.7, 422.5),
    "Ca": (5469.9, 5128.9, 1157.8, 1087.0, 974.0, 895.0, 817.6, 726.6, 656.4, 592.0),
    "Fe": (9277.7, 8828.0, 2046.0, 1950.0, 1799.0, 1689.0, 1582.0, 1456.0, 1358.0, 1262.0, 489.3),
    "Ni": (10775.0, 10290.0, 2399.0, 2295.0, 2131.0, 2011.0, 1894.0, 1760.0, 1648.0, 1541.0, 607.0),
}
_RYDBERG_EV = 13.6057
_KELVIN_PER_EV = 11604.5
_LEVELS = np.arange(1, 25)


def _ionisation_rate(element: str, electrons: int, kt_ev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rate in cm^3/s at which the ion with `electrons` loses one: Lotz, summed over the two outer subshells."""
    energies = IONISATION_EV[element]
    threshold = energies[electrons - 1]
    if electrons <= 2:
        shells = [(electrons, threshold)]
    elif electrons <= 4:
        shells = [(electrons - 2, threshold)]
    elif electrons <= 10:
        shells = [(electrons - 4, threshold), (2, threshold + 0.7 * (energies[3] - energies[4]))]
    else:
        shells = [(1, threshold), (8, 0.9 * energies[9])]
    root = np.sqrt(kt_ev)
    return np.sum([3.0e-6 * n * exp1(chi / kt_ev) / (chi * root) for n, chi in shells], axis=0)


def _radiative_rate(element: str, electrons: int, kt_ev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rate in cm^3/s at which the ion with `electrons` catches one into any level with room for it."""
    charge = SOLAR[element][1] - electrons
    first = 1 if electrons < 2 else 2 if electrons < 10 else 3
    capacity, filled = {1: (2, electrons), 2: (8, electrons - 2), 3: (18, electrons - 10)}[first]
    total = np.zeros_like(kt_ev)
    for n in _LEVELS[first - 1 :]:
        chi = IONISATION_EV[element][electrons] if n == first and electrons < len(IONISATION_EV[element]) else 0.0
        x = max(chi, charge**2 * _RYDBERG_EV / n**2) / kt_ev
        room = 1 - filled / capacity if n == first else 1.0
        # exp(x) E1(x) without overflow
        scaled = np.where(x < 300, np.exp(np.minimum(x, 300)) * expn(1, np.minimum(x, 300)), 1 / (x + 1))
        total += room * 5.197e-14 * charge * x**1.5 * scaled
    return total


def _dielectronic_rate(element: str, electrons: int, kt_ev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rate in cm^3/s of dielectronic recombination of the ion with `electrons`."""
    nucleus = SOLAR[element][1]
    charge = nucleus - electrons
    if electrons == 0:
        return np.zeros_like(kt_ev)
    energies = IONISATION_EV[element]
    transitions: list[tuple[float, float, bool]] = []  # oscillator strength, energy (eV), whether n changes
    if electrons <= 2:
        strength, lowered = (0.42, 1.0) if electrons == 1 else (0.75, 0.965)
        transitions.append((strength, 0.75 * energies[0] * lowered, True))
    else:
        valence = electrons - 2 if electrons <= 10 else 8
        outer = energies[min(electrons, 10) - 1]
        transitions.append((0.40 * valence, (0.56 + 0.012 * (min(electrons, 10) - 3)) * outer, True))
        if electrons < 10:
            strength = 2.0 / nucleus * min(valence, 8 - valence)
            transitions.append((strength, 1.1 * nucleus + 0.0009 * nucleus**3, False))
        if electrons == 11:
            transitions.append((0.9, 1.3 * nucleus, False))
    b = np.sqrt(charge * (charge + 1) ** 5 / (charge**2 + 13.4))
    rate = np.zeros_like(kt_ev)
    for strength, energy, changes_n in transitions:
        x = energy / ((charge + 1) * _RYDBERG_EV)
        a = np.sqrt(x) / (1 + 0.105 * x + 0.015 * x**2)
        if changes_n:
            a = 0.5 * np.sqrt(x) / (1 + 0.21 * x + 0.03 * x**2)
        mean = energy / (1 + 0.015 * charge**3 / (charge + 1) ** 2)
        rate += strength * a * np.exp(-mean / kt_ev)
    return 3.0e-3 * (kt_ev * _KELVIN_PER_EV) ** -1.5 * b * rate


def ion_fractions(element: str, kt_kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fraction of an element in each ion, in equilibrium.

    Parameters
    ----------
    element : str
        A key of `SOLAR`.
    kt_kev : ndarray, (n,)
        Temperature in keV.

    Returns
    -------
    ndarray of float64, (n, n_ions)
        Column k: the ion with k electrons left; the last column also stands for all cooler ions.
    """
    kt_ev = 1e3 * np.asarray(kt_kev, float)
    log_fraction = [np.zeros_like(kt_ev)]
    for electrons in range(1, len(IONISATION_EV[element]) + 1):
        up = _ionisation_rate(element, electrons, kt_ev)
        down = _radiative_rate(element, electrons - 1, kt_ev) + _dielectronic_rate(element, electrons - 1, kt_ev)
        log_fraction.append(log_fraction[-1] + np.log(down) - np.log(np.maximum(up, 1e-300)))
    stacked = np.stack(log_fraction, axis=-1)
    stacked -= stacked.max(axis=-1, keepdims=True)
    fractions = np.exp(stacked)
    return fractions / fractions.sum(axis=-1, keepdims=True)
