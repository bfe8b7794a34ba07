"""Positions of sources from a table that a person hands in: names, right ascension and declination."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.ingest.records import Problem
from alignlab.ingest.source_table import read_source_table
from alignlab.ingest.table_mapping import map_table

_REMEDY = "Give columns name, ra and dec (degrees, or hours and degrees like 10:20:30.5 and -40:50:10)."


@dataclass(frozen=True, eq=False, kw_only=True)
class Positions:
    """Where to look.

    Attributes
    ----------
    names : tuple of str
    source_classes : tuple of str
        "" where the table does not say.
    ra, dec : ndarray of float64, (n,)
        Degrees.
    notes : tuple of str
        Which columns were taken for what.
    problems : tuple of Problem
        Rows that could not be used.
    """

    names: tuple[str, ...]
    source_classes: tuple[str, ...]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_positions(path: str | Path, *, mapping: dict[str, str] | None = None) -> Positions:
    """Read a table of positions in any format; a source without a name is called after its position.

    Parameters
    ----------
    path : path-like
    mapping : dict of str to str, optional
        ``name``, ``ra``, ``dec`` or ``source_class`` → the column that holds it.

    Raises
    ------
    AlignlabError
        If the file is no table, or has no columns of position.
    """
    table = read_source_table(path)
    mapped = map_table(table, mapping=mapping, only=("name", "ra", "dec", "source_class"))
    if missing := [name for name in ("ra", "dec") if name not in mapped.columns]:
        listed = ", ".join(table.columns) or "none"
        raise table.error(f"no column of {' or '.join(missing)} (columns: {listed})", remedy=_REMEDY)
    ra, dec = mapped.number("ra"), mapped.number("dec")
    usable = np.isfinite(ra) & np.isfinite(dec)
    if not usable.any():
        raise table.error(f"none of {table.n_rows} rows has a position", remedy=_REMEDY)
    problems = tuple(Problem(table.path.name, f"row {row + 1} has no position") for row in np.flatnonzero(~usable))
    given = mapped.text("name")
    names = [str(given[row]) or f"J{ra[row]:.5f}{dec[row]:+.5f}" for row in np.flatnonzero(usable)]
    classes = [str(c) for c in mapped.text("source_class")[usable]]
    return Positions(
        names=tuple(names), source_classes=tuple(classes), ra=ra[usable], dec=dec[usable], notes=mapped.notes,
        problems=problems,
    )  # fmt: skip
