"""The photons in apertures and rings on an event file, in one pass over its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.progress import OnStep, report
from alignlab.spectra.apertures import Apertures, Coverage
from alignlab.spectra.event_file import EventFile, Photons
from alignlab.spectra.response import CHANNEL_EDGES_KEV


@dataclass(frozen=True, eq=False, kw_only=True)
class ApertureEvents:
    """What fell into the apertures of n sources and the rings around them.

    Attributes
    ----------
    time_s, energy_kev, chip : tuple of ndarray
        For each source its photons on `CHANNEL_EDGES_KEV`, in order of time.
    ring_counts : ndarray of float64, (n, n_ch)
        Photons of each ring by channel.
    ring_area, aperture_share, ring_share : ndarray of float64, (n,)
        Area of the ring in pixels outside other apertures and on the chips; shares of the aperture and of the rest of
        the ring that lie on the chips.
    coverage : Coverage
    first_s, last_s : float
        Times of the first and the last event that counts.
    n_events : int
        Events that count, at any place and energy.
    left_out : mapping of str to int
        Events that do not, by reason.
    """

    time_s: tuple[NDArray[np.float64], ...]
    energy_kev: tuple[NDArray[np.float32], ...]
    chip: tuple[NDArray[np.int16], ...]
    ring_counts: NDArray[np.float64]
    ring_area: NDArray[np.float64]
    aperture_share: NDArray[np.float64]
    ring_share: NDArray[np.float64]
    coverage: Coverage
    first_s: float
    last_s: float
    n_events: int
    left_out: Mapping[str, int]


def collect(file: EventFile, apertures: Apertures, *, on_step: OnStep | None = None) -> ApertureEvents:
    """Read the events once and sort those in the band among apertures and rings.

    A photon in several apertures belongs to each of them. The memory needed is that of one block of rows and of the
    photons in apertures.

    Raises
    ------
    InputFileError
        If the file is damaged.
    StoppedError
        If `on_step` returned False.
    """
    sorter = _Sorter(file, apertures)
    n_rows, done = file.events.n_rows, 0
    for photons in file.photons():
        sorter.add(photons)
        done += len(photons.time_s) + sum(photons.left_out.values())
        report(on_step, done, n_rows, f"{done:,} of {n_rows:,} events of {file.path.name}")
    return sorter.result()


class _Sorter:
    """Collects block after block."""

    def __init__(self, file: EventFile, apertures: Apertures) -> None:
        self._apertures, n = apertures, len(apertures)
        self._neighbours = [apertures.neighbours(i) for i in range(n)]
        self._reach = np.maximum(apertures.radius, apertures.outer)
        self._parts: list[list[tuple[NDArray, NDArray, NDArray]]] = [[] for _ in range(n)]
        self._ring_counts = np.zeros((n, len(CHANNEL_EDGES_KEV) - 1))
        self._coverage = Coverage(file.frame.x, file.frame.y, pixel_arcsec=file.frame.pixel_arcsec)
        self._left_out: Counter[str] = Counter()
        self._first, self._last, self._n_events = np.inf, -np.inf, 0

    def add(self, photons: Photons) -> None:
        self._left_out.update(photons.left_out)
        if not len(photons.time_s):
            return
        self._n_events += len(photons.time_s)
        self._first = min(self._first, float(photons.time_s.min()))
        self._last = max(self._last, float(photons.time_s.max()))
        self._coverage.add(photons.x, photons.y)
        in_band = (photons.energy_kev >= CHANNEL_EDGES_KEV[0]) & (photons.energy_kev < CHANNEL_EDGES_KEV[-1])
        order = np.flatnonzero(in_band)[np.argsort(photons.x[in_band], kind="stable")]
        x, y = photons.x[order], photons.y[order]
        centres = self._apertures.x
        firsts = np.searchsorted(x, centres - self._reach, side="left")
        lasts = np.searchsorted(x, centres + self._reach, side="right")
        for i in np.flatnonzero(lasts > firsts):
            near = slice(firsts[i], lasts[i])
            self._add_to(int(i), x[near], y[near], order[near], photons)

    def _add_to(
        self, i: int, x: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.intp], photons: Photons
    ) -> None:
        mine = rows[self._apertures.in_circle(i, x, y)]
        if len(mine):
            energy, chip = photons.energy_kev[mine].astype(np.float32), photons.chip[mine].astype(np.int16)
            self._parts[i].append((photons.time_s[mine], energy, chip))
        around = rows[self._apertures.in_ring(i, x, y, self._neighbours[i])]
        self._ring_counts[i] += np.histogram(photons.energy_kev[around], CHANNEL_EDGES_KEV)[0]

    def result(self) -> ApertureEvents:
        self._coverage.settle()
        n = len(self._parts)
        area, on_chips, ring_on_chips = np.zeros(n), np.zeros(n), np.zeros(n)
        for i in range(n):
            on_chips[i] = self._coverage.holds(*self._apertures.circle_points(i)).mean()
            x, y, each = self._apertures.ring_points(i, self._neighbours[i])
            held = self._coverage.holds(x, y)
            area[i], ring_on_chips[i] = each * held.sum(), held.mean() if len(held) else 0.0
        sources = [_in_order(parts) for parts in self._parts]
        return ApertureEvents(
            time_s=tuple(source[0] for source in sources), energy_kev=tuple(source[1] for source in sources),
            chip=tuple(source[2] for source in sources), ring_counts=self._ring_counts, ring_area=area,
            aperture_share=on_chips, ring_share=ring_on_chips, coverage=self._coverage, first_s=self._first,
            last_s=self._last, n_events=self._n_events, left_out=dict(self._left_out),
        )  # fmt: skip


def _in_order(
    parts: list[tuple[NDArray, NDArray, NDArray]],
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.int16]]:
    empty = (np.zeros(0), np.zeros(0, np.float32), np.zeros(0, np.int16))
    time, energy, chip = (np.concatenate(column) for column in zip(empty, *parts, strict=True))
    order = np.argsort(time, kind="stable")
    return time[order], energy[order], chip[order]
