"""Good time intervals of an event file: which events they hold, how long they are, and a clock that runs only in them.

ACIS files have a table of intervals for each chip. A light curve on the clock of good time has no gaps, so that a gap
is not taken for a source that fell silent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.fits_rows import LongTable
from alignlab.spectra.fits_tables import Table

#: The key of intervals that are not those of one chip.
ANY_CHIP = -1
#: Times beyond this are no times of a mission, but damage.
_LATEST_S = 1e12


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals in order of time that do not overlap.

    Attributes
    ----------
    start_s, stop_s : ndarray of float64, shape (k,)
    """

    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]

    @classmethod
    def merged(cls, start_s: NDArray[np.float64], stop_s: NDArray[np.float64]) -> Intervals:
        """The union of intervals in any order; those that end before they begin, or are no numbers, are left out."""
        sound = np.isfinite(start_s) & np.isfinite(stop_s) & (stop_s > start_s)
        sound &= (np.abs(start_s) < _LATEST_S) & (np.abs(stop_s) < _LATEST_S)
        order = np.argsort(start_s[sound], kind="stable")
        start, stop = start_s[sound][order], stop_s[sound][order]
        reached = np.maximum.accumulate(stop)
        is_first = np.ones(len(start), bool)
        is_first[1:] = start[1:] > reached[:-1]
        firsts = np.flatnonzero(is_first)
        lasts = np.append(firsts[1:], len(start))[: len(firsts)] - 1
        return cls(start[firsts], reached[lasts])

    @property
    def length_s(self) -> float:
        """All of them together."""
        return float((self.stop_s - self.start_s).sum())

    @property
    def span_s(self) -> float:
        """From the start of the first to the end of the last."""
        return float(self.stop_s[-1] - self.start_s[0]) if len(self.start_s) else 0.0

    def hold(self, time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each time lies in one of them, its start and stop included."""
        at = np.searchsorted(self.start_s, time_s, side="right") - 1
        return (at >= 0) & (time_s <= np.append(self.stop_s, -np.inf)[at])

    def clock_s(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds of good time before each time."""
        edges = np.stack([self.start_s, self.stop_s], axis=1).ravel()
        reached = np.repeat(np.cumsum(self.stop_s - self.start_s), 2)
        reached[0::2] -= self.stop_s - self.start_s
        return np.interp(time_s, edges, reached)


def good_times(tables: Sequence[LongTable], events: Table) -> tuple[Mapping[int, Intervals], tuple[str, ...]]:
    """Good times by number of chip, `ANY_CHIP` for those of all chips, and what was missing or assumed.

    Where the file has no intervals they run from TSTART to TSTOP of the header; without these there are none.

    Parameters
    ----------
    tables : sequence of LongTable
        Of the file.
    events : Table
        Head of the table of events.

    Raises
    ------
    InputFileError
        If a table of intervals cannot be read.
    """
    found: dict[int, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
    for table in tables:
        if not {"START", "STOP"} <= set(table.head.column_names):
            continue
        chip = table.head.number("CCD_ID")
        parts = found.setdefault(int(chip) if 0 <= chip < 100 else ANY_CHIP, [])
        for block in table.blocks(("START", "STOP")):
            start, stop = (block.vector(name, expected="good times in seconds") for name in ("START", "STOP"))
            parts.append((start, stop))
    times = {
        chip: Intervals.merged(*(np.concatenate(side) for side in zip(*parts, strict=True)))
        for chip, parts in found.items()
        if parts
    }
    times = {chip: intervals for chip, intervals in times.items() if intervals.length_s > 0}
    if times:
        return times, ()
    begin, end = events.number("TSTART"), events.number("TSTOP")
    if end > begin:
        whole = Intervals.merged(np.array([begin]), np.array([end]))
        if whole.length_s > 0:
            return {ANY_CHIP: whole}, ("no good time intervals in the file: TSTART and TSTOP of the header taken",)
    return {}, ()
