"""Tables of FITS files that people hand in: gzipped or not, sound or damaged; either plain arrays or one clear error.

Files in which all is as it should be are read from their bytes (`alignlab.spectra.fits_plain`), the others by astropy.
Everything is read into memory at once, so nothing of astropy (open files, lazy columns, warnings) leaves this module.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.file_bytes import read_whole
from alignlab.spectra.fits_header import HeaderValue
from alignlab.spectra.fits_plain import PlainTable, plain_tables

#: Largest file that is read, after decompression.
MAX_BYTES = 2 * 1024**3
_MAX_NOTES = 3
_MAX_HDUS = 200

#: What astropy and numpy raise for damaged headers, columns and heaps.
_DAMAGE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError,
    RecursionError, NotImplementedError, UnboundLocalError, SyntaxError, struct.error, fits.VerifyError,
)  # fmt: skip
#: ``warnings.catch_warnings`` changes the state of the whole process, and sessions of the app are threads.
_LOCK = threading.Lock()


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """One binary table, in memory.

    Attributes
    ----------
    path : Path
        The file, for messages.
    index : int
        Number of the HDU (header and data unit), the primary one being 0.
    name : str
        EXTNAME, or "".
    header : dict of str to value
        The keywords that could be read.
    columns : dict of str to ndarray or list of ndarray
        By upper-case name: arrays of n_rows rows, or a list of n_rows arrays where their length varies.
    first_channel : dict of str to int
        TLMIN of each column that has one.
    units : dict of str to str
        Units of the columns, as written.
    column_names : tuple of str
        All columns of the table, read or not.
    """

    path: Path
    index: int
    name: str
    header: dict[str, HeaderValue]
    columns: dict[str, NDArray | list[NDArray]]
    first_channel: dict[str, int] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    column_names: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The HDU as messages name it."""
        return f"HDU {self.index} ({self.name or 'unnamed'})"

    def error(self, problem: str, *, remedy: str = "") -> InputFileError:
        """Error that names this file and HDU."""
        return InputFileError(self.path, f"{self.label}: {problem}", remedy=remedy)

    def text(self, keyword: str) -> str:
        """Value of a header keyword as text, "" where it is missing or says so (none, unknown)."""
        value = "".join(c for c in str(self.header.get(keyword, "")) if c.isprintable()).strip()
        return "" if value.lower() in {"none", "unknown", "n/a", "null"} else value

    def number(self, keyword: str) -> float:
        """Value of a header keyword as a number, NaN where it is missing or no number."""
        value = self.header.get(keyword)
        try:
            return float("nan") if value is None or isinstance(value, bool) else float(value)
        except (ValueError, OverflowError):
            return float("nan")

    def vector(self, name: str, *, expected: str, row: int | None = None) -> NDArray[np.float64]:
        """One number per row of a column, or the numbers of one row of a column of vectors.

        Raises
        ------
        InputFileError
            If the column is missing, not numeric or not of that shape; `expected` says what it should have been.
        """
        if name not in self.columns:
            present = ", ".join(self.column_names) or "none"
            raise self.error(f"no column {name} (columns: {present}); expected {expected}")
        column: NDArray | list[NDArray] = self.columns[name]
        values = np.asarray(column if row is None else column[row])
        if values.dtype.kind not in "iufb":
            raise self.error(f"column {name} holds {values.dtype.name}; expected {expected}")
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1:
            raise self.error(f"column {name} holds vectors of {values.shape[1:]}; expected {expected}")
        with np.errstate(all="ignore"):  # a damaged number may be a signalling NaN
            return values.astype(np.float64)


@dataclass(frozen=True, eq=False)
class FitsTables:
    """The binary tables of a file, and what was odd about it.

    Attributes
    ----------
    path : Path
        The file.
    tables : tuple of Table
        In the order of the file.
    n_hdus : int
        Number of HDUs, tables or not.
    notes : tuple of str
        Deviations from the standard that could be worked around.
    """

    path: Path
    tables: tuple[Table, ...]
    n_hdus: int
    notes: tuple[str, ...]

    def describe(self) -> str:
        """List of the tables for messages."""
        return ", ".join(f"{t.index} ({t.name or 'unnamed'})" for t in self.tables) or "no table at all"


def read_tables(path: str | Path, *, columns: Collection[str]) -> FitsTables:
    """Read the named columns of every binary table of a FITS file, plain or gzipped (whatever its name says).

    Parameters
    ----------
    path : path-like
        The file.
    columns : collection of str
        Upper-case names of the columns to read; a column that a table does not have is simply absent.

    Raises
    ------
    InputFileError
        If the file does not exist, is empty, truncated, no FITS, or damaged.
    """
    path = Path(path)
    content = read_whole(path, most_bytes=MAX_BYTES, begins=b"SIMPLE", expected="a FITS file")
    return tables_in(content, path=path, columns=columns)


def tables_in(content: bytes, *, path: Path, columns: Collection[str]) -> FitsTables:
    """As `read_tables`, of the bytes of a file; `path` is its name in messages."""
    if (plain := plain_tables(content, columns, most_hdus=_MAX_HDUS)) is not None:
        found, n_hdus = plain
        return FitsTables(path, tuple(_plain(path, table) for table in found), n_hdus, ())
    with _LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=False) as hdus:
                if len(hdus) > _MAX_HDUS:
                    raise InputFileError(path, f"{len(hdus)} HDUs; at most {_MAX_HDUS} are read")
                tables = tuple(
                    _table(path, i, hdu, columns) for i, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU)
                )
                n_hdus = len(hdus)
        except InputFileError as problem:
            _refuse_truncated(path, caught, problem)
            raise
        except zlib.error as problem:
            raise InputFileError(path, f"damaged compressed data ({problem})") from problem
        except MemoryError as problem:
            _refuse_truncated(path, caught, problem)
            raise InputFileError(
                path, "its tables need more memory than there is to read them", remedy="Check what its headers promise."
            ) from problem
        except _DAMAGE as problem:
            _refuse_truncated(path, caught, problem)
            raise InputFileError(
                path, f"damaged FITS structure ({_first_line(problem)})", remedy="Fetch the file again."
            ) from problem
    return FitsTables(path, tables, n_hdus, _notes(path, caught))


def _plain(path: Path, table: PlainTable) -> Table:
    first_channel, units = {}, {}
    for name, number in table.numbers.items():
        lowest = table.header.get(f"TLMIN{number}")
        if _is_channel(lowest):
            first_channel[name] = int(lowest)
        units[name] = str(table.header.get(f"TUNIT{number}", "")).strip()
    return Table(
        path=path, index=table.index, name=str(table.header.get("EXTNAME", "")).strip(), header=table.header,
        columns=table.columns, first_channel=first_channel, units=units, column_names=table.names,
    )  # fmt: skip


def _is_channel(lowest: object) -> TypeGuard[int | float]:
    return isinstance(lowest, (int, float)) and not isinstance(lowest, bool) and abs(lowest) < 2**31


def _table(path: Path, index: int, hdu: fits.BinTableHDU, wanted: Collection[str]) -> Table:
    header = _header(hdu.header)
    name = str(header.get("EXTNAME", "")).strip()
    names = [str(n).strip().upper() for n in hdu.columns.names]
    arrays: dict[str, NDArray | list[NDArray]] = {}
    first_channel, units = {}, {}
    for number, (column_name, column) in enumerate(zip(names, hdu.columns, strict=True), start=1):
        if column_name not in wanted or column_name in arrays:
            continue
        try:
            values = hdu.data[column.name]
            arrays[column_name] = (
                [np.array(cell) for cell in values] if "P" in str(column.format) or "Q" in str(column.format)
                else np.array(values)
            )  # fmt: skip
        except _DAMAGE as problem:
            raise InputFileError(
                path, f"HDU {index} ({name}): column {column_name} cannot be read ({_first_line(problem)})",
                remedy="Fetch the file again.",
            ) from problem  # fmt: skip
        lowest = header.get(f"TLMIN{number}")
        if _is_channel(lowest):
            first_channel[column_name] = int(lowest)
        units[column_name] = str(column.unit or "").strip()
    return Table(
        path=path, index=index, name=name, header=header, columns=arrays, first_channel=first_channel, units=units,
        column_names=tuple(names),
    )  # fmt: skip


def _header(header: fits.Header) -> dict[str, HeaderValue]:
    values: dict[str, HeaderValue] = {}
    for card in header.cards:
        try:
            keyword, value = str(card.keyword).upper(), card.value
        except _DAMAGE:
            continue
        if isinstance(value, (str, int, float, bool)) and keyword not in values:
            values[keyword] = value
    return values


def _refuse_truncated(path: Path, caught: list[warnings.WarningMessage], cause: Exception | None) -> None:
    if any("truncated" in str(warning.message) for warning in caught):
        raise InputFileError(
            path, "the file is truncated: it is shorter than its headers say", remedy="Fetch it again."
        ) from cause


def _notes(path: Path, caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    _refuse_truncated(path, caught, None)
    notes = list(dict.fromkeys(_first_line(warning.message) for warning in caught))
    if len(notes) > _MAX_NOTES:
        notes[_MAX_NOTES:] = [f"and {len(notes) - _MAX_NOTES} more deviations from the FITS standard"]
    return tuple(f"FITS: {note}" for note in notes)


def _first_line(problem: object) -> str:
    lines = "".join(c if c.isprintable() else " " for c in str(problem).replace("\n", "\0", 1).split("\0")[0])
    return lines.strip()[:160] or type(problem).__name__
