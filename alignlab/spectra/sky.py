"""Where each class of source lies on the sky, and the hydrogen in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray


class Host(NamedTuple):
    """A galaxy, star cluster or star-forming region observed for its many sources."""

    name: str
    ra_deg: float
    dec_deg: float
    radius_deg: float
    n_h_1e20: float


#: Positions from SIMBAD; foreground columns rounded from the HI survey of Kalberla et al. (2005), clusters from their
#: reddening (Harris 1996, with N_H = 6.9e21 E(B-V)), star-forming regions from Feigelson et al. (2013).
NEARBY_GALAXIES = (
    Host("M31", 10.685, 41.269, 0.25, 6.7),
    Host("M33", 23.462, 30.660, 0.25, 5.6),
    Host("M81", 148.888, 69.065, 0.15, 5.6),
    Host("M82", 148.970, 69.680, 0.05, 4.0),
    Host("M83", 204.254, -29.866, 0.10, 4.0),
    Host("M101", 210.802, 54.349, 0.20, 1.2),
    Host("NGC 4472", 187.445, 8.000, 0.10, 1.6),
    Host("Centaurus A", 201.365, -43.019, 0.15, 8.4),
    Host("Antennae", 180.472, -18.880, 0.03, 3.2),
)
MAGELLANIC_CLOUDS = (
    Host("Small Magellanic Cloud", 15.0, -72.6, 1.2, 6.0),
    Host("Large Magellanic Cloud", 81.0, -68.8, 2.0, 7.0),
)
GLOBULAR_CLUSTERS = (
    Host("47 Tuc", 6.024, -72.081, 0.04, 2.8),
    Host("Omega Centauri", 201.697, -47.480, 0.08, 8.3),
    Host("NGC 6397", 265.175, -53.674, 0.05, 12.4),
    Host("Terzan 5", 267.020, -24.779, 0.02, 157.0),
    Host("M28", 276.137, -24.870, 0.02, 27.6),
    Host("M4", 245.897, -26.526, 0.05, 24.2),
    Host("NGC 6752", 287.717, -59.985, 0.05, 2.8),
)
#: Clusters of little extinction, in which faint white-dwarf binaries are seen.
CLEAR_GLOBULAR_CLUSTERS = tuple(host for host in GLOBULAR_CLUSTERS if host.n_h_1e20 < 15)
STAR_FORMING_REGIONS = (
    Host("Orion Nebula", 83.82, -5.39, 0.12, 15.0),
    Host("NGC 2264", 100.25, 9.75, 0.15, 6.0),
    Host("Rho Ophiuchi", 246.79, -24.60, 0.2, 80.0),
    Host("Carina", 161.20, -59.70, 0.5, 30.0),
    Host("M17", 275.20, -16.17, 0.15, 120.0),
    Host("Serpens South", 277.50, -2.03, 0.1, 150.0),
    Host("NGC 1333", 52.27, 31.32, 0.1, 60.0),
)


@dataclass(frozen=True)
class _Placement:
    """Shares of a class's sources in hosts, in the Galactic plane; the rest is isotropic."""

    hosts: tuple[tuple[float, tuple[Host, ...]], ...] = ()
    plane: float = 0.0
    plane_height_deg: float = 2.0
    bulge: bool = False
    #: Share of the Galactic column that lies in front of the source: 1 for everything beyond the Galaxy.
    depth: tuple[float, float] = (1.0, 1.0)


_PLACEMENTS = {
    "AGN": _Placement(plane=0.12, plane_height_deg=4.0),
    "obscured AGN": _Placement(plane=0.12, plane_height_deg=4.0),
    "QSO": _Placement(plane=0.05, plane_height_deg=4.0),
    "galaxy cluster": _Placement(),
    "star": _Placement(plane=0.6, plane_height_deg=8.0, depth=(0.01, 0.3)),
    "YSO": _Placement(hosts=((0.85, STAR_FORMING_REGIONS),), plane=0.15, depth=(0.1, 0.7)),
    "HMXB": _Placement(hosts=((0.5, MAGELLANIC_CLOUDS), (0.1, NEARBY_GALAXIES)), plane=0.4, depth=(0.4, 1.0)),
    "LMXB": _Placement(hosts=((0.4, NEARBY_GALAXIES), (0.2, GLOBULAR_CLUSTERS)), plane=0.4, bulge=True, depth=(0.6, 1)),
    "CV": _Placement(
        hosts=((0.4, CLEAR_GLOBULAR_CLUSTERS),), plane=0.4, plane_height_deg=6.0, bulge=True, depth=(0.05, 0.7)
    ),
    "ULX": _Placement(hosts=((0.7, NEARBY_GALAXIES),)),
    "pulsar": _Placement(hosts=((0.35, GLOBULAR_CLUSTERS), (0.05, MAGELLANIC_CLOUDS)), plane=0.5, depth=(0.1, 1.0)),
    "SNR": _Placement(hosts=((0.45, MAGELLANIC_CLOUDS), (0.3, NEARBY_GALAXIES)), plane=0.25, depth=(0.3, 1.0)),
}


@dataclass(frozen=True, eq=False)
class Positions:
    """Positions of a class's sources.

    Attributes
    ----------
    ra_deg, dec_deg : ndarray of float64, shape (n,)
        ICRS.
    n_h_1e20 : ndarray of float64, shape (n,)
        Galactic column in front of the source, 1e20 cm^-2.
    host : ndarray of str, shape (n,)
        Galaxy, star cluster or region that holds it; empty for a field source.
    """

    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    n_h_1e20: NDArray[np.float64]
    host: NDArray[np.str_]


def galactic_column(latitude_deg: NDArray[np.float64], longitude_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Total Galactic column in 1e20 cm^-2: a plane-parallel disc seen at `latitude_deg`, denser towards the centre.

    3e20 / sin|b| after Dickey & Lockman (1990, ARA&A 28, 215, the mean of their HI maps away from the plane), with
    the path through the disc limited to some ten scale heights.
    """
    inner = 1.0 + 2.0 * np.exp(-np.abs((longitude_deg + 180) % 360 - 180) / 30) * np.exp(-np.abs(latitude_deg) / 3)
    return inner * 3.0 / np.hypot(np.sin(np.radians(latitude_deg)), 0.03)


def place(source_class: str, n: int, *, rng: np.random.Generator) -> Positions:
    """Draw the positions of `n` sources of a class and the Galactic columns in front of them."""
    placement = _PLACEMENTS[source_class]
    longitude, latitude = _field_positions(placement, n, rng)
    column = galactic_column(latitude, longitude) * 10 ** rng.normal(0, 0.12, n) * rng.uniform(*placement.depth, n)
    sky = SkyCoord(longitude * u.deg, latitude * u.deg, frame="galactic").icrs
    ra, dec = np.array(sky.ra.deg), np.array(sky.dec.deg)
    host = np.full(n, "", dtype="<U24")
    lot, used = rng.random(n), 0.0
    for share, candidates in placement.hosts:
        chosen = np.flatnonzero((lot >= used) & (lot < used + share))
        used += share
        member = rng.integers(len(candidates), size=len(chosen))
        radius, angle = rng.rayleigh(0.6, len(chosen)), rng.uniform(0, 2 * np.pi, len(chosen))
        for index, candidate in enumerate(candidates):
            here = member == index
            rows, offset = chosen[here], radius[here] * candidate.radius_deg
            dec[rows] = candidate.dec_deg + offset * np.cos(angle[here])
            ra[rows] = candidate.ra_deg + offset * np.sin(angle[here]) / np.cos(np.radians(candidate.dec_deg))
            column[rows] = candidate.n_h_1e20 * 10 ** rng.normal(0, 0.06, here.sum())
            host[rows] = candidate.name
    return Positions(ra % 360, dec, column, host)


def _field_positions(
    placement: _Placement, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    longitude = rng.uniform(0, 360, n)
    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    in_plane = rng.random(n) < placement.plane / max(1 - sum(share for share, _ in placement.hosts), 1e-9)
    height = rng.laplace(0, placement.plane_height_deg, n).clip(-40, 40)
    inner = rng.laplace(0, 6.0 if placement.bulge else 40.0, n) % 360
    if placement.bulge:
        height = height * 0.6
    return np.where(in_plane, inner, longitude), np.where(in_plane, height, latitude)
