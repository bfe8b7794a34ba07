"""Columns whose rows hold vectors of different lengths, straight from the bytes of a FITS file.

Such a column is a pair of numbers per row, length and place in the heap behind the table (FITS standard 4.0, section
7.3.5). astropy makes an object of every row: of the thousand rows of a response matrix that is most of the time.
"""

from __future__ import annotations

import re

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

_FORMAT = re.compile(r"1?([PQ])([BIJKED])(?:\(\d*\))?")
_DTYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


def heap_column(content: bytes, hdu: fits.BinTableHDU, column: fits.Column) -> list[NDArray] | None:
    """The rows of a column of variable length, without copying them.

    Parameters
    ----------
    content : bytes
        The file.
    hdu : BinTableHDU
        A table of it, as astropy opened it.
    column : Column
        One of its columns.

    Returns
    -------
    list of ndarray, or None
        None where the column is of another sort, scaled, or points out of its heap: astropy knows what to do then.
    """
    match = _FORMAT.fullmatch(str(column.format).strip())
    scaled = any(getattr(column, name) not in (None, "") for name in ("bscale", "bzero", "null", "dim"))
    if match is None or scaled:
        return None
    n_rows, width = int(hdu.header["NAXIS2"]), int(hdu.header["NAXIS1"])
    start = hdu.fileinfo()["datLoc"]
    heap = start + int(hdu.header.get("THEAP", n_rows * width))
    end = start + n_rows * width + int(hdu.header["PCOUNT"])
    if not (n_rows >= 0 and start + n_rows * width <= heap <= end <= len(content)):
        return None
    number = ">i4" if match[1] == "P" else ">i8"
    at = hdu.columns.dtype.fields[column.name][1]
    pairs = np.frombuffer(content, np.uint8, n_rows * width, start).reshape(n_rows, width)
    pairs = np.ascontiguousarray(pairs[:, at : at + 2 * int(number[-1])]).view(number).astype(np.int64)
    dtype = np.dtype(_DTYPES[match[2]])
    lengths, places = pairs.T
    inside = (lengths >= 0) & (places >= 0) & (lengths <= end) & (places <= end)
    if not inside.all() or (heap + places + lengths * dtype.itemsize > end).any():
        return None
    cells = zip((heap + places).tolist(), lengths.tolist(), strict=True)
    return [np.frombuffer(content, dtype, length, place) for place, length in cells]
