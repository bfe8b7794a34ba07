"""Tables that people hand in, as text (CSV and its kin), ECSV, VOTable or FITS, read to columns of numbers."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.file_bytes import read_whole
from alignlab.spectra.fits_tables import read_tables

#: Largest table that is read, in bytes after decompression: a hundred times that of a spectrum in PI channels.
MAX_BYTES = 64 * 1024**2
MAX_ROWS = 2_000_000
_MOST_CONTROLS = 0.02
_EXPECTED = "a table of energy and counts or rate"
_COMMENT = re.compile(r"\s*(?:#|%|!|//)\s?(.*)")
_FACT = re.compile(r"\s*([A-Za-z][\w .-]{0,40}?)\s*[=:]\s*(.+?)\s*$")
_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]*)[\])]\s*$")
#: What astropy's readers of text raise for damaged files.
_DAMAGE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, SyntaxError,
    AssertionError, NotImplementedError, Warning, ExpatError,
)  # fmt: skip
_MISSING = {"", "nan", "null", "none", "-", "--", "n/a", "na", "inf", "-inf", "+inf"}


@dataclass(frozen=True, eq=False, kw_only=True)
class RawTable:
    """A table as its file holds it.

    Attributes
    ----------
    path : Path
        The file, for messages.
    label : str
        Which table of the file, where it has several; else empty.
    columns : dict of str to ndarray of float64
        Columns of numbers by name, all of one length; NaN where a cell is empty.
    units : dict of str to str
        As written; empty where there is none.
    facts : dict of str to str
        Header keywords or comments ``key = value``, keys in lower case.
    notes : tuple of str
    """

    path: Path
    columns: dict[str, NDArray[np.float64]]
    units: dict[str, str]
    facts: dict[str, str] = field(default_factory=dict)
    label: str = ""
    notes: tuple[str, ...] = ()

    def error(self, problem: str, *, remedy: str = "") -> InputFileError:
        """Error that names the file and the table."""
        return InputFileError(self.path, f"{self.label}: {problem}" if self.label else problem, remedy=remedy)


def _head(path: Path, size: int) -> bytes:
    """The first bytes of a file, of what is packed in it where it is gzipped; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(size)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path) as stream:
                head = stream.read(size)
    except (OSError, EOFError, zlib.error):
        return b""
    return head


def is_fits(path: Path) -> bool:
    """Whether a file begins as FITS does, gzipped or not; False also where it cannot be read."""
    return _head(path, 6) == b"SIMPLE"


def is_text(path: Path) -> bool:
    """Whether a file, gzipped or not, begins like text with numbers in it; False also where it cannot be read."""
    head = _head(path, 4000)
    plain = b"\0" not in head and _share_of_controls(head) < _MOST_CONTROLS and not _is_damaged_utf8(head)
    return plain and re.search(rb"\d", head) is not None


def is_other(path: Path) -> bool:
    """Whether a file can be read and is neither FITS nor compressed nor empty."""
    try:
        with path.open("rb") as file:
            head = file.read(6)
    except OSError:
        return False
    return bool(head) and head[:2] != b"\x1f\x8b" and head != b"SIMPLE"


def read_raw_tables(path: str | Path) -> list[RawTable]:
    """Read every table of a file, whatever its name says about its format.

    Raises
    ------
    InputFileError
        If it is empty, too large, damaged, or no table.
    """
    path = Path(path)
    if is_fits(path):
        return _fits_tables(path)
    content = _text_of(path)
    start = content[:2000].lstrip()
    if start.startswith("<"):
        return _votable(path, content)
    if start.startswith("# %ECSV"):
        return [_ecsv(path, content)]
    return [_plain(path, content)]


def _fits_tables(path: Path) -> list[RawTable]:
    named = [name for table in read_tables(path, columns=()).tables for name in table.column_names]
    tables = []
    for table in read_tables(path, columns=named).tables:
        columns = {}
        for name, values in table.columns.items():
            numbers = np.asarray(values) if not isinstance(values, list) else np.empty((0, 0))
            if numbers.dtype.kind in "iufb" and numbers.ndim == 1:
                with np.errstate(all="ignore"):
                    columns[name] = numbers.astype(np.float64)
        facts = {key.lower(): str(value) for key, value in table.header.items()}
        tables.append(RawTable(path=path, label=table.label, columns=columns, units=dict(table.units), facts=facts))
    if not tables:
        raise InputFileError(path, f"a FITS file without a table; expected {_EXPECTED}")
    return tables


def _text_of(path: Path) -> str:
    """The file's text; one error that says what it is instead."""
    content = read_whole(path, most_bytes=MAX_BYTES, expected=_EXPECTED)
    if not content.strip():
        raise InputFileError(path, f"the file is empty; expected {_EXPECTED}")
    if b"\0" in content[:100_000] or _share_of_controls(content[:4000]) > _MOST_CONTROLS:
        raise InputFileError(
            path,
            f"neither FITS nor text: it starts with {content[:8]!r}",
            remedy="Expected a spectrum or event list in FITS, or a table of energy and counts or rate.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _share_of_controls(content: bytes) -> float:
    odd = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in content)
    return odd / max(len(content), 1)


def _is_damaged_utf8(content: bytes) -> bool:
    """Whether a beginning holds many letters that no encoding of text explains."""
    return content.decode("utf-8", "replace").count("\ufffd") > max(len(content) // 50, 1)


def _plain(path: Path, content: str) -> RawTable:
    """Columns separated by commas, semicolons, tabs or spaces, under a line of names or none, comments before them."""
    facts: dict[str, str] = {}
    comments: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(content.splitlines(), start=1):
        comment = _COMMENT.fullmatch(line)
        if comment:
            comments.append(comment.group(1))
            if fact := _FACT.fullmatch(comment.group(1)):
                facts[fact.group(1).strip().lower()] = fact.group(2).strip("'\" ")
        elif line.strip():
            lines.append((number, line))
    if not lines:
        raise InputFileError(path, f"no rows in it; expected {_EXPECTED}")
    if len(lines) > MAX_ROWS:
        raise InputFileError(path, f"{len(lines):,} rows; at most {MAX_ROWS:,} are read")
    separator = _separator(lines)
    rows = [(number, _cells(line, separator)) for number, line in lines]
    names = None
    if not any(_number(cell) is not None for cell in rows[0][1]):
        names = rows.pop(0)[1]
    elif comments:
        heading = _cells(comments[-1].strip(), separator)
        names = heading if len(heading) == len(rows[0][1]) and not _FACT.fullmatch(comments[-1]) else None
    if not rows:
        raise InputFileError(path, f"a line of names and no rows; expected {_EXPECTED}")
    width = len(names) if names else len(rows[0][1])
    columns = _columns(path, rows, width)
    titles = names or [("energy", "counts", "error")[k] if k < 3 else f"column {k + 1}" for k in range(width)]
    plain, units = _names_and_units(titles)
    notes = () if names else ("the table has no names: its columns were taken for energy, counts and error",)
    named = {name: columns[:, k] for k, name in enumerate(plain)}
    return RawTable(path=path, columns=named, units=units, facts=facts, notes=notes)


def _separator(lines: list[tuple[int, str]]) -> str:
    """What separates the cells: what most of the first lines hold."""
    sample = [line for _, line in lines[:20]]
    for separator in ("\t", ";", ","):
        if sum(separator in line.strip() for line in sample) > 0.8 * len(sample):
            return separator
    return ""


def _cells(line: str, separator: str) -> list[str]:
    cells = line.split(separator) if separator else re.split(r"\s+(?![^(\[]*[)\]])", line.strip())
    return [cell.strip().strip("\"'").strip() for cell in cells]


def _number(cell: str) -> float | None:
    """A cell as a number, NaN where it is empty, None where it is something else."""
    text = cell.lower()
    if text in _MISSING:
        return np.nan
    try:
        return float(text.replace("−", "-").replace("d", "e") if text[:1].isdigit() else text.replace("−", "-"))
    except ValueError:
        pass
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _columns(path: Path, rows: list[tuple[int, list[str]]], width: int) -> NDArray[np.float64]:
    table = np.full((len(rows), width), np.nan)
    bad = 0
    for k, (number, cells) in enumerate(rows):
        while len(cells) > width and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != width:
            raise InputFileError(
                path, f"line {number} has {len(cells)} cells where {width} were expected",
                remedy="Separate the cells by commas, semicolons, tabs or spaces, the same everywhere.",
            )  # fmt: skip
        values = [_number(cell) for cell in cells]
        bad += all(value is None for value in values)
        table[k] = [np.nan if value is None else value for value in values]
    if bad > 0.1 * len(rows):
        raise InputFileError(path, f"{bad} of {len(rows)} rows hold no number; expected {_EXPECTED}")
    return table


def _names_and_units(titles: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Names without their units, each once; ``Energy [keV]`` and ``energy_keV`` are an energy in keV."""
    names: list[str] = []
    units: dict[str, str] = {}
    for title in titles:
        match = _UNIT.match(title)
        name, unit = (match.group(1), match.group(2)) if match else (title, "")
        tail = re.fullmatch(r"(.+?)[_ ](kev|ev|angstrom|aa|nm)", name, re.IGNORECASE)
        if not unit and tail:
            name, unit = tail.groups()
        unique = name or f"column {len(names) + 1}"
        while unique in names:
            unique += "'"
        names.append(unique)
        units[unique] = unit.strip()
    return names, units


def _ecsv(path: Path, content: str) -> RawTable:
    from astropy.table import Table

    return _from_astropy(path, lambda: [Table.read(content.splitlines(), format="ascii.ecsv")], "ECSV")[0]


def _votable(path: Path, content: str) -> list[RawTable]:
    from astropy.io.votable import parse

    def read() -> list[Any]:
        votable = parse(io.BytesIO(content.encode()), verify="ignore")
        return [table.to_table(use_names_over_ids=True) for table in votable.iter_tables()]

    return _from_astropy(path, read, "VOTable")


def _from_astropy(path: Path, read: Callable[[], list[Any]], kind: str) -> list[RawTable]:
    """Tables that astropy reads: their columns of numbers, units and metadata."""
    try:
        found = read()
    except _DAMAGE as problem:
        first = " ".join(str(problem).split())[:160]
        raise InputFileError(path, f"not a {kind} that can be read ({first})", remedy="Write it again.") from problem
    tables = []
    for table in found:
        columns = {}
        for name in table.colnames:
            values = np.ma.asarray(table[name])
            if values.dtype.kind in "iufb" and values.ndim == 1:
                columns[name] = np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
        facts = {str(key).lower(): str(value) for key, value in table.meta.items()}
        units = {name: str(table[name].unit or "") for name in columns}
        tables.append(RawTable(path=path, columns=columns, units=units, facts=facts))
    if not tables:
        raise InputFileError(path, f"a {kind} without a table; expected {_EXPECTED}")
    return tables
