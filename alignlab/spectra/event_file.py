"""A level-2 event file as it lies on disk: where its photons are on the sky, when it looked, which photons count."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.events import energies_kev
from alignlab.spectra.fits_rows import LongTable, long_tables
from alignlab.spectra.fits_tables import Table
from alignlab.spectra.good_times import ANY_CHIP, Intervals, good_times
from alignlab.spectra.observation import Observation, acis_array, observation_of
from alignlab.spectra.sky_frame import SkyFrame, sky_frame

#: Grades (of ASCA) that hold most X-rays and few particles: those of every standard level-2 file.
GOOD_GRADES = (0, 2, 3, 4, 6)
#: The chip of events whose file does not say it.
UNKNOWN_CHIP = -1
_COLUMNS = ("TIME", "X", "Y", "ENERGY", "PI", "GRADE", "STATUS", "CCD_ID")
_LATEST_S = 1e12


@dataclass(frozen=True, eq=False)
class Photons:
    """Some events: time (s), sky pixels, energy (keV) and chip, and how many others were left out, by reason."""

    time_s: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    energy_kev: NDArray[np.float64]
    chip: NDArray[np.int64]
    left_out: Mapping[str, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class EventFile:
    """Everything of a level-2 event file but its events, which `photons` reads a block at a time.

    Attributes
    ----------
    path : Path
    events : LongTable
        Its table of events.
    frame : SkyFrame
    axis_ra, axis_dec : float
        Where the optical axis pointed, in degrees.
    observation : Observation
    times : mapping of int to Intervals
        Good times by chip (`ANY_CHIP`: of all), empty where unknown.
    live_share : float
        Share of the good time in which the detector counted (DTCOR).
    notes : tuple of str
        What was missing or assumed.
    """

    path: Path
    events: LongTable
    frame: SkyFrame
    axis_ra: float
    axis_dec: float
    observation: Observation
    times: Mapping[int, Intervals]
    live_share: float
    notes: tuple[str, ...]

    def times_of(self, chip: int) -> Intervals | None:
        """Good times of a chip, those of all chips, or the longest; None where the file has none."""
        if not self.times:
            return None
        longest = max(self.times.values(), key=lambda intervals: intervals.length_s)
        return self.times.get(chip) or self.times.get(ANY_CHIP) or longest

    def exposure_of(self, chip: int) -> float:
        """Live seconds in which a chip looked: its good time less the dead time, or what the header says without one.

        NaN where neither is known.
        """
        intervals = self.times_of(chip)
        if intervals is not None:
            return intervals.length_s * self.live_share
        for keyword in (f"EXPOSUR{chip}", "EXPOSURE", "LIVETIME"):
            if (seconds := self.events.head.number(keyword)) > 0:
                return seconds
        return math.nan

    def detector_of(self, chip: int) -> str:
        """``ACIS-S`` or ``ACIS-I``, by the chip or where that is unknown by the header; "" where nothing says it."""
        return acis_array(f"ACIS-{chip}") if chip >= 0 else self.observation.detector

    def photons(self) -> Iterator[Photons]:
        """The events that count: of good grade and status, within good times, with a time, a place and an energy.

        Raises
        ------
        InputFileError
            If a column is missing or the file is damaged.
        """
        units: dict[str, str] = {}
        for block in self.events.blocks(_COLUMNS):
            if not units:
                units = _units_of(block)
            yield self._counted(replace(block, units=block.units | units))

    def _counted(self, block: Table) -> Photons:
        time = block.vector("TIME", expected="arrival times in seconds")
        x, y = (block.vector(name, expected="sky pixels") for name in ("X", "Y"))
        energy = energies_kev(block, [])
        known = "CCD_ID" in block.columns
        chip = (
            np.nan_to_num(block.vector("CCD_ID", expected="numbers of chips"), nan=UNKNOWN_CHIP).astype(np.int64)
            if known else np.full(len(time), UNKNOWN_CHIP)
        )  # fmt: skip
        sound = np.abs(time) < _LATEST_S
        for values in (x, y, energy):
            sound &= np.isfinite(values)
        fails = {
            "without time, place or energy": ~sound,
            "of bad grade": _of_bad_grade(block, len(time)),
            "of bad status": _of_bad_status(block, len(time)),
            "outside the good times": ~self._in_good_times(time, chip),
        }
        kept, left_out = np.ones(len(time), bool), {}
        for reason, fail in fails.items():
            left_out[reason] = int((kept & fail).sum())
            kept &= ~fail
        return Photons(time[kept], x[kept], y[kept], energy[kept], chip[kept], left_out)

    def _in_good_times(self, time: NDArray[np.float64], chip: NDArray[np.int64]) -> NDArray[np.bool_]:
        inside = np.ones(len(time), bool)
        for number in np.unique(chip):
            intervals, on_it = self.times_of(int(number)), chip == number
            if intervals is not None:
                inside[on_it] = intervals.hold(time[on_it])
        return inside


def open_event_file(path: str | Path) -> EventFile:
    """Read everything of a level-2 event file of ACIS but its events.

    Raises
    ------
    InputFileError
        If it is damaged, has no events with positions and energies, or is not one of ACIS.
    """
    path = Path(path)
    tables = long_tables(path)
    events = next((table for table in tables if table.head.name.upper() == "EVENTS"), None)
    if events is None:
        named = ", ".join(table.head.label for table in tables) or "none"
        raise InputFileError(path, f"no table EVENTS in it (tables: {named}); expected a level-2 event file")
    head = events.head
    _check_columns(head)
    notes: list[str] = []
    _check_instrument(head, notes)
    frame = sky_frame(head)
    axis_ra, axis_dec = _axis(head, frame, notes)
    times, time_notes = good_times(tables, head)
    if not times:
        notes.append("no good time intervals: the exposure is the header's, the light curve that of all events")
    share = head.number("DTCOR")
    if not 0 < share <= 1:
        share = 1.0
        notes.append("no dead-time correction (DTCOR) in the header: the exposure is all of the good time")
    notes += [f"no column {name}: events of any {name.lower()} taken" for name in ("GRADE", "STATUS")
              if name not in head.column_names]  # fmt: skip
    return EventFile(
        path=path, events=events, frame=frame, axis_ra=axis_ra, axis_dec=axis_dec, observation=observation_of(head),
        times=times, live_share=share, notes=(*notes, *time_notes),
    )  # fmt: skip


def _check_columns(head: Table) -> None:
    missing = [name for name in ("TIME", "X", "Y") if name not in head.column_names]
    if not {"ENERGY", "PI"} & set(head.column_names):
        missing.append("ENERGY or PI")
    if missing:
        present = ", ".join(head.column_names) or "none"
        raise head.error(
            f"no column {', '.join(missing)} (columns: {present})",
            remedy="Give a level-2 event file, whose photons have times, energies and positions on the sky.",
        )


def _check_instrument(head: Table, notes: list[str]) -> None:
    telescope, instrument = head.text("TELESCOP").upper(), head.text("INSTRUME").upper()
    if telescope not in {"", "CHANDRA", "AXAF"} or instrument not in {"", "ACIS"}:
        raise head.error(
            f"events of {telescope or 'an unknown telescope'} {instrument}".rstrip() + "; expected Chandra ACIS",
            remedy="Aperture sizes and areas are known for ACIS alone; give spectra with responses instead.",
        )
    if not telescope or not instrument:
        notes.append("the header does not name telescope and instrument: taken for Chandra ACIS")


def _axis(head: Table, frame: SkyFrame, notes: list[str]) -> tuple[float, float]:
    for kind in ("PNT", "NOM"):
        ra, dec = head.number(f"RA_{kind}"), head.number(f"DEC_{kind}")
        if 0 <= ra <= 360 and -90 <= dec <= 90:
            return ra, dec
    notes.append("the header does not say where the telescope pointed: off-axis angles from the centre of the frame")
    return frame.ra, frame.dec


def _units_of(block: Table) -> dict[str, str]:
    """What the first block's size says of energies without a unit, so that all blocks are read alike."""
    notes: list[str] = []
    energies_kev(block, notes)
    if "ENERGY" in block.columns and not block.units.get("ENERGY"):
        return {"ENERGY": "eV" if any("taken for eV" in note for note in notes) else "keV"}
    return dict(block.units)


def _of_bad_grade(block: Table, n: int) -> NDArray[np.bool_]:
    if "GRADE" not in block.columns:
        return np.zeros(n, bool)
    return ~np.isin(block.vector("GRADE", expected="grades of events"), GOOD_GRADES)


def _of_bad_status(block: Table, n: int) -> NDArray[np.bool_]:
    """Events with any bit of STATUS raised, as bits or as one number."""
    if "STATUS" not in block.columns:
        return np.zeros(n, bool)
    raised = np.asarray(block.columns["STATUS"]) != 0
    return raised.reshape(n, -1).any(axis=1) if n else np.zeros(0, bool)
