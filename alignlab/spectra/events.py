"""Event lists: arrival times and energies of photons from level-2 event files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import FitsTables, Table, read_tables
from alignlab.spectra.grid import E_MAX_KEV, E_MIN_KEV, PI_CHANNEL_KEV
from alignlab.spectra.observation import Observation, observation_of

_COLUMNS = ("TIME", "ENERGY", "PI", "START", "STOP", "X", "Y", "CCD_ID")
_EXPECTED = "an EVENTS table with columns TIME and ENERGY or PI"
_KEV_PER_UNIT = {"ev": 1e-3, "kev": 1.0}
#: Energies without a unit are eV when their median is above this.
_LARGEST_KEV = 30.0
#: Size of a pixel of ACIS on the sky in arcsec (Chandra Proposers' Observatory Guide, ch. 6).
_PIXEL_ARCSEC = 0.492


@dataclass(frozen=True, eq=False, kw_only=True)
class EventList:
    """Photons in order of time.

    Attributes
    ----------
    path : Path
        The file.
    time_s : ndarray of float64, (n,)
        Arrival times in seconds, on the clock of the file (for Chandra since the start of 1998).
    energy_kev : ndarray of float32, (n,)
        Measured energies.
    start_s, stop_s : float
        Start of the first and end of the last good time interval, on the same clock.
    exposure_s : float
        Exposure from the header, or the length of the good time intervals.
    observation : Observation
        Object, position, ObsID, detector and date.
    notes : tuple of str
        What was missing, assumed or left out.
    extent_arcmin : float
        Width on the sky that holds the middle 90% of the events, the larger of both directions; NaN where the file
        does not say where they fell.
    n_chips : int
        Number of chips that they fell on; 0 where the file does not say.
    """

    path: Path
    time_s: NDArray[np.float64]
    energy_kev: NDArray[np.float32]
    start_s: float
    stop_s: float
    exposure_s: float
    observation: Observation
    notes: tuple[str, ...]
    extent_arcmin: float = math.nan
    n_chips: int = 0


def is_event_file(file: FitsTables) -> bool:
    """Whether a file holds events, by the names of its tables."""
    return any(t.name.upper() == "EVENTS" or t.text("HDUCLAS1").upper() == "EVENTS" for t in file.tables)


def read_events(path: str | Path, *, band_kev: tuple[float, float] = (E_MIN_KEV, E_MAX_KEV)) -> EventList:
    """Read the events of a band from a level-2 event file, gzipped or not.

    Parameters
    ----------
    path : path-like
        The file: HDU EVENTS with TIME (s) and ENERGY (eV or keV) or PI, and HDUs GTI.
    band_kev : tuple of float
        Lowest and highest energy kept.

    Raises
    ------
    InputFileError
        If the file is damaged, holds no events, or none in the band.
    """
    file = read_tables(path, columns=_COLUMNS)
    table = next((t for t in file.tables if t.name.upper() == "EVENTS"), None)
    table = table or next((t for t in file.tables if {"TIME", "ENERGY"} <= set(t.columns)), None)
    if table is None:
        raise InputFileError(file.path, f"no events in it (tables: {file.describe()}); expected {_EXPECTED}")
    notes = list(file.notes)
    time = table.vector("TIME", expected="arrival times in seconds")
    energy = energies_kev(table, notes)
    if not len(time):
        raise table.error("no events")
    sound = np.isfinite(time) & np.isfinite(energy) & (np.abs(time) < 1e12)
    if not sound.all():
        notes.append(f"{int((~sound).sum())} of {len(time)} events without time or energy were left out")
    kept = sound & (energy >= band_kev[0]) & (energy <= band_kev[1])
    if not kept.any():
        raise table.error(f"none of {len(time)} events lies between {band_kev[0]} and {band_kev[1]} keV")
    time, energy = time[kept], energy[kept]
    start, stop, good = _good_times(file, table, time, notes)
    inside = (time >= start) & (time <= stop)
    if not inside.any():
        raise table.error("no event lies within the good time intervals (HDU GTI)")
    if not inside.all():
        notes.append(f"{int((~inside).sum())} events outside the good time intervals were left out")
        time, energy = time[inside], energy[inside]
    order = np.argsort(time, kind="stable")
    exposure = table.number("EXPOSURE")
    observation = observation_of(table)
    return EventList(
        path=file.path, time_s=time[order], energy_kev=energy[order].astype(np.float32), start_s=start, stop_s=stop,
        exposure_s=exposure if 0 < exposure <= 1.01 * good else good, observation=observation,
        notes=(*notes, *observation.notes), extent_arcmin=_extent_arcmin(table), n_chips=_n_chips(table),
    )  # fmt: skip


def _extent_arcmin(table: Table) -> float:
    """Width of the middle 90% of all events in sky pixels of ACIS, the larger of both directions."""
    if not {"X", "Y"} <= set(table.columns) or table.text("INSTRUME").upper() not in {"ACIS", ""}:
        return math.nan
    widths = []
    for name in ("X", "Y"):
        places = table.vector(name, expected="sky pixels")
        places = places[np.isfinite(places) & (np.abs(places) < 1e6)]
        widths.append(float(np.subtract(*np.percentile(places, (95, 5)))) if len(places) else math.nan)
    return max(widths) * _PIXEL_ARCSEC / 60


def _n_chips(table: Table) -> int:
    return len(np.unique(table.vector("CCD_ID", expected="numbers of chips"))) if "CCD_ID" in table.columns else 0


def energies_kev(table: Table, notes: list[str]) -> NDArray[np.float64]:
    """Energies of a table of events, by their unit, or by their size where they have none, which `notes` then say.

    Raises
    ------
    InputFileError
        If there is neither ENERGY nor PI, or the unit is another one.
    """
    if "ENERGY" not in table.columns:
        pi = table.vector("PI", expected="PI channels, there being no column ENERGY")
        notes.append("no column ENERGY: taken from PI, 14.6 eV a channel")
        return PI_CHANNEL_KEV * (pi - 0.5)
    energy = table.vector("ENERGY", expected="energies in eV or keV")
    unit = table.units.get("ENERGY", "").lower()
    if unit in _KEV_PER_UNIT:
        return energy * _KEV_PER_UNIT[unit]
    if unit:
        raise table.error(f"column ENERGY is in {unit!r}; expected eV or keV")
    finite = energy[np.isfinite(energy)]
    in_ev = bool(len(finite)) and float(np.median(finite)) > _LARGEST_KEV
    notes.append(f"column ENERGY has no unit: taken for {'eV' if in_ev else 'keV'}")
    return energy * (1e-3 if in_ev else 1.0)


def _good_times(
    file: FitsTables, events: Table, time: NDArray[np.float64], notes: list[str]
) -> tuple[float, float, float]:
    """Start, stop and summed length of the good time intervals (the longest table counts, one per chip)."""
    spans: list[tuple[float, float, float]] = []
    for table in file.tables:
        if {"START", "STOP"} <= set(table.columns):
            start, stop = (table.vector(n, expected="good times in seconds") for n in ("START", "STOP"))
            good = np.isfinite(start) & np.isfinite(stop) & (stop > start) & (np.abs(start) < 1e12) & (stop < 1e12)
            if good.any():
                spans.append((start[good].min(), stop[good].max(), float((stop - start)[good].sum())))
    if spans:
        first, last, length = (np.array(column) for column in zip(*spans, strict=True))
        return float(first.min()), float(last.max()), float(length.max())
    begin, end = events.number("TSTART"), events.number("TSTOP")
    if end > begin and begin <= time.min() and time.max() <= end:
        notes.append("no HDU GTI: TSTART and TSTOP of the header taken")
        return begin, end, end - begin
    notes.append("no HDU GTI: from the first event to the last")
    begin, end = float(time.min()), float(time.max())
    return begin, end, end - begin
