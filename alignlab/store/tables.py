"""DuckDB tables from and to arrays and data frames; a row's position is its source's index, so nothing is sorted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from alignlab.errors import DamagedArtefactError

#: What comes as a stream of narrow rows is written in this much: without a limit its blocks stay until memory is full.
_STREAM_MEMORY = "200MB"


def write_tables(path: Path, tables: Mapping[str, pd.DataFrame | pa.Table | pa.RecordBatchReader]) -> None:
    """Write each table into a new DuckDB file, in row order."""
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            is_frame = isinstance(table, pd.DataFrame)
            arrow = pa.Table.from_pandas(table, preserve_index=False) if is_frame else table
            connection.register("incoming", arrow)
            is_stream = isinstance(arrow, pa.RecordBatchReader)
            connection.execute(f"SET memory_limit = '{_STREAM_MEMORY}'" if is_stream else "RESET memory_limit")
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
            connection.unregister("incoming")


def vectors_table(vectors: Mapping[str, NDArray[np.float32]]) -> pa.Table:
    """Arrow table with one fixed-size float32 list column per array of shape (n, d)."""
    columns = {}
    for name, array in vectors.items():
        flat = pa.array(np.ascontiguousarray(array, dtype=np.float32).ravel())
        columns[name] = pa.FixedSizeListArray.from_arrays(flat, array.shape[1])
    return pa.table(columns)


class ReadOnlyTables:
    """A DuckDB file opened for reading; safe to share between threads, since each query takes its own cursor."""

    def __init__(self, path: Path) -> None:
        try:
            # One thread: at these sizes starting a second one costs more than it saves.
            self._connection = duckdb.connect(str(path), read_only=True, config={"threads": 1})
        except duckdb.Error as error:
            raise DamagedArtefactError(
                f"{path} cannot be opened as a database ({str(error).splitlines()[0]}).",
                remedy=f"Remove {path.parent} and build it again.",
            ) from error
        self.path = path

    def names(self) -> set[str]:
        """Names of the tables."""
        with self._connection.cursor() as cursor:
            return {row[0] for row in cursor.sql("SELECT table_name FROM duckdb_tables()").fetchall()}

    def arrow(self, query: str, parameters: list[object] | None = None) -> pa.Table:
        """Run a query and return its result as an Arrow table."""
        with self._connection.cursor() as cursor:
            return cursor.sql(query, params=parameters).to_arrow_table()

    def frame(self, query: str, parameters: list[object] | None = None) -> pd.DataFrame:
        """Run a query and return its result as a data frame."""
        return self.arrow(query, parameters).to_pandas()

    def vectors(self, table: str, columns: list[str]) -> dict[str, NDArray[np.float32]]:
        """Read fixed-size list columns as float32 arrays of shape (n, d), without a Python object per row."""
        selection = ", ".join(f'"{column}"' for column in columns)
        arrow = self.arrow(f'SELECT {selection} FROM "{table}"')
        return {column: _as_matrix(arrow.column(column)) for column in columns}

    def close(self) -> None:
        """Release the file."""
        self._connection.close()


def _as_matrix(column: pa.ChunkedArray) -> NDArray[np.float32]:
    width = column.type.list_size
    matrix = np.empty((len(column), width), dtype=np.float32)
    row = 0
    for chunk in column.chunks:
        matrix[row : row + len(chunk)] = chunk.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
        row += len(chunk)
    return matrix
