"""Contents of a survey that come a block at a time, for surveys whose arrays are larger than the memory should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

_EVENTS = pa.schema([("time_s", pa.float32()), ("energy_kev", pa.float32())])


@dataclass(frozen=True, eq=False, kw_only=True)
class ArrayBlocks:
    """An array in blocks of rows.

    Attributes
    ----------
    shape : tuple of int
        Of the whole.
    dtype : dtype
    blocks : callable
        Gives the blocks in their order, from the first, each time that it is called.
    """

    shape: tuple[int, ...]
    dtype: DTypeLike
    blocks: Callable[[], Iterable[NDArray]]

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class PhotonBlocks:
    """Photons as `alignlab.store.survey.Photons`, some sources at a time.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_sources + 1,)
        As there, over all blocks.
    blocks : callable
        Gives times and energies of the blocks in their order.
    """

    offsets: NDArray[np.int64]
    blocks: Callable[[], Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]]]

    def table(self) -> pa.RecordBatchReader:
        """The photons as rows."""
        batches = (
            pa.record_batch([pa.array(column) for column in columns], schema=_EVENTS) for columns in self.blocks()
        )
        return pa.RecordBatchReader.from_batches(_EVENTS, batches)


def save_array(path: Path, array: NDArray | ArrayBlocks) -> None:
    """Write a ``.npy`` file.

    Raises
    ------
    ValueError
        If the blocks do not make up the shape.
    """
    if not isinstance(array, ArrayBlocks):
        np.save(path, array, allow_pickle=False)
        return
    dtype, rows = np.dtype(array.dtype), 0
    with path.open("wb") as file:
        header = {"descr": dtype.str, "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in array.blocks():
            if block.shape[1:] != array.shape[1:]:
                raise ValueError(f"a block of {path.name} has rows of {block.shape[1:]}, expected {array.shape[1:]}")
            file.write(np.ascontiguousarray(block, dtype=dtype).tobytes())
            rows += len(block)
    if rows != array.shape[0]:
        raise ValueError(f"the blocks of {path.name} have {rows} rows, expected {array.shape[0]}")
