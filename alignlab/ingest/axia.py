"""The public Axia corpus of CSC 2.1 sources: JSON lines with photon events and catalogued variables.

Format: https://github.com/AstroMind-Inc/axia, ``corpus.jsonl`` (one JSON object a line, gzipped or not). Energies are
in eV. ``event_list`` holds the photons of the first eight hours from 0.5 to 7 keV, ``original_event_list`` those of the
whole observation at all energies; the latter is taken where it is there, since spectra here reach 8 keV.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.ingest.assemble import SourcePiece, on_grid, photon_channels
from alignlab.ingest.axia_lines import AxiaLines
from alignlab.ingest.records import Problem
from alignlab.spectra.grid import EnergyGrid
from alignlab.variables import VARIABLE_NAMES

#: Energies are keV, not eV, when none is above this.
_LARGEST_KEV = 30.0
_MJD_2000, _DAYS_PER_YEAR = 51544.5, 365.25
#: Where the photons are, the first that holds any.
_EVENT_KEYS = ("original_event_list", "event_list")
#: How a list of pairs begins under these keys, and what stands for it while the rest of the line is read as JSON.
_LIST = {key: re.compile(rb'("%s"\s*:\s*)\[\s*\[' % key.encode()) for key in _EVENT_KEYS}
_CUT = b"@list "


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
    lines = AxiaLines(path)
    return _records(lines, on_problem or (lambda _: None))


def _records(lines: AxiaLines, tell: Callable[[Problem], None]) -> Iterator[AxiaRecord]:
    for number, line in lines:
        try:
            yield parse_record(line, number)
        except UnusableLineError as problem:
            tell(Problem(lines.where(number), str(problem)))
    if lines.problem is not None:
        tell(lines.problem)


class UnusableLineError(Exception):
    """A line holds no usable record."""


def parse_record(line: bytes, number: int) -> AxiaRecord:
    """One line of the corpus.

    Raises
    ------
    UnusableLineError
        With what is wrong with it.
    """
    values, lists = _values(line)
    if not isinstance(values, dict):
        raise UnusableLineError(f"a JSON {type(values).__name__}; expected an object with event_list")
    key = next((k for k in _EVENT_KEYS if _holds_events(values, k, lists, line)), None)
    if key is None:
        raise UnusableLineError("no event_list with events; expected [[time in s, energy in eV], ...]")
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


def _values(line: bytes) -> tuple[object, list[bytes]]:
    """A line as JSON, and the lists of pairs that were left as they are, each with a mark in its place."""
    lists: list[bytes] = []
    rest: list[bytes] = []
    done = 0
    for first, last in () if _CUT in line else _list_spans(line):
        rest += line[done:first], b'"%s%d"' % (_CUT, len(lists))
        lists.append(line[first:last])
        done = last
    if lists:
        with suppress(UnusableLineError):  # what is wrong is told of the line as it stands
            return _json(b"".join([*rest, line[done:]])), lists
    return _json(line), []


def _list_spans(line: bytes) -> list[tuple[int, int]]:
    """Where lists of pairs begin and end, in their order: no string is in them, so one ends before the next quote."""
    spans = []
    for key in _EVENT_KEYS:
        if begins := _LIST[key].search(line):
            quote = line.find(b'"', begins.end())
            end = line.rfind(b"]]", begins.end(), len(line) if quote < 0 else quote)
            if end > 0:
                spans.append((begins.end(1), end + 2))
    return sorted(spans)


def _json(text: bytes) -> object:
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    return _lenient_json(text)


def _lenient_json(text: bytes) -> object:
    """Read what Python itself reads and writes, as NaN, and tell what is wrong by character."""
    try:
        return json.loads(text)
    except UnicodeDecodeError as problem:
        raise UnusableLineError("is not UTF-8 text") from problem
    except json.JSONDecodeError as problem:
        raise UnusableLineError(f"broken JSON (character {problem.pos + 1}: {problem.msg})") from problem
    except (RecursionError, ValueError) as problem:
        raise UnusableLineError(f"broken JSON ({problem})") from problem


def _holds_events(values: dict[str, object], key: str, lists: list[bytes], line: bytes) -> bool:
    """Whether something stands under a key; a list that was left out until now takes its place."""
    held = values.get(key)
    if lists and isinstance(held, str) and held.startswith(_CUT.decode()):
        try:
            held = values[key] = _pairs(lists[int(held[len(_CUT) :])])
        except UnusableLineError:
            _json(line)  # tells what is wrong by its place in the line
            raise
    return len(held) > 0 if isinstance(held, np.ndarray) else bool(held)


def _pairs(text: bytes) -> object:
    """A list of pairs of numbers as an array; as JSON has it where it is another list."""
    pairs = _json(text)
    if isinstance(pairs, list) and set(map(type, pairs)) == {list} and set(map(len, pairs)) == {2}:
        with suppress(TypeError, ValueError, OverflowError):
            return np.fromiter(chain.from_iterable(pairs), np.float64, 2 * len(pairs)).reshape(-1, 2)
    return pairs


def _events(pairs: object, key: str) -> tuple[NDArray[np.float64], NDArray[np.float32], tuple[str, ...]]:
    expected = f"{key} must be [[time in s, energy in eV], ...]"
    try:
        with np.errstate(all="ignore"):
            events = np.asarray(pairs, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as problem:
        raise UnusableLineError(expected) from problem
    if events.ndim != 2 or events.shape[1] != 2:
        raise UnusableLineError(f"{expected}, not of shape {events.shape}")
    time, energy = np.ascontiguousarray(events.T)
    notes: tuple[str, ...] = ()
    sound = (np.abs(time) < 1e12) & (energy > 0) & (energy < 1e12)
    if not sound.all():
        if not sound.any():
            raise UnusableLineError(f"{expected}; no event has a time and a positive energy")
        notes = (f"{int((~sound).sum())} events without time or energy left out",)
        time, energy = time[sound], energy[sound]
    if energy.max() > _LARGEST_KEV:
        energy = energy / 1000
    else:
        notes = (*notes, "energies taken for keV")
    order = np.argsort(time, kind="stable")
    return time[order] - time[order[0]], energy[order].astype(np.float32), notes


def _number(values: dict[str, object], key: str) -> float:
    value = values.get(key)
    if type(value) is float:  # nearly all are
        return value if abs(value) < 1e30 else math.nan
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
    if not isinstance(value, str):
        return ""
    return (value if value.isprintable() else "".join(filter(str.isprintable, value))).strip()[:80]


def _obsid(value: float) -> int:
    return int(value) if 0 < value < 1e9 else 0


def record_piece(record: AxiaRecord, file_name: str, grid: EnergyGrid) -> SourcePiece:
    """A record as a source.

    Spectra are binned as those of simulated sources: photons into PI channels, channels onto the grid. The corpus tells
    neither exposure nor background nor chip: the exposure is the time from the first photon to the last, net counts are
    all counts, and no spectral model is fitted.

    Raises
    ------
    InputFileError
        If no photon lies in the band.
    """
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
