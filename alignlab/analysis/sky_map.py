"""Positions on the sky: notations, galactic coordinates, an equal-area map of the whole sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: From equatorial (ICRS) to galactic axes: Hipparcos catalogue (ESA SP-1200), volume 1, section 1.5.3.
_TO_GALACTIC = np.array(
    [
        [-0.0548755604, -0.8734370902, -0.4838350155],
        [0.4941094279, -0.4448296300, 0.7469822445],
        [-0.8676661490, -0.1980763734, 0.4559837762],
    ]
)
_NEWTON_STEPS = 12


def sexagesimal(ra_deg: float, dec_deg: float) -> str:
    """A position as ``12 29 06.69 +02 03 08.6``: hours of right ascension, degrees of declination.

    Raises
    ------
    ValueError
        If it is no position.
    """
    if not (np.isfinite(ra_deg) and np.isfinite(dec_deg) and abs(dec_deg) <= 90):
        raise ValueError(f"no position: {ra_deg}, {dec_deg}")
    # Rounded before it is divided, so that no field ever reads 60.
    hundredths = round((ra_deg % 360) / 15 * 3600 * 100) % (24 * 3600 * 100)
    tenths = round(abs(dec_deg) * 3600 * 10)
    hours, minutes, seconds = hundredths // 360_000, hundredths // 6000 % 60, hundredths % 6000 / 100
    degrees, arcmin, arcsec = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    sign = "-" if dec_deg < 0 else "+"
    return f"{hours:02d} {minutes:02d} {seconds:05.2f} {sign}{degrees:02d} {arcmin:02d} {arcsec:04.1f}"


def galactic(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Galactic longitude (0 to 360) and latitude of ICRS positions, all in degrees; NaN stays NaN."""
    ra, dec = np.radians(np.asarray(ra_deg, dtype=np.float64)), np.radians(np.asarray(dec_deg, dtype=np.float64))
    direction = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    x, y, z = np.tensordot(_TO_GALACTIC, direction, axes=1)
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arcsin(np.clip(z, -1, 1)))


def mollweide(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mollweide's equal-area map: x from -2 to 2, growing towards smaller longitudes as on the sky, and y from -1 to 1.

    Longitude 0 is in the middle.
    """
    longitude = (np.asarray(longitude_deg, dtype=np.float64) + 180) % 360 - 180
    latitude = np.radians(np.asarray(latitude_deg, dtype=np.float64))
    target = np.pi * np.sin(latitude)
    theta = latitude.copy()
    for _ in range(_NEWTON_STEPS):
        slope = 2 + 2 * np.cos(2 * theta)
        safe = np.where(slope > 1e-9, slope, 1.0)
        theta = theta - np.where(slope > 1e-9, (2 * theta + np.sin(2 * theta) - target) / safe, 0)
    at_pole = np.abs(latitude) > np.pi / 2 - 1e-7
    theta = np.where(at_pole, latitude, np.clip(theta, -np.pi / 2, np.pi / 2))
    return -2 * longitude / 180 * np.cos(theta), np.sin(theta)
