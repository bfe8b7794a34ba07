"""Long tables of FITS files, a block of rows at a time: a file of any length needs the memory of one block.

astropy decodes each block as the small table that it is (`alignlab.spectra.fits_tables`); only the walk from header to
header is done here, because astropy holds the whole of a gzipped file in memory.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import Table, tables_in

#: Bytes of rows that are decoded at once.
BLOCK_BYTES = 16 * 1024**2
#: Largest file that is walked through, after decompression.
MAX_BYTES = 128 * 1024**3
_RECORD, _CARD = 2880, 80
_MAX_HEADER_BYTES, _MAX_HDUS = 4 * 1024**2, 200
#: Tables that are kept whole when they are passed by, so that what stands behind the events is read only once.
_SMALL_BYTES = 1024**2
_PRIMARY = b"".join(
    card.ljust(_CARD) for card in (b"SIMPLE  =                    T", b"BITPIX  =                    8",
                                   b"NAXIS   =                    0", b"EXTEND  =                    T", b"END")
).ljust(_RECORD)  # fmt: skip
_INTEGER = re.compile(rb"=\s*([+-]?\d{1,18})\s*(?:/.*)?")


@dataclass(frozen=True, eq=False, kw_only=True)
class LongTable:
    """One binary table of a file, on disk.

    Attributes
    ----------
    head : Table
        Its header, names and units, without columns.
    n_rows : int
        As its header says; the file is long enough for them.
    row_bytes : int
    """

    head: Table
    n_rows: int
    row_bytes: int
    _header: bytes
    _offset: int
    _small: bytes | None

    def blocks(self, columns: Collection[str], *, block_bytes: int = BLOCK_BYTES) -> Iterator[Table]:
        """The named columns of all rows, some rows at a time, in their order.

        Parameters
        ----------
        columns : collection of str
            Upper-case names; a column that the table does not have is simply absent.
        block_bytes : int
            Size of a block; there is always at least one row in it.

        Raises
        ------
        InputFileError
            If the file is truncated or a column cannot be decoded.
        """
        path, step = self.head.path, max(block_bytes // max(self.row_bytes, 1), 1)
        if self._small is not None:
            for first in range(0, self.n_rows, step):
                part = self._small[first * self.row_bytes : (first + step) * self.row_bytes]
                yield self._decoded(part, columns)
            return
        with _open(path) as file:
            _skip(file, self._offset, path)
            for first in range(0, self.n_rows, step):
                size = min(step, self.n_rows - first) * self.row_bytes
                yield self._decoded(_read(file, size, path), columns)

    def _decoded(self, rows: bytes, columns: Collection[str]) -> Table:
        return _decode(self.head.path, self.head.index, self._header, rows, len(rows) // self.row_bytes, columns)


def long_tables(path: str | Path) -> tuple[LongTable, ...]:
    """The binary tables of a FITS file, plain or gzipped, found by walking from header to header.

    Raises
    ------
    InputFileError
        If the file does not exist, is no FITS, is damaged, or shorter than its headers say.
    """
    path, offset = Path(path), 0
    tables: list[LongTable] = []
    with _open(path) as file:
        for index in range(_MAX_HDUS):
            header = _header(file, path, index)
            if not header:
                return tuple(tables)
            offset += len(header)
            size = _data_bytes(header, path, index)
            if offset + size > MAX_BYTES:
                raise InputFileError(path, f"HDU {index} ends beyond {MAX_BYTES // 1024**3} GB; so much is not read")
            small = None
            if header.startswith(b"XTENSION= 'BINTABLE'"):
                rows, row_bytes = _integer(header, b"NAXIS2", path, index), _integer(header, b"NAXIS1", path, index)
                small = _read(file, size, path) if size <= _SMALL_BYTES else None
                tables.append(_long_table(path, index, header, rows, row_bytes, offset, small))
            if small is None:
                _skip(file, size, path)
            offset += size
            padding = -size % _RECORD
            offset += len(file.read(padding))
    raise InputFileError(path, f"more than {_MAX_HDUS} HDUs; so many are not read")


def _long_table(
    path: Path, index: int, header: bytes, n_rows: int, row_bytes: int, offset: int, small: bytes | None
) -> LongTable:
    if n_rows and not row_bytes:
        raise InputFileError(path, f"HDU {index}: {n_rows:,} rows of no bytes each", remedy="Fetch the file again.")
    head = _decode(path, index, header, b"", 0, ())
    return LongTable(
        head=head, n_rows=n_rows, row_bytes=row_bytes, _header=header, _offset=offset,
        _small=None if small is None else small[: n_rows * row_bytes],
    )  # fmt: skip


def _decode(path: Path, index: int, header: bytes, rows: bytes, n_rows: int, columns: Collection[str]) -> Table:
    """Some rows of a table as a file of their own, without its heap."""
    for keyword, value in ((b"NAXIS2", n_rows), (b"PCOUNT", 0), (b"GCOUNT", 1)):
        header = _with_integer(header, keyword, value)
    content = b"".join((_PRIMARY, header, rows, b"\0" * (-len(rows) % _RECORD)))
    found = tables_in(content, path=path, columns=columns).tables
    if not found:
        raise InputFileError(path, f"HDU {index} is not the table that its header says", remedy="Fetch it again.")
    table = found[0]
    return Table(
        path=path, index=index, name=table.name, header=table.header, columns=table.columns,
        first_channel=table.first_channel, units=table.units, column_names=table.column_names,
    )  # fmt: skip


def _open(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as file:
            is_gzipped = file.read(2) == b"\x1f\x8b"
        return cast("BinaryIO", gzip.open(path)) if is_gzipped else path.open("rb")
    except FileNotFoundError as problem:
        raise InputFileError(path, "no such file", remedy="Check the path.") from problem
    except OSError as problem:
        raise InputFileError(path, f"cannot be read ({problem.strerror or problem})") from problem


def _read(file: BinaryIO, size: int, path: Path) -> bytes:
    """Exactly so many bytes."""
    try:
        content = file.read(size)
    except (EOFError, OSError, zlib.error) as problem:
        raise InputFileError(path, "damaged or truncated gzip data", remedy="Fetch the file again.") from problem
    if len(content) < size:
        raise InputFileError(
            path, "the file is truncated: it is shorter than its headers say", remedy="Fetch it again."
        )
    return content


def _skip(file: BinaryIO, size: int, path: Path) -> None:
    """Pass by so many bytes, which must be there; of a gzipped file they are unpacked and dropped."""
    if isinstance(file, gzip.GzipFile):
        while size > 0:
            size -= len(_read(file, min(size, _SMALL_BYTES), path))
    elif size:
        file.seek(size - 1, 1)
        _read(file, 1, path)


def _header(file: BinaryIO, path: Path, index: int) -> bytes:
    """The next header with its padding; empty at the end of the file."""
    records: list[bytes] = []
    while len(records) * _RECORD < _MAX_HEADER_BYTES:
        try:
            record = file.read(_RECORD)
        except (EOFError, OSError, zlib.error) as problem:
            raise InputFileError(path, "damaged or truncated gzip data", remedy="Fetch the file again.") from problem
        if not records and not index and not record.startswith(b"SIMPLE"):
            raise InputFileError(path, f"not a FITS file: it starts with {record[:8]!r}; expected 'SIMPLE  ='")
        if not records and (not record.strip(b"\0 ") or (index and not record.startswith(b"XTENSION"))):
            return b""  # what follows the last HDU has no meaning
        if len(record) < _RECORD:
            raise InputFileError(path, f"the header of HDU {index} ends early", remedy="Fetch the file again.")
        records.append(record)
        if any(record[k : k + 8].rstrip() == b"END" for k in range(0, _RECORD, _CARD)):
            return b"".join(records)
    raise InputFileError(path, f"the header of HDU {index} has no END", remedy="Fetch the file again.")


def _data_bytes(header: bytes, path: Path, index: int) -> int:
    """Size of the data behind a header, without padding (FITS standard 4.0, equation 2)."""
    axes = _integer(header, b"NAXIS", path, index)
    if axes > 999:
        raise InputFileError(path, f"HDU {index}: NAXIS is {axes}", remedy="Fetch the file again.")
    size = 1 if axes else 0
    for axis in range(1, axes + 1):
        size *= _integer(header, b"NAXIS%d" % axis, path, index)
    size += _integer(header, b"PCOUNT", path, index, default=0) if axes else 0
    return size * abs(_integer(header, b"BITPIX", path, index, least=-64)) // 8


def _integer(
    header: bytes, keyword: bytes, path: Path, index: int, *, default: int | None = None, least: int = 0
) -> int:
    """A whole number of the header, not below `least`."""
    place = _place(header, keyword)
    if place < 0 and default is not None:
        return default
    match = None if place < 0 else _INTEGER.fullmatch(header[place + 8 : place + _CARD].rstrip())
    if match is None or int(match[1]) < least:
        written = "missing" if place < 0 else header[place + 9 : place + 40].decode("ascii", "replace").strip()
        raise InputFileError(
            path, f"HDU {index}: {keyword.decode()} is {written}; expected a whole number from {least}",
            remedy="Fetch the file again.",
        )  # fmt: skip
    return int(match[1])


def _place(header: bytes, keyword: bytes) -> int:
    wanted = keyword.ljust(8)
    return next((k for k in range(0, len(header), _CARD) if header[k : k + 8] == wanted), -1)


def _with_integer(header: bytes, keyword: bytes, value: int) -> bytes:
    place = _place(header, keyword)
    if place < 0:
        return header
    return header[:place] + (b"%-8s= %20d" % (keyword, value)).ljust(_CARD) + header[place + _CARD :]
