"""Apertures on an event list: a circle for each source, a ring for the background around it, and what covers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Points at which a circle or a ring is asked what covers it: of equal area, in rings and rays.
_RINGS, _RAYS = 24, 96
#: Photons that a usual cell of the coverage holds at least, so that an empty one lies beyond the chips.
_FULL_CELL = 9.0
_CELL_ARCSEC, _N_CELLS, _COARSEST = 4.0, 1024, 16


def aperture_radius_arcsec(theta_arcmin: ArrayLike) -> NDArray[np.float64]:
    """Radius that encloses 90% of the photons of 1.5 keV of a point source, against its angle from the optical axis.

    r = 1" + 10" (theta / 10')^2 (Hickox & Markevitch 2006, ApJ 645, 95, section 3): the mean over azimuth of Chandra's
    point-spread function, which far off axis is no circle.
    """
    return 1.0 + 10.0 * (np.asarray(theta_arcmin, float) / 10.0) ** 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Apertures:
    """Circles and rings of n sources, in sky pixels.

    Attributes
    ----------
    x, y : ndarray of float64, (n,)
        Centres.
    radius : ndarray of float64, (n,)
        Of the circles.
    inner, outer : ndarray of float64, (n,)
        Of the rings; the apertures of other sources are no part of them.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    radius: NDArray[np.float64]
    inner: NDArray[np.float64]
    outer: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.x)

    def neighbours(self, i: int) -> NDArray[np.intp]:
        """Other sources whose aperture reaches into the ring or the aperture of source i."""
        apart = np.hypot(self.x - self.x[i], self.y - self.y[i])
        near = apart < max(self.outer[i], self.radius[i]) + self.radius
        near[i] = False
        return np.flatnonzero(near)

    def overlapping(self, i: int) -> NDArray[np.intp]:
        """Other sources whose aperture overlaps that of source i."""
        apart = np.hypot(self.x - self.x[i], self.y - self.y[i])
        near = apart < self.radius[i] + self.radius
        near[i] = False
        return np.flatnonzero(near)

    def in_circle(self, i: int, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether places lie in the aperture of source i, its edge included."""
        return (x - self.x[i]) ** 2 + (y - self.y[i]) ** 2 <= self.radius[i] ** 2

    def in_ring(
        self, i: int, x: NDArray[np.float64], y: NDArray[np.float64], neighbours: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """Whether places lie in the ring of source i and in no aperture of its `neighbours`."""
        square = (x - self.x[i]) ** 2 + (y - self.y[i]) ** 2
        inside = (square > self.inner[i] ** 2) & (square <= self.outer[i] ** 2)
        for j in neighbours:
            inside &= ~self.in_circle(int(j), x, y)
        return inside

    def circle_points(self, i: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of equal area in the aperture of source i."""
        return _points(self.x[i], self.y[i], 0.0, self.radius[i])

    def ring_points(
        self, i: int, neighbours: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Points of equal area in the ring of source i outside other apertures, and the area of each in pixels."""
        x, y = _points(self.x[i], self.y[i], self.inner[i], self.outer[i])
        each = np.pi * (self.outer[i] ** 2 - self.inner[i] ** 2) / len(x)
        free = self.in_ring(i, x, y, neighbours)
        return x[free], y[free], float(each)

    def circle_area(self, i: int) -> float:
        """Area of the aperture of source i in pixels."""
        return float(np.pi * self.radius[i] ** 2)


def _points(x: float, y: float, inner: float, outer: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres of cells of equal area of a ring."""
    share = (np.arange(_RINGS) + 0.5) / _RINGS
    radius = np.sqrt(inner**2 + share * (outer**2 - inner**2))[:, None]
    # Each ring is turned by the golden ratio of a cell, so that no two are aligned.
    turn = (np.arange(_RINGS) * 0.6180339887 % 1)[:, None]
    angle = 2 * np.pi * (np.arange(_RAYS)[None] + turn) / _RAYS
    return (x + radius * np.cos(angle)).ravel(), (y + radius * np.sin(angle)).ravel()


class Coverage:
    """Where photons fell, in cells on the sky: what a chip looked at has some, what no chip looked at has none.

    An event file alone does not say where its chips were; photons of all energies do, to the size of a cell. Cells are
    so large that a usual one holds `_FULL_CELL` photons, from 4" to 64".

    Parameters
    ----------
    x, y : float
        Centre of the field in sky pixels.
    pixel_arcsec : float
        Size of a sky pixel.
    """

    def __init__(self, x: float, y: float, *, pixel_arcsec: float) -> None:
        self._cell = _CELL_ARCSEC / pixel_arcsec
        self._x, self._y = (centre - self._cell * _N_CELLS / 2 for centre in (x, y))
        self._counts = np.zeros(_N_CELLS * _N_CELLS, np.int64)
        self._coarse = 1
        self._occupied = np.zeros((_N_CELLS, _N_CELLS), bool)

    def add(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        """Count photons."""
        column, row = self._cells(x, y)
        inside = (column >= 0) & (column < _N_CELLS) & (row >= 0) & (row < _N_CELLS)
        cells = row[inside] * _N_CELLS + column[inside]
        self._counts += np.bincount(cells, minlength=len(self._counts))

    def settle(self) -> None:
        """Choose the size of the cells, once all photons are counted."""
        counts = self._counts.reshape(_N_CELLS, _N_CELLS)
        while True:
            occupied = counts > 0
            if self._coarse >= _COARSEST or not occupied.any() or np.median(counts[occupied]) >= _FULL_CELL:
                break
            counts = counts[::2, ::2] + counts[1::2, ::2] + counts[::2, 1::2] + counts[1::2, 1::2]
            self._coarse *= 2
        self._occupied = occupied

    @property
    def cell_arcsec(self) -> float:
        """Size of the cells."""
        return _CELL_ARCSEC * self._coarse

    def holds(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether places lie in a cell with photons."""
        column, row = (cells // self._coarse for cells in self._cells(x, y))
        size = len(self._occupied)
        inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
        held = np.zeros(np.shape(x), bool)
        held[inside] = self._occupied[row[inside], column[inside]]
        return held

    def _cells(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        column, row = (np.floor((place - start) / self._cell) for place, start in ((x, self._x), (y, self._y)))
        return tuple(np.clip(np.nan_to_num(c, nan=-1.0), -1, _N_CELLS).astype(np.int64) for c in (column, row))
