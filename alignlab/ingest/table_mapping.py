"""What the columns of somebody's table mean to us: as the person says, else by names and UCDs that we know; with units.

Nothing is guessed in silence: which column was taken for what, and in which unit, is told. An unknown unit is an error.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.ingest.csc_table import CLASS_OF
from alignlab.ingest.source_table import Column, SourceTable
from alignlab.ingest.table_columns import plain_name
from alignlab.ingest.table_quantities import QUANTITIES, Quantity
from alignlab.ingest.table_units import in_our_unit, sexagesimal


@dataclass(frozen=True, eq=False, kw_only=True)
class MappedTable:
    """A table in our words and units.

    Attributes
    ----------
    table : SourceTable
    columns : dict of str to str
        Quantity → the column that holds it.
    values : dict of str to ndarray or list of ndarray
        Quantity → its values in our unit: float64 with NaN, or text with "", or arrays.
    notes : tuple of str
        What was guessed, assumed, or left out.
    """

    table: SourceTable
    columns: dict[str, str]
    values: dict[str, Any]
    notes: tuple[str, ...]

    def text(self, name: str) -> NDArray[np.str_]:
        """A quantity as texts; "" throughout where no column holds it."""
        return self.values.get(name, np.broadcast_to(np.array("", dtype=np.str_), self.table.n_rows))

    def number(self, name: str) -> NDArray[np.float64]:
        """A quantity as numbers; NaN throughout where no column holds it."""
        return self.values.get(name, np.broadcast_to(np.array(np.nan), self.table.n_rows))


def parse_pairs(texts: Iterable[str], *, option: str, example: str) -> dict[str, str]:
    """Pairs ``ours=theirs`` as a person types them.

    Raises
    ------
    AlignlabError
        If one is no pair, or one is given twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        first, equals, second = (part.strip() for part in text.partition("="))
        if not (first and equals and second):
            raise AlignlabError(f"{option} {text!r} is no pair.", remedy=f"Write it like {option} {example}.")
        if first in pairs:
            raise AlignlabError(f"{option} names {first!r} twice.", remedy="Leave one out.")
        pairs[first] = second
    return pairs


def map_table(
    table: SourceTable,
    *,
    mapping: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
) -> MappedTable:
    """Find the quantities that a table holds and convert them to our units.

    Parameters
    ----------
    table : SourceTable
    mapping : mapping of str to str
        Our name → theirs; what it names is not guessed. Theirs is found whatever its case, if only one is meant.
    units : mapping of str to str
        Their column → its unit, in place of what the file says.
    only : sequence of str
        Quantities to look for; all by default.

    Raises
    ------
    AlignlabError
        If a name in `mapping` or `units` is not known, or a unit is unknown, missing or cannot be converted; the
        message names the column.
    """
    mapping, units = dict(mapping or {}), dict(units or {})
    for ours in mapping:
        if ours not in QUANTITIES:
            raise AlignlabError(f"--map {ours}=…: nothing is called {ours!r} here.", remedy=_closest(ours, QUANTITIES))
    chosen = {ours: _their_column(table, theirs, f"--map {ours}=") for ours, theirs in mapping.items()}
    said = {_their_column(table, theirs, "--unit "): unit for theirs, unit in units.items()}
    notes = list(table.notes)
    guessed = _guessed(table, taken=chosen, wanted=only or list(QUANTITIES))
    notes += _guess_notes(guessed)
    columns = {**{ours: theirs for ours, (theirs, _) in guessed.items()}, **chosen}
    values: dict[str, Any] = {}
    assumed: dict[str, list[str]] = defaultdict(list)
    for ours in QUANTITIES:
        if ours in columns:
            column = table.columns[columns[ours]]
            values[ours] = _converted(table, ours, column, said.get(column.name), notes, assumed)
    notes += [f"without a unit, taken for {unit}: {', '.join(names)}" for unit, names in assumed.items()]
    return MappedTable(table=table, columns=columns, values=values, notes=tuple(notes))


def _guess_notes(guessed: Mapping[str, tuple[str, str]]) -> list[str]:
    """One note for the columns that have our own names, and one for each of the others."""
    own = [ours for ours, (theirs, _) in guessed.items() if plain_name(theirs) == ours]
    told = [f"column {theirs} taken for {ours} ({why})" for ours, (theirs, why) in guessed.items() if ours not in own]
    return [f"taken by their own names: {', '.join(own)}", *told] if own else told


def _their_column(table: SourceTable, theirs: str, option: str) -> str:
    if theirs in table.columns:
        return theirs
    alike = [name for name in table.columns if name.casefold() == theirs.casefold()]
    if len(alike) == 1:
        return alike[0]
    raise table.error(f"{option}{theirs}: the table has no column {theirs!r}", remedy=_closest(theirs, table.columns))


def _closest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else f"Choose from {', '.join(names[:40])}."


def _guessed(table: SourceTable, *, taken: Mapping[str, str], wanted: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Quantity → column and why, by name first, then by UCD where only one column has it."""
    free = [name for name in table.columns if name not in taken.values()]
    plain = {plain_name(name): name for name in reversed(free)}
    found: dict[str, tuple[str, str]] = {}
    for ours in wanted:
        quantity = QUANTITIES[ours]
        fitting = [
            plain[name] for name in quantity.names if name in plain and _fits(quantity, table.columns[plain[name]])
        ]
        if ours not in taken and fitting:
            found[ours] = (fitting[0], "by its name")
    used = {theirs for theirs, _ in found.values()}
    for ours in wanted:
        quantity = QUANTITIES[ours]
        if ours in taken or ours in found or not quantity.ucd:
            continue
        marked = [name for name in free if name not in used and _fits(quantity, table.columns[name])
                  and table.columns[name].ucd.lower().startswith(quantity.ucd.lower())]  # fmt: skip
        main = [name for name in marked if table.columns[name].ucd.lower().endswith("meta.main")] or marked
        if len(main) == 1:
            found[ours] = (main[0], f"by its UCD {table.columns[main[0]].ucd}")
    return found


def _fits(quantity: Quantity, column: Column) -> bool:
    """Whether a column that nobody has named can hold such values: text for numbers only where it is a position."""
    if quantity.is_array:
        return column.is_array
    return not column.is_array and (not column.is_text or quantity.is_text or quantity.unit == "deg")


def _converted(
    table: SourceTable, ours: str, column: Column, said: str | None, notes: list[str], assumed: dict[str, list[str]]
) -> Any:
    quantity = QUANTITIES[ours]
    if quantity.is_text:
        texts = _as_text(table, column)
        return _our_classes(texts, notes) if ours == "source_class" else texts
    if quantity.is_array:
        return _as_arrays(table, ours, column, said, assumed)
    if column.is_array:
        raise table.error(f"column {column.name} holds arrays; {ours} is one number", remedy="Name another column.")
    if column.is_text and ours in ("ra", "dec"):
        return sexagesimal(table, ours, column)
    if column.is_text:
        cell = next((str(text) for text in column.values if text), "")
        raise table.error(f"column {column.name} holds text such as {cell!r}; {ours} is a number")
    values = in_our_unit(table, ours, column, np.asarray(column.values, np.float64), said, assumed)
    beyond = np.isfinite(values) & ((values < quantity.lowest) | (values > quantity.highest))
    if beyond.any():
        bounds = f"{quantity.lowest:g} to {quantity.highest:g} {quantity.unit}".rstrip()
        if beyond.sum() == np.isfinite(values).sum():
            raise table.error(
                f"column {column.name}: no value lies within what {ours} can be ({bounds})",
                remedy=f"Check its unit (--unit {column.name}=…) or name another column.",
            )
        notes.append(f"column {column.name}: {int(beyond.sum()):,} values outside {bounds} are taken as missing")
    return np.where(np.isfinite(values) & ~beyond, values, np.nan)


def _as_text(table: SourceTable, column: Column) -> NDArray[np.str_]:
    if column.is_array:
        raise table.error(f"column {column.name} holds arrays; expected text")
    if column.is_text:
        return np.asarray(column.values)
    return np.array(["" if not np.isfinite(v) else f"{v:.15g}" for v in column.values], dtype=np.str_)


def _our_classes(texts: NDArray[np.str_], notes: list[str]) -> NDArray[np.str_]:
    """Classes in our words where we have one, else as they are."""
    renamed = {text: CLASS_OF[text] for text in np.unique(texts).tolist() if CLASS_OF.get(text, text) != text}
    if renamed:
        notes.append("classes renamed: " + ", ".join(f"{theirs} to {ours}" for theirs, ours in renamed.items()))
    return np.array([renamed.get(text, text) for text in texts.tolist()], dtype=np.str_)


def _as_arrays(
    table: SourceTable, ours: str, column: Column, said: str | None, assumed: dict[str, list[str]]
) -> list[NDArray[np.float64]]:
    if column.is_text:
        cells = [str(cell).strip("[]() ").replace(",", " ").split() for cell in column.values]
        try:
            rows = [np.array(cell, np.float64) for cell in cells]
        except ValueError as problem:
            raise table.error(f"column {column.name}: a cell is no list of numbers; expected {ours}") from problem
    elif not column.is_array:
        raise table.error(f"column {column.name} holds one number a row; {ours} is an array of them")
    else:
        rows = [np.asarray(row, np.float64) for row in column.values]
    unit = QUANTITIES[ours].unit
    if not unit:
        return rows
    flat = np.concatenate([np.zeros(0), *rows])
    flat = in_our_unit(table, ours, column, flat, said, assumed)
    return list(np.split(flat, np.cumsum([len(row) for row in rows])[:-1]))
