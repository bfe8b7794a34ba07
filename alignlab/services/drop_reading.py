"""What files that were handed in are, and the sources in them: the part that a limited process does.

Called by name from `alignlab.services.drop`, through `alignlab.services.limited`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignlab.errors import AlignlabError, InputFileError
from alignlab.ingest.kept import keep_sources
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.progress import OnStep, part_of, report
from alignlab.spectra.fits_tables import Table, read_tables
from alignlab.spectra.grid import GridKind, energy_grid
from alignlab.spectra.ogip_companions import find_companion

#: What may be dropped, in words for a person.
ACCEPTED = "PHA with ARF, RMF and background; FITS or CSV of energy and rate; event list"
_LOOKING_SHARE = 0.2


def read_dropped(paths: list[str], *, grid_kind: GridKind, into: str, on_step: OnStep | None = None) -> dict[str, Any]:
    """Read the sources of all files and leave them in the folder `into`.

    Responses and backgrounds among the files are matched to their spectra by the names in the headers and by their own
    names; where there is one spectrum alone, also by what they are.

    Returns
    -------
    dict
        ``problems``: one message per file that is of no use.

    Raises
    ------
    AlignlabError
        If nothing in them is a spectrum; the message names each file and the remedy.
    """
    kinds: dict[Path, _Kind] = {}
    looking = part_of(on_step, 0.0, _LOOKING_SHARE)
    for number, path in enumerate(map(Path, paths)):
        report(looking, number, len(paths), f"reading {path.name}")
        kinds[path] = _kind(path)
    problems = [_refusal(path, kind) for path, kind in kinds.items() if kind.refusal]
    usable = [path for path, kind in kinds.items() if kind.what in ("spectrum", "other") and not kind.refusal]
    if not usable:
        raise AlignlabError(_nothing_usable(kinds, problems), remedy=f"Drop a spectrum: {ACCEPTED}.")
    ingested = spectra_to_contents(
        usable,
        grid=energy_grid(grid_kind),
        companions=_companions(kinds),
        only_beside=True,
        on_step=part_of(on_step, _LOOKING_SHARE, 1.0),
    )
    keep_sources(ingested, Path(into))
    return {"problems": problems + [str(problem) for problem in ingested.problems]}


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What a file is: ``spectrum``, ``background``, ``arf``, ``rmf`` or ``other`` (events, table, or nothing known)."""

    what: str
    refusal: str = ""


def _kind(path: Path) -> _Kind:
    try:
        tables = read_tables(path, columns=("COUNTS", "RATE")).tables
    except InputFileError:
        return _Kind(what="other")
    columns = {name for table in tables for name in table.column_names}
    spectra = [table for table in tables if {"COUNTS", "RATE"} & set(table.columns) and "CHANNEL" in table.column_names]
    rows = max((_spectra_in(table) for table in tables), default=1)
    if rows > 1:
        return _Kind(what="spectrum", refusal=f"a type II file with {rows} spectra")
    if "MATRIX" in columns and "F_CHAN" in columns:
        return _Kind(what="rmf")
    if "SPECRESP" in columns:
        return _Kind(what="arf")
    if not spectra:
        return _Kind(what="other")
    named = re.search(r"(_bk?g|_back(ground)?)\b|_bkg_|bkg\.", path.name.lower()) is not None
    is_background = all(table.text("HDUCLAS2").upper() == "BKG" for table in spectra)
    return _Kind(what="background" if is_background or named else "spectrum")


def _spectra_in(table: Table) -> int:
    """Number of spectra in a table, one per row where a row is a spectrum."""
    for name in ("COUNTS", "RATE"):
        column = table.columns.get(name)
        if column is not None and (isinstance(column, list) or (column.ndim == 2 and column.shape[1] > 1)):
            return len(column)
    return 1


def _refusal(path: Path, kind: _Kind) -> str:
    remedy = "Write the one you mean to a file of its own (type I), for example with dmtype2split."
    return f"{path.name}: {kind.refusal}. {remedy}"


def _nothing_usable(kinds: dict[Path, _Kind], problems: list[str]) -> str:
    names = {"arf": "an effective area (ARF)", "rmf": "a response matrix (RMF)", "background": "a background spectrum"}
    alone = [
        f"{path.name} is {names[kind.what]}, no spectrum of a source."
        for path, kind in kinds.items()
        if kind.what in names
    ]
    return " ".join([*problems, *alone])


def _companions(kinds: dict[Path, _Kind]) -> dict[Path, dict[str, Path]]:
    """For the only spectrum, the only file of each kind that neither its header nor its name leads to."""
    spectra = [path for path, kind in kinds.items() if kind.what == "spectrum" and not kind.refusal]
    if len(spectra) != 1:
        return {}
    chosen = {}
    header = _header_of(spectra[0])
    keywords = {"arf": ("ARF", "ANCRFILE"), "rmf": ("RMF", "RESPFILE"), "background": ("background", "BACKFILE")}
    for what, (label, keyword) in keywords.items():
        candidates = [path for path, kind in kinds.items() if kind.what == what]
        named = "" if header is None else header.text(keyword)
        if len(candidates) == 1 and _beside(spectra[0], named, label) is None:
            chosen[what] = candidates[0]
    return {spectra[0]: chosen} if chosen else {}


def _beside(spectrum: Path, named: str, kind: str) -> Path | None:
    return find_companion(spectrum, named=named, kind=kind, only_beside=True).path


def _header_of(path: Path) -> Table | None:
    tables = read_tables(path, columns=()).tables
    return next((table for table in tables if "CHANNEL" in table.column_names), None)
