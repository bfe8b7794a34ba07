"""A table of sources laid beside a survey: which row belongs to which source, by name and else by position."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import first_few
from alignlab.ingest.table_mapping import MappedTable
from alignlab.ingest.table_quantities import QUANTITIES
from alignlab.services.name_search import fold_name, without_prefix
from alignlab.store.survey import Survey

#: A row that has a source's name but lies farther from it is told of, in arcsec.
_FAR_ARCSEC = 60.0
_NONE = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class TableMatch:
    """Rows of a table and the sources of a survey that they belong to.

    Attributes
    ----------
    row : ndarray of int64, (n_sources,)
        Row of the table that belongs to each source, -1 where none does or several could.
    how : ndarray of str, (n_sources,)
        "name", "position", "ambiguous" or "".
    separation_arcsec : ndarray of float64, (n_sources,)
        Between source and row, NaN where a position is unknown.
    n_rows, n_rows_used : int
        Rows of the table, and those that belong to some source.
    notes : tuple of str
    """

    row: NDArray[np.int64]
    how: NDArray[np.str_]
    separation_arcsec: NDArray[np.float64]
    n_rows: int
    n_rows_used: int
    notes: tuple[str, ...]

    @property
    def n_matched(self) -> int:
        """Sources that a row belongs to."""
        return int((self.row >= 0).sum())

    def frame(self, survey: Survey, mapped: MappedTable) -> pd.DataFrame:
        """One row per source: its name, the name and number of the table's row (from 1), how it was found, how far."""
        names = np.append(mapped.text("name"), "")
        return pd.DataFrame(
            {
                "name": survey.sources["name"],
                "matched_row": np.where(self.row >= 0, self.row + 1, 0),
                "matched_name": names[self.row],
                "how": self.how,
                "separation_arcsec": self.separation_arcsec,
            }
        )


def match_table(survey: Survey, mapped: MappedTable, *, radius_arcsec: float = 2.0) -> TableMatch:
    """Find the row of each source: by its name, however written, else by the only row within the radius.

    Where both tell the ObsID it must be the same, so that the values of one observation never stand beside another.
    A source to which several rows could belong gets none, unless they repeat each other; it is called ambiguous.

    Parameters
    ----------
    survey : Survey
    mapped : MappedTable
        With names, positions or both.
    radius_arcsec : float
        Of the match by position.
    """
    sources = survey.sources
    row = np.full(survey.n_sources, _NONE, np.int64)
    how = np.full(survey.n_sources, "", dtype="<U9")
    obsids = sources["obsid"].to_numpy(np.int64) if "obsid" in sources else np.zeros(len(sources), np.int64)
    row_obsids = np.nan_to_num(mapped.number("obsid")).astype(np.int64)
    by_name = _rows_by_name(mapped)
    places, near = _rows_nearby(survey, mapped, radius_arcsec)
    for i, name in enumerate(sources["name"].tolist()):
        for way, candidates in (("name", by_name.get(_folded(name), [])), ("position", near[i])):
            allowed = [k for k in candidates if not (obsids[i] and row_obsids[k] and obsids[i] != row_obsids[k])]
            own = [k for k in allowed if obsids[i] and row_obsids[k] == obsids[i]] or allowed
            if own:
                row[i], how[i] = (own[0], way) if _say_the_same(mapped, own) else (_NONE, "ambiguous")
                break
    apart = _separations(places, row)
    return TableMatch(
        row=row, how=how, separation_arcsec=apart, n_rows=mapped.table.n_rows,
        n_rows_used=len(np.unique(row[row >= 0])), notes=_notes(survey, how, apart),
    )  # fmt: skip


def _say_the_same(mapped: MappedTable, rows: list[int]) -> bool:
    """Whether rows are one, or repeat each other in all that is used of them."""
    held = [values for name, values in mapped.values.items() if not QUANTITIES[name].is_array] if len(rows) > 1 else []
    return all(
        values[k] == values[rows[0]] or (values[k] != values[k] and values[rows[0]] != values[rows[0]])
        for values in held
        for k in rows[1:]
    )


def _folded(name: str) -> str:
    return without_prefix(fold_name(str(name)))


def _rows_by_name(mapped: MappedTable) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for k, name in enumerate(mapped.text("name").tolist()):
        if name:
            rows[_folded(name)].append(k)
    return rows


def _rows_nearby(
    survey: Survey, mapped: MappedTable, radius_arcsec: float
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], list[list[int]]]:
    """Unit vectors of sources and rows, and for each source the rows within the radius."""
    from scipy.spatial import cKDTree

    there = _unit_vectors(mapped.number("ra"), mapped.number("dec"))
    here = _unit_vectors(*(survey.sources[name].to_numpy(np.float64) for name in ("ra", "dec")))
    near: list[list[int]] = [[] for _ in range(len(here))]
    placed, known = np.flatnonzero(np.isfinite(there[:, 0])), np.flatnonzero(np.isfinite(here[:, 0]))
    if len(placed) and len(known):
        chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
        found = cKDTree(there[placed]).query_ball_point(here[known], chord, return_sorted=True)
        for i, rows in zip(known, found, strict=True):
            near[i] = placed[rows].tolist() if len(rows) else []
    return (here, there), near


def _unit_vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)


def _separations(
    places: tuple[NDArray[np.float64], NDArray[np.float64]], row: NDArray[np.int64]
) -> NDArray[np.float64]:
    here, there = places
    chord = np.linalg.norm(here - np.where(row[:, None] >= 0, there[row], np.nan), axis=1)
    return np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))) * 3600


def _notes(survey: Survey, how: NDArray[np.str_], apart: NDArray[np.float64]) -> tuple[str, ...]:
    notes = []
    names = survey.sources["name"]
    for mask, words in (
        (how == "ambiguous", "several rows could belong to it, so none was taken"),
        ((how == "name") & (apart > _FAR_ARCSEC), f"its row has its name, but lies over {_FAR_ARCSEC:.0f} arcsec away"),
    ):
        if mask.any():
            notes.append(f"{first_few(names[mask].tolist())}: {words}")
    return tuple(notes)
