"""Binary tables of FITS files in which nothing is unusual, straight from their bytes; anything else is astropy's.

astropy copes with every kind of file and takes its time: some milliseconds per header. The files of a spectrum have
twenty of them. Here a file is walked from header to header (FITS standard 4.0, sections 4.4 and 7.3), and given up at
the first thing that is not as it should be, so that there is one place alone where damage is judged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.fits_header import HeaderValue, plain_header
from alignlab.spectra.fits_heap import Heap, heap_rows

_RECORD = 2880
_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])(.*)")
#: Bytes of an element by the letter of its format; X are bits.
_BYTES = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_CHANGED_BY = ("TSCAL", "TZERO", "TNULL", "TDIM")


class _UnusualError(Exception):
    """The file is none for this reader."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PlainTable:
    """A binary table.

    Attributes
    ----------
    index : int
        Of its HDU.
    header : dict of str to value
    columns : dict of str to ndarray or list of ndarray
        The wanted ones.
    numbers : dict of str to int
        Of these columns, from 1.
    names : tuple of str
        Of all columns.
    """

    index: int
    header: dict[str, HeaderValue]
    columns: dict[str, NDArray | list[NDArray]]
    numbers: dict[str, int]
    names: tuple[str, ...]


def plain_tables(content: bytes, wanted: Collection[str], *, most_hdus: int) -> tuple[list[PlainTable], int] | None:
    """The binary tables of a file and the number of its HDUs; None where anything in it is unusual."""
    tables: list[PlainTable] = []
    n_hdus = 0
    try:
        for index, (header, start) in enumerate(_hdus(content)):
            n_hdus = index + 1
            if n_hdus > most_hdus:
                return None
            if header.get("XTENSION") == "BINTABLE":
                tables.append(_table(content, index, header, start, wanted))
    except _UnusualError:
        return None
    return (tables, n_hdus) if n_hdus else None


def _hdus(content: bytes) -> Iterator[tuple[dict[str, HeaderValue], int]]:
    """Each header, and where its data begin."""
    at = 0
    while at < len(content):
        found = plain_header(content, at)
        if found is None:
            raise _UnusualError
        header, end = found
        first = "XTENSION" if at else "SIMPLE"
        usual = {"SIMPLE": (True,), "XTENSION": ("BINTABLE", "IMAGE")}[first]
        if next(iter(header), "") != first or header[first] not in usual or {"GROUPS", "ZIMAGE"} & set(header):
            raise _UnusualError
        start = at + math.ceil((end - at) / _RECORD) * _RECORD
        yield header, start
        at = start + math.ceil(_data_bytes(header) / _RECORD) * _RECORD
        if at > len(content):
            raise _UnusualError


def _data_bytes(header: dict[str, HeaderValue]) -> int:
    axes = [_whole(header, f"NAXIS{k + 1}") for k in range(_whole(header, "NAXIS", most=999))]
    if _whole(header, "GCOUNT", default=1) != 1 or header.get("BITPIX") not in (8, 16, 32, 64, -32, -64):
        raise _UnusualError
    return abs(int(header["BITPIX"])) // 8 * ((math.prod(axes) if axes else 0) + _whole(header, "PCOUNT", default=0))


def _whole(header: dict[str, HeaderValue], keyword: str, *, default: int = -1, most: int = 10**15) -> int:
    value = header.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise _UnusualError
    return value


def _table(
    content: bytes, index: int, header: dict[str, HeaderValue], start: int, wanted: Collection[str]
) -> PlainTable:
    n_rows, width = _whole(header, "NAXIS2"), _whole(header, "NAXIS1")
    fields = range(1, _whole(header, "TFIELDS", most=999) + 1)
    named, forms = ([header.get(f"{keyword}{k}") for k in fields] for keyword in ("TTYPE", "TFORM"))
    if not all(isinstance(value, str) for value in (*named, *forms)) or header.get("BITPIX") != 8:
        raise _UnusualError
    names = [str(name).strip().upper() for name in named]
    columns: dict[str, NDArray | list[NDArray]] = {}
    numbers: dict[str, int] = {}
    at = 0
    for number, name, form in zip(fields, names, forms, strict=True):
        match = _FORM.fullmatch(str(form).strip())
        if match is None:
            raise _UnusualError
        repeat, letter = int(match[1] or 1), match[2]
        size = math.ceil(repeat / 8) if letter == "X" else repeat * _BYTES[letter]
        if name in wanted and name not in columns:
            if not n_rows or not repeat or any(f"{keyword}{number}" in header for keyword in _CHANGED_BY):
                raise _UnusualError
            if at + size > width or start + n_rows * width > len(content):
                raise _UnusualError
            cells = np.frombuffer(content, np.uint8, n_rows * width, start).reshape(n_rows, width)[:, at : at + size]
            columns[name] = _column(content, header, start, np.ascontiguousarray(cells), match)
            numbers[name] = number
        at += size
    if at != width:
        raise _UnusualError
    return PlainTable(index=index, header=header, columns=columns, numbers=numbers, names=tuple(names))


def _column(
    content: bytes, header: dict[str, HeaderValue], start: int, cells: NDArray[np.uint8], form: re.Match[str]
) -> NDArray | list[NDArray]:
    letter, rest = form[2], form[3]
    if letter in _NUMBERS and not rest:
        values = cells.view(_NUMBERS[letter])
        return values[:, 0] if values.shape[1] == 1 else values
    held = _whole(header, "NAXIS1") * _whole(header, "NAXIS2")
    heap = Heap(start=start + _whole(header, "THEAP", default=held), end=start + held + _whole(header, "PCOUNT"))
    rows = heap_rows(content, heap, cells, form[0]) if start + held <= heap.start else None
    if rows is None:
        raise _UnusualError
    return rows
