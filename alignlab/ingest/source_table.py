"""Tables of sources in any format that astronomers keep them in, with text, arrays, units and UCDs.

FITS, VOTable, ECSV, Parquet, and text (CSV and its kin); what a file is, its content says, not its name.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from xml.parsers.expat import ExpatError

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.ingest.text_table import EXPECTED, Column, Values, text_columns
from alignlab.spectra.file_bytes import read_whole
from alignlab.spectra.fits_tables import MAX_BYTES as MAX_FITS_BYTES
from alignlab.spectra.fits_tables import Table, tables_in

#: Largest table that is read, in bytes after decompression, but for FITS.
MAX_BYTES = 512 * 1024**2
#: Largest text: each cell of it needs twenty times its size while it is read.
MAX_TEXT_BYTES = 64 * 1024**2
MAX_ROWS = 2_000_000
#: What the readers of astropy and Arrow raise for damaged files.
_DAMAGE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, SyntaxError,
    AssertionError, NotImplementedError, MemoryError, Warning, ExpatError,
)  # fmt: skip

_Read = TypeVar("_Read")


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceTable:
    """A table with one row per source or per observation of one.

    Attributes
    ----------
    path : Path
        The file, for messages.
    columns : dict of str to Column
        By name as written.
    n_rows : int
    notes : tuple of str
    """

    path: Path
    columns: dict[str, Column] = field(default_factory=dict)
    n_rows: int
    notes: tuple[str, ...] = ()

    def error(self, problem: str, *, remedy: str = "") -> InputFileError:
        """Error that names the file."""
        return InputFileError(self.path, problem, remedy=remedy)


def read_source_table(path: str | Path) -> SourceTable:
    """Read the first table of a file that has rows.

    Raises
    ------
    InputFileError
        If it is empty, too large, damaged, or no table.
    """
    path = Path(path)
    content = read_whole(path, most_bytes=MAX_FITS_BYTES, expected=EXPECTED)
    if content.startswith(b"SIMPLE"):
        tables, notes = _fits(path, content)
    elif len(content) > MAX_BYTES:
        raise InputFileError(path, f"larger than {MAX_BYTES // 1024**2} MB; expected {EXPECTED}")
    elif content.startswith(b"PAR1"):
        tables, notes = [_parquet(path, content)], []
    elif content[:2000].lstrip().startswith(b"<"):
        tables, notes = _votable(path, content), []
    elif b"\0" in content[:100_000]:
        raise InputFileError(path, f"it starts with {content[:8]!r}; expected {EXPECTED}")
    elif content.lstrip().startswith(b"# %ECSV"):
        tables, notes = _ecsv(path, content), []
    elif len(content) > MAX_TEXT_BYTES:
        raise InputFileError(
            path, f"larger than {MAX_TEXT_BYTES // 1024**2} MB as text", remedy="Write it as Parquet, FITS or VOTable."
        )
    else:
        tables, notes = [text_columns(path, content)], []
    columns = next((table for table in tables if table and len(table[0].values)), None)
    if columns is None:
        raise InputFileError(path, f"no rows in it; expected {EXPECTED}")
    n_rows = len(columns[0].values)
    if n_rows > MAX_ROWS:
        raise InputFileError(path, f"{n_rows:,} rows; at most {MAX_ROWS:,} are read")
    if len(tables) > 1:
        notes = [*notes, f"{len(tables)} tables in the file: the first with rows was taken"]
    return SourceTable(path=path, columns=_by_name(columns), n_rows=n_rows, notes=tuple(notes))


def _by_name(columns: Iterable[Column]) -> dict[str, Column]:
    """By name, a second column of a name with a prime."""
    named: dict[str, Column] = {}
    for column in columns:
        name = column.name or f"column {len(named) + 1}"
        while name in named:
            name += "'"
        named[name] = column
    return named


def _fits(path: Path, content: bytes) -> tuple[list[list[Column]], list[str]]:
    described = tables_in(content, path=path, columns=())
    file = tables_in(content, path=path, columns={name for t in described.tables for name in t.column_names})
    return [_fits_columns(table) for table in file.tables], list(file.notes)


def _fits_columns(table: Table) -> list[Column]:
    columns = []
    for number, name in enumerate(table.column_names, start=1):
        values = table.columns[name]
        missing = table.number(f"TNULL{number}")
        sound = _values(values, missing) if not isinstance(values, list) else _rows(values)
        if sound is not None:
            unit, ucd = table.units.get(name, ""), table.text(f"TUCD{number}")
            columns.append(Column(name=name, values=sound, unit=unit, ucd=ucd))
    return columns


def _values(values: NDArray, missing: float = np.nan) -> NDArray | None:
    """Numbers as float64 with NaN for the missing ones, text as text; None for anything else."""
    kind = values.dtype.kind
    if kind in "iufb":
        with np.errstate(all="ignore"):
            numbers = values.astype(np.float64)
        if kind in "iu" and np.isfinite(missing):
            numbers[numbers == missing] = np.nan
        return numbers if numbers.ndim <= 2 else numbers.reshape(len(numbers), -1)
    if kind in "SU":
        texts = np.char.decode(values, "utf-8", "replace") if kind == "S" else values
        return np.char.strip(texts.astype(np.str_)) if texts.ndim == 1 else None
    return None


def _rows(values: Iterable[Any]) -> list[NDArray] | None:
    """Arrays of numbers, one for each row; None if some row holds anything else."""
    rows: list[NDArray] = []
    for cell in values:
        row = np.zeros(0) if cell is None else np.ma.filled(np.ma.asarray(cell), np.nan)
        if row.dtype.kind not in "iufb":
            return None
        rows.append(row.astype(np.float64).ravel())
    return rows


def _votable(path: Path, content: bytes) -> list[list[Column]]:
    from astropy.io.votable import parse

    def read() -> list[list[Column]]:
        tables = []
        for element in parse(io.BytesIO(content), verify="ignore").iter_tables():
            ucds = {field.name: str(field.ucd or "") for field in element.fields}
            tables.append(_astropy_columns(element.to_table(use_names_over_ids=True), ucds))
        return tables

    return _guarded(path, read, "VOTable")


def _ecsv(path: Path, content: bytes) -> list[list[Column]]:
    from astropy.table import Table as AstropyTable

    def read() -> list[list[Column]]:
        lines = content.decode("utf-8").splitlines()
        return [_astropy_columns(AstropyTable.read(lines, format="ascii.ecsv"), {})]

    return _guarded(path, read, "ECSV file")


def _parquet(path: Path, content: bytes) -> list[Column]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def read() -> list[Column]:
        file = pq.ParquetFile(io.BytesIO(content))
        size = sum(file.metadata.row_group(k).total_byte_size for k in range(file.metadata.num_row_groups))
        if file.metadata.num_rows > MAX_ROWS or size > MAX_FITS_BYTES:
            raise InputFileError(path, f"{file.metadata.num_rows:,} rows in {size:,} bytes; so many are not read")
        table, columns = file.read(), []
        for described, chunks in zip(table.schema, table.columns, strict=True):
            facts = {key.decode(): value.decode() for key, value in (described.metadata or {}).items()}
            kind = described.type
            values: Values | None = None
            if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
                values = chunks.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
            elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
                values = np.array([str(v or "").strip() for v in chunks.to_pylist()], dtype=np.str_)
            elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
                values = _rows(chunks.to_pylist())
            if values is not None:
                told = {"unit": facts.get("unit", ""), "ucd": facts.get("ucd", "")}
                columns.append(Column(name=described.name, values=_squared(values), **told))
        return columns

    return _guarded(path, read, "Parquet file")


def _guarded(path: Path, read: Callable[[], _Read], kind: str) -> _Read:
    try:
        return read()
    except InputFileError:
        raise
    except _DAMAGE as problem:
        first = " ".join(str(problem).split())[:160]
        raise InputFileError(path, f"not a {kind} that can be read ({first})", remedy="Write it again.") from problem


def _astropy_columns(table: Any, ucds: dict[str, str]) -> list[Column]:
    columns = []
    for name in table.colnames:
        given = np.ma.asarray(table[name])
        values: Values | None
        if given.dtype.kind == "O":
            values = _objects(given)
        elif given.dtype.kind in "iufb":
            values = _values(np.asarray(np.ma.filled(given.astype(np.float64), np.nan)))
        else:
            values = _values(np.asarray(np.ma.filled(given, "")))
        if values is not None:
            meta = table[name].info.meta or {}
            unit, ucd = str(table[name].unit or ""), ucds.get(name, "") or str(meta.get("ucd") or "")
            columns.append(Column(name=name, values=_squared(values), unit=unit, ucd=ucd))
    return columns


def _objects(given: Any) -> Values | None:
    cells = np.ma.filled(given, None).tolist()
    if all(cell is None or isinstance(cell, str) for cell in cells):
        return np.array([str(cell or "").strip() for cell in cells], dtype=np.str_)
    return _rows(cells)


def _squared(values: Values) -> Values:
    """Arrays of one length as one array."""
    if isinstance(values, list) and values and len({len(row) for row in values}) == 1 and len(values[0]):
        return np.stack(values)
    return values
