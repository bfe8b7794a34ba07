"""Columns whose rows hold vectors of different lengths, straight from the bytes of a FITS file.

Such a column is a pair of numbers per row, length and place in the heap behind the table (FITS standard 4.0, section
7.3.5). astropy makes an object of every row: of the thousand rows of a response matrix that is most of the time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FORMAT = re.compile(r"1?([PQ])([BIJKED])(?:\(\d*\))?")
_DTYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


class Heap(NamedTuple):
    """Where the heap of a table begins and ends in its file."""

    start: int
    end: int


def heap_rows(content: bytes, heap: Heap, cells: NDArray[np.uint8], form: str) -> list[NDArray] | None:
    """The rows of a column of variable length, without copying them.

    Parameters
    ----------
    content : bytes
        The file.
    heap : Heap
    cells : ndarray of uint8, (n_rows, 8 or 16)
        What stands in the column itself.
    form : str
        Its TFORM.

    Returns
    -------
    list of ndarray, or None
        None where the column is of another sort, or points out of its heap: astropy knows what to do then.
    """
    match = _FORMAT.fullmatch(form)
    if match is None or not heap.start <= heap.end <= len(content):
        return None
    pairs = cells.view(">i4" if match[1] == "P" else ">i8").astype(np.int64)
    dtype = np.dtype(_DTYPES[match[2]])
    lengths, places = pairs.T
    inside = (lengths >= 0) & (places >= 0) & (lengths <= heap.end) & (places <= heap.end)
    if not inside.all() or (heap.start + places + lengths * dtype.itemsize > heap.end).any():
        return None
    vectors = zip((heap.start + places).tolist(), lengths.tolist(), strict=True)
    return [np.frombuffer(content, dtype, length, place) for place, length in vectors]
