"""Tables of sources as text: cells under a line of names; and what a column of any table is."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError

#: What a file should have been, for messages.
EXPECTED = "a table of sources in FITS, VOTable, ECSV, Parquet or CSV"
_COMMENT = re.compile(r"\s*(?:#|%|!|//)\s?(.*)")
_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]*)[\])]\s*$")
_MISSING = {"", "nan", "null", "none", "-", "--", "n/a", "na", "inf", "-inf", "+inf", "masked"}

Values = NDArray | list[NDArray]


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        As written.
    values : ndarray or list of ndarray
        float64 of shape (n,) or (n, k), text of shape (n,), or n arrays of float64 of different lengths. A missing
        number is NaN, a missing text "".
    unit, ucd : str
        As written, "" where there is none.
    """

    name: str
    values: Values
    unit: str = ""
    ucd: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it holds text."""
        return not isinstance(self.values, list) and self.values.dtype.kind == "U"

    @property
    def is_array(self) -> bool:
        """Whether each row holds several numbers."""
        return isinstance(self.values, list) or self.values.ndim > 1


def text_columns(path: Path, content: bytes) -> list[Column]:
    """Cells separated by commas, semicolons, tabs or spaces under a line of names, which may tell units in brackets.

    Raises
    ------
    InputFileError
        If there are no rows or no names, or a line has more or fewer cells than there are names.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [(k, line) for k, line in enumerate(text.splitlines(), start=1) if line.strip()]
    told = [_COMMENT.fullmatch(line) for _, line in lines]
    rows = [line for line, comment in zip(lines, told, strict=True) if comment is None]
    comments = [comment.group(1) for comment in told if comment is not None]
    if not rows:
        raise InputFileError(path, f"no rows in it; expected {EXPECTED}")
    separator = next((mark for mark in "\t;,|" if mark in rows[0][1]), "")
    cells = [(k, _cells(path, k, line, separator)) for k, line in rows]
    if any(_number(cell) is not None and cell.strip() for cell in cells[0][1]):
        heading = _cells(path, 0, comments[-1], separator) if comments else []
        if len(heading) != len(cells[0][1]):
            raise InputFileError(
                path, f"line {cells[0][0]} holds numbers where the names of the columns were expected",
                remedy="Begin the table with a line of names, such as 'name,ra,dec'.",
            )  # fmt: skip
    else:
        heading = cells.pop(0)[1]
    for k, row in cells:
        if len(row) != len(heading):
            raise InputFileError(
                path, f"line {k} has {len(row)} cells where {len(heading)} were expected",
                remedy="Separate the cells by commas, semicolons, tabs or spaces, the same everywhere; quote texts.",
            )  # fmt: skip
    columns = []
    for number, title in enumerate(heading):
        match = _UNIT.match(title)
        name, unit = (match.group(1), match.group(2).strip()) if match else (title, "")
        columns.append(Column(name=name, values=_typed([row[number] for _, row in cells]), unit=unit))
    return columns


def _cells(path: Path, number: int, line: str, separator: str) -> list[str]:
    if not separator:
        return line.split()
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error as problem:
        raise InputFileError(path, f"line {number} cannot be read ({problem})") from problem
    return [cell.strip() for cell in cells]


def _typed(cells: list[str]) -> NDArray:
    """Numbers, if all cells that are not empty are some; else text."""
    numbers = [_number(cell) for cell in cells]
    if any(number is None for number in numbers):
        return np.array(["" if cell.lower() in _MISSING else cell for cell in cells], dtype=np.str_)
    return np.array(numbers, dtype=np.float64)


def _number(cell: str) -> float | None:
    """A cell as a number, NaN where it is empty, None where it is something else."""
    text = cell.replace("−", "-").lower()
    if text in _MISSING:
        return np.nan
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None
