"""Photoelectric cross sections of neutral atoms, shell by shell."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Verner & Yakovlev (1995, A&AS 109, 125), table 1: per shell the threshold (eV), orbital quantum number l,
#: E_0 (eV), sigma_0 (Mb), y_a, P, y_w. Shells that matter above 0.1 keV.
_SHELLS: dict[str, tuple[tuple[float, int, float, float, float, float, float], ...]] = {
    "H": ((13.60, 0, 0.4298, 5.475e4, 32.88, 2.963, 0.0),),
    "He": ((24.59, 0, 5.996, 4.470e3, 2.199, 6.098, 0.0),),
    "C": ((291.0, 0, 86.55, 74.21, 54.98, 1.503, 0.0), (19.39, 0, 10.26, 4564.0, 1.568, 10.85, 0.0)),
    "N": ((404.8, 0, 127.0, 47.48, 138.0, 1.252, 0.0), (25.41, 0, 14.82, 772.2, 2.306, 9.139, 0.0)),
    "O": (
        (538.0, 0, 177.4, 32.37, 381.2, 1.083, 0.0),
        (28.48, 0, 19.94, 241.5, 3.241, 8.037, 0.0),
        (13.62, 1, 13.91, 1.220e5, 1.364, 11.40, 0.4103),
    ),
    "F": (
        (694.0, 0, 239.0, 22.95, 1257.0, 0.9638, 0.0),
        (37.86, 0, 25.68, 109.7, 4.297, 7.303, 0.0),
        (17.42, 1, 16.58, 2.775e5, 1.242, 12.49, 0.3857),
    ),
    "Ne": (
        (870.1, 0, 314.4, 16.64, 2.042e5, 0.8450, 0.0),
        (48.47, 0, 32.04, 56.15, 5.808, 6.678, 0.0),
        (21.56, 1, 20.00, 1.691e4, 2.442, 10.43, 0.3345),
    ),
    "Mg": (
        (1311.0, 0, 271.1, 35.61, 23.74, 1.952, 0.0),
        (94.0, 0, 45.87, 16.71, 23.89, 4.742, 0.0),
        (54.9, 1, 49.37, 202.3, 1.079e4, 2.960, 0.01463),
    ),
    "Al": (
        (1567.0, 0, 367.0, 22.06, 44.05, 1.588, 0.0),
        (125.6, 0, 55.94, 14.25, 30.94, 4.399, 0.0),
        (80.4, 1, 64.45, 173.5, 1.131e4, 2.762, 0.02337),
    ),
    "Si": (
        (1846.0, 0, 532.2, 11.84, 258.0, 1.102, 0.0),
        (156.0, 0, 70.17, 11.66, 47.42, 3.933, 0.0),
        (106.0, 1, 78.08, 153.2, 5.765e6, 2.639, 2.774e-4),
    ),
    "S": (
        (2477.0, 0, 811.4, 6.649, 3734.0, 0.8646, 0.0),
        (235.0, 0, 104.7, 8.520, 94.69, 3.346, 0.0),
        (170.0, 1, 91.52, 188.3, 71.93, 3.633, 0.2485),
    ),
    "Ar": (
        (3203.0, 0, 1135.0, 4.280, 3.285e7, 0.7631, 0.0),
        (326.0, 0, 130.2, 9.185, 26.93, 4.021, 0.0),
        (249.2, 1, 164.7, 83.72, 54.52, 3.328, 0.6270),
    ),
    "Ca": (
        (4043.0, 0, 694.7, 15.86, 25.63, 1.966, 0.0),
        (442.5, 0, 120.1, 10.10, 24.68, 4.592, 0.0),
        (352.3, 1, 152.9, 128.2, 221.7, 3.087, 3.343e-3),
    ),
    "Fe": (
        (7124.0, 0, 804.4, 20.55, 36.33, 2.118, 0.0),
        (857.0, 0, 57.27, 10.76, 27.85, 6.635, 0.0),
        (724.0, 1, 294.8, 71.91, 321.9, 2.837, 0.06314),
        (104.0, 0, 43.34, 5.921, 52.93, 5.129, 0.0),
        (66.0, 1, 76.30, 62.98, 14.79, 7.672, 0.2646),
    ),
    "Ni": (
        (8348.0, 0, 736.6, 28.36, 36.22, 2.316, 0.0),
        (1024.0, 0, 113.2, 9.424, 27.12, 5.643, 0.0),
        (876.0, 1, 304.3, 86.11, 78.68, 3.408, 1.68e-5),
        (125.0, 0, 54.48, 4.611, 115.7, 4.548, 0.0),
    ),
}

ELEMENTS: tuple[str, ...] = tuple(_SHELLS)


def cross_section(element: str, energy_kev: ArrayLike) -> NDArray[np.float64]:
    """Photoelectric cross section of a neutral atom, by the analytic fits of Verner & Yakovlev (1995).

    Parameters
    ----------
    element : str
        Chemical symbol, one of `ELEMENTS`.
    energy_kev : array_like
        Photon energies in keV.

    Returns
    -------
    ndarray of float64, same shape
        Cross section per atom in 1e-22 cm^2, summed over the shells whose threshold lies below the energy.
    """
    energy_ev = 1e3 * np.asarray(energy_kev, dtype=float)
    total = np.zeros_like(energy_ev)
    for threshold, orbital, e_0, sigma_0, y_a, p, y_w in _SHELLS[element]:
        y = energy_ev / e_0
        shape = ((y - 1) ** 2 + y_w**2) * y ** (0.5 * p - 5.5 - orbital) * (1 + np.sqrt(y / y_a)) ** -p
        total += np.where(energy_ev >= threshold, sigma_0 * shape, 0.0)
    return 1e4 * total
