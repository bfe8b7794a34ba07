"""The public Axia corpus of CSC 2.1 sources: JSON lines with photon events and catalogued variables.

Format: https://github.com/AstroMind-Inc/axia, ``corpus.jsonl`` (one JSON object a line, gzipped or not). Energies are
in eV. ``event_list`` holds the photons of the first eight hours from 0.5 to 7 keV, ``original_event_list`` those of the
whole observation at all energies; the latter is taken where it is there, since spectra here reach 8 keV.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.ingest.assemble import SourcePiece, assemble, on_grid, photon_channels
from alignlab.ingest.records import IngestedSources, Problem
from alignlab.progress import OnStep, part_of, report
from alignlab.spectra.grid import EnergyGrid
from alignlab.variables import VARIABLE_NAMES

#: Longest line that is read, in bytes: a hundred times that of the brightest source of the corpus.
MAX_LINE_BYTES = 256 * 1024**2
#: Problems that are kept one by one; of the rest only the number.
MAX_PROBLEMS = 1000
#: Energies are keV, not eV, when none is above this.
_LARGEST_KEV = 30.0
_MJD_2000, _DAYS_PER_YEAR = 51544.5, 365.25
_READING_SHARE = 0.6


@dataclass(frozen=True, eq=False, kw_only=True)
class AxiaRecord:
    """One source of the corpus.

    Attributes
    ----------
    line : int
        Line of the file, from 1.
    name, source_type : str
        Name and SIMBAD type.
    obsid : int
    ra, dec, theta_arcmin : float
        Position in degrees and angle off axis; NaN where missing.
    year : float
        Date of the observation in years; NaN where missing.
    time_s : ndarray of float64, (n,)
        Arrival times since the first photon, increasing.
    energy_kev : ndarray of float32, (n,)
        Energies; all that the record has.
    thinned_from : int
        Number of events of which these are a part; 0 where all are there.
    catalogued : dict of str to float
        The 20 variables as catalogued, NaN where missing.
    notes : tuple of str
    """

    line: int
    name: str
    source_type: str
    obsid: int
    ra: float
    dec: float
    theta_arcmin: float
    year: float
    time_s: NDArray[np.float64]
    energy_kev: NDArray[np.float32]
    thinned_from: int
    catalogued: dict[str, float]
    notes: tuple[str, ...]


def read_axia(path: str | Path, *, on_problem: Callable[[Problem], None] | None = None) -> Iterator[AxiaRecord]:
    """Read a corpus record by record, in constant memory; a line that cannot be used is told and passed over.

    Parameters
    ----------
    path : path-like
        ``corpus.jsonl`` or ``corpus.jsonl.gz``.
    on_problem : callable, optional
        Is given a `Problem` for each line left out.

    Raises
    ------
    InputFileError
        If the file cannot be opened.
    """
    path = Path(path)
    stream = _open(path)
    return _records(path, stream, on_problem or (lambda _: None))


def axia_to_contents(
    path: str | Path, *, grid: EnergyGrid, limit: int | None = None, on_step: OnStep | None = None
) -> IngestedSources:
    """Read a corpus and measure its variables from the photons; the catalogued ones are kept beside.

    Spectra are binned as those of simulated sources: photons into PI channels, channels onto the grid. The corpus tells
    neither exposure nor background nor chip: the exposure is the time from the first photon to the last, net counts are
    all counts, and no spectral model is fitted.

    Parameters
    ----------
    path : path-like
        As in `read_axia`.
    grid : EnergyGrid
        Where the spectra go.
    limit : int, optional
        Stop after so many sources.
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``; `total` is in bytes of the file while reading.

    Raises
    ------
    InputFileError
        If the file cannot be opened.
    StoppedError
        If `on_step` returned False.
    """
    path = Path(path)
    problems: list[Problem] = []
    n_more = 0

    def note(problem: Problem) -> None:
        nonlocal n_more
        if len(problems) < MAX_PROBLEMS:
            problems.append(problem)
        else:
            n_more += 1

    reading = part_of(on_step, 0.0, _READING_SHARE)
    pieces: list[SourcePiece] = []
    for record in read_axia(path, on_problem=note):
        try:
            pieces.append(_piece(record, path.name, grid))
        except InputFileError as problem:
            note(Problem(f"{path.name}, line {record.line}", problem.problem))
        report(reading, len(pieces), max(limit or 0, len(pieces) + 1), f"read {len(pieces)} sources")
        if limit is not None and len(pieces) >= limit:
            break
    if n_more:
        problems.append(Problem(path.name, f"{n_more} more lines could not be used"))
    return assemble(
        pieces, grid=grid, problems=problems, with_catalogue=True, on_step=part_of(on_step, _READING_SHARE, 1.0)
    )


def _open(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as probe:
            compressed = probe.read(2) == b"\x1f\x8b"
        return cast(BinaryIO, gzip.open(path)) if compressed else path.open("rb")
    except FileNotFoundError as problem:
        raise InputFileError(path, "no such file", remedy="Check the path.") from problem
    except IsADirectoryError as problem:
        raise InputFileError(path, "is a folder; expected corpus.jsonl or corpus.jsonl.gz") from problem
    except OSError as problem:
        raise InputFileError(path, f"cannot be read ({problem.strerror or problem})") from problem


def _records(path: Path, stream: BinaryIO, tell: Callable[[Problem], None]) -> Iterator[AxiaRecord]:
    number = 0
    with stream:
        while True:
            number += 1
            where = f"{path.name}, line {number}"
            try:
                line = stream.readline(MAX_LINE_BYTES)
            except (EOFError, OSError, zlib.error) as problem:
                tell(Problem(where, f"the file ends early or is damaged from here on ({problem})"))
                return
            if not line:
                return
            if len(line) == MAX_LINE_BYTES:
                tell(Problem(where, f"longer than {MAX_LINE_BYTES // 1024**2} MB; expected one JSON object a line"))
                return
            if line.isspace():
                continue
            try:
                yield _record(line, number)
            except _UnusableLineError as problem:
                tell(Problem(where, str(problem)))


class _UnusableLineError(Exception):
    """A line holds no usable record."""


def _record(line: bytes, number: int) -> AxiaRecord:
    try:
        values = json.loads(line)
    except UnicodeDecodeError as problem:
        raise _UnusableLineError("is not UTF-8 text") from problem
    except json.JSONDecodeError as problem:
        raise _UnusableLineError(f"broken JSON (character {problem.pos + 1}: {problem.msg})") from problem
    except (RecursionError, ValueError) as problem:
        raise _UnusableLineError(f"broken JSON ({problem})") from problem
    if not isinstance(values, dict):
        raise _UnusableLineError(f"a JSON {type(values).__name__}; expected an object with event_list")
    key = next((k for k in ("original_event_list", "event_list") if values.get(k)), None)
    if key is None:
        raise _UnusableLineError("no event_list with events; expected [[time in s, energy in eV], ...]")
    time, energy, notes = _events(values[key], key)
    year = 2000.0 + (_number(values, "gti_mjd_obs") - _MJD_2000) / _DAYS_PER_YEAR
    original = _number(values, "_event_list_original_size")
    thinned = bool(values.get("_event_list_capped")) and original > 0
    ra, dec = _number(values, "ra"), _number(values, "dec")
    known = 0 <= ra <= 360 and -90 <= dec <= 90
    if key == "event_list":
        notes = (*notes, "no original_event_list: photons of the first eight hours, below 7 keV")
    return AxiaRecord(
        line=number, name=_text(values, "source_name") or f"line {number}", source_type=_text(values, "source_type"),
        obsid=_obsid(_number(values, "obsid")), ra=ra if known else math.nan, dec=dec if known else math.nan,
        theta_arcmin=_number(values, "theta"), year=year if 1999 <= year <= 2100 else math.nan, time_s=time,
        energy_kev=energy, thinned_from=int(min(original, 1e12)) if thinned else 0,
        catalogued={name: _number(values, name) for name in VARIABLE_NAMES}, notes=notes,
    )  # fmt: skip


def _events(pairs: object, key: str) -> tuple[NDArray[np.float64], NDArray[np.float32], tuple[str, ...]]:
    expected = f"{key} must be [[time in s, energy in eV], ...]"
    try:
        with np.errstate(all="ignore"):
            events = np.asarray(pairs, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as problem:
        raise _UnusableLineError(expected) from problem
    if events.ndim != 2 or events.shape[1] != 2:
        raise _UnusableLineError(f"{expected}, not of shape {events.shape}")
    sound = np.isfinite(events).all(axis=1) & (events[:, 1] > 0) & (np.abs(events) < 1e12).all(axis=1)
    if not sound.any():
        raise _UnusableLineError(f"{expected}; no event has a time and a positive energy")
    notes: tuple[str, ...] = ()
    if not sound.all():
        notes = (f"{int((~sound).sum())} events without time or energy left out",)
    time, energy = events[sound].T
    if energy.max() > _LARGEST_KEV:
        energy = energy / 1000
    else:
        notes = (*notes, "energies taken for keV")
    order = np.argsort(time, kind="stable")
    return time[order] - time[order[0]], energy[order].astype(np.float32), notes


def _number(values: dict[str, object], key: str) -> float:
    value = values.get(key)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return math.nan
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return math.nan
    return number if abs(number) < 1e30 else math.nan


def _text(values: dict[str, object], key: str) -> str:
    value = values.get(key)
    return "".join(c for c in value if c.isprintable()).strip()[:80] if isinstance(value, str) else ""


def _obsid(value: float) -> int:
    return int(value) if 0 < value < 1e9 else 0


def _piece(record: AxiaRecord, file_name: str, grid: EnergyGrid) -> SourcePiece:
    channels = photon_channels(record.energy_kev)
    counts = on_grid(channels, grid)
    low, high = grid.edges_kev[[0, -1]]
    in_band = (record.energy_kev >= low) & (record.energy_kev < high)
    if not in_band.any():
        raise InputFileError(file_name, f"no photons between {low:g} and {high:g} keV")
    notes = [*record.notes]
    if record.thinned_from > len(record.time_s):
        notes.append(
            f"a sample of {len(record.time_s)} of its {record.thinned_from} photons: counts, significance and "
            "variability are those of the sample"
        )
    span = float(record.time_s[-1])
    notes.append("exposure is the time from first to last photon; background unknown: net counts are all counts")
    return SourcePiece(
        name=record.name, source_file=file_name, source_class=record.source_type, ra=record.ra, dec=record.dec,
        obsid=record.obsid, year=record.year, theta_arcmin=record.theta_arcmin, exposure_s=span,
        channel_counts=channels, counts=counts, time_s=record.time_s[in_band].astype(np.float32),
        energy_kev=record.energy_kev[in_band], span_s=span, catalogued=record.catalogued, may_fit=False,
        notes=tuple(notes),
    )  # fmt: skip
