"""What the columns of somebody's table mean to us: as the person says, else by names and UCDs that we know; with units.

Nothing is guessed in silence: which column was taken for what, and in which unit, is told. An unknown unit is an error.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.ingest.source_table import Column, SourceTable
from alignlab.ingest.table_columns import plain_name
from alignlab.spectra.measure import LIMITED
from alignlab.variables import BY_NAME, VARIABLE_NAMES


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Something that a column may hold.

    Attributes
    ----------
    unit : str
        Ours, in astropy's syntax; "" for a pure number, text or truth.
    names : tuple of str
        Plain names under which it is known; a column of such a name without a unit has ours.
    ucd : str
        Beginning of its UCD, "" if it has none of its own.
    lowest, highest : float
        What it can be; a value beyond is missing.
    is_text, is_array : bool
    """

    unit: str = ""
    names: tuple[str, ...] = ()
    ucd: str = ""
    lowest: float = -np.inf
    highest: float = np.inf
    is_text: bool = False
    is_array: bool = False


LIMIT_NAMES = tuple(f"{name}_{side}" for name in LIMITED for side in ("lolim", "hilim"))
#: Units as people write them → as astropy does.
_SPELLED = {
    "counts": "ct", "cts": "ct", "sec": "s", "secs": "s", "seconds": "s", "ksec": "ks", "degrees": "deg",
    "degree": "deg", "degs": "deg", "kev": "keV", "ev": "eV", "arcmins": "arcmin", "arcminutes": "arcmin",
}  # fmt: skip
_HOURS = {"h", "hr", "hour", "hours", "hourangle"}
#: Variables whose UCD says more than "some temperature" or "some redshift".
_TELLING_UCDS = ("powlaw_gamma", "var_prob_b", "var_index_b", "flux_significance_b")


def _quantities() -> dict[str, Quantity]:
    told = {
        "name": Quantity(
            is_text=True, ucd="meta.id;meta.main",
            names=("name", "source", "source_name", "main_id", "object", "iauname", "designation", "src_name",
                   "target"),
        ),
        "ra": Quantity(
            unit="deg", lowest=0, highest=360, ucd="pos.eq.ra",
            names=("ra", "raj2000", "_raj2000", "ra_j2000", "ra_icrs", "ra_deg", "radeg", "right_ascension"),
        ),
        "dec": Quantity(
            unit="deg", lowest=-90, highest=90, ucd="pos.eq.dec",
            names=("dec", "dej2000", "_dej2000", "decj2000", "dec_j2000", "dec_icrs", "de_icrs", "dec_deg", "dedeg",
                   "declination", "decl"),
        ),
        "source_class": Quantity(
            is_text=True, ucd="src.class",
            names=("source_class", "class", "type", "otype", "main_type", "object_type", "src_class"),
        ),
        "obsid": Quantity(names=("obsid", "obs_id"), ucd="meta.id;obs", lowest=0, highest=999_999_999),
        "detector": Quantity(is_text=True, names=("detector", "detnam"), ucd="instr.det"),
        "year": Quantity(unit="yr", names=("year",), lowest=1990, highest=2100),
        "theta_arcmin": Quantity(
            unit="arcmin", names=("theta_arcmin", "theta", "off_axis", "offaxis"), lowest=0, highest=60
        ),
        "exposure_s": Quantity(
            unit="s", names=("exposure_s", "exposure", "livetime", "exptime", "exposure_time"), lowest=0, highest=1e10,
            ucd="time.duration;obs.exposure",
        ),
        "spectrum": Quantity(is_array=True, names=("spectrum", "spectra", "counts", "spec", "rate")),
        "background": Quantity(is_array=True, names=("background", "bkg", "background_counts")),
        "energy_edges": Quantity(unit="keV", is_array=True, names=("energy_edges", "edges", "edges_kev", "e_edges")),
        "energy_low": Quantity(unit="keV", is_array=True, names=("energy_low", "energ_lo", "e_min", "energy_lo")),
        "energy_high": Quantity(unit="keV", is_array=True, names=("energy_high", "energ_hi", "e_max", "energy_hi")),
    }  # fmt: skip
    for name in VARIABLE_NAMES:
        known = BY_NAME[name]
        low, high = known.valid_range
        ucd = known.ucd if name in _TELLING_UCDS else ""
        told[name] = Quantity(unit=known.unit, names=(name,), ucd=ucd, lowest=low, highest=high)
        for limit in (f"{name}_lolim", f"{name}_hilim"):
            if limit in LIMIT_NAMES:
                told[limit] = Quantity(unit=known.unit, names=(limit,), lowest=low, highest=high)
    return told


QUANTITIES: dict[str, Quantity] = _quantities()


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
        return self.values.get(name, np.full(self.table.n_rows, "", dtype=np.str_))

    def number(self, name: str) -> NDArray[np.float64]:
        """A quantity as numbers; NaN throughout where no column holds it."""
        return self.values.get(name, np.full(self.table.n_rows, np.nan))


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
    notes += [f"column {theirs} taken for {ours} ({why})" for ours, (theirs, why) in guessed.items()]
    columns = {**{ours: theirs for ours, (theirs, _) in guessed.items()}, **chosen}
    values = {}
    for ours in QUANTITIES:
        if ours in columns:
            column = table.columns[columns[ours]]
            values[ours] = _converted(table, ours, column, said.get(column.name), notes)
    return MappedTable(table=table, columns=columns, values=values, notes=tuple(notes))


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
                  and table.columns[name].ucd.lower().startswith(quantity.ucd)]  # fmt: skip
        main = [name for name in marked if table.columns[name].ucd.lower().endswith("meta.main")] or marked
        if len(main) == 1:
            found[ours] = (main[0], f"by its UCD {table.columns[main[0]].ucd}")
    return found


def _fits(quantity: Quantity, column: Column) -> bool:
    """Whether a column that nobody has named can hold such values: text for numbers only where it is a position."""
    if quantity.is_array:
        return column.is_array
    return not column.is_array and (not column.is_text or quantity.is_text or quantity.unit == "deg")


def _converted(table: SourceTable, ours: str, column: Column, said: str | None, notes: list[str]) -> Any:
    quantity = QUANTITIES[ours]
    if quantity.is_text:
        return _as_text(table, column)
    if quantity.is_array:
        return _as_arrays(table, ours, column, said)
    if column.is_array:
        raise table.error(f"column {column.name} holds arrays; {ours} is one number", remedy="Name another column.")
    if column.is_text and ours in ("ra", "dec"):
        return _angles(table, ours, column)
    if column.is_text:
        cell = next(text for text in column.values if text)
        raise table.error(f"column {column.name} holds text such as {cell!r}; {ours} is a number")
    values = _in_our_unit(table, ours, column, np.asarray(column.values, np.float64), said, notes)
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


def _as_arrays(table: SourceTable, ours: str, column: Column, said: str | None) -> list[NDArray[np.float64]]:
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
    flat = _in_our_unit(table, ours, column, flat, said, [])
    return list(np.split(flat, np.cumsum([len(row) for row in rows])[:-1]))


def _in_our_unit(
    table: SourceTable, ours: str, column: Column, values: NDArray[np.float64], said: str | None, notes: list[str]
) -> NDArray[np.float64]:
    """Values in our unit, by the unit that the person says, else by the file's, else by a name that we know.

    A column of a pure number needs no unit; if it has one, that must be a pure number too, such as per cent.
    """
    from astropy import units as u

    wanted = QUANTITIES[ours].unit
    written = said if said is not None else column.unit
    if not written:
        if wanted and plain_name(column.name) not in QUANTITIES[ours].names:
            raise table.error(
                f"column {column.name} has no unit; {ours} needs one",
                remedy=f"Say it: --unit '{column.name}={wanted}'.",
            )
        if wanted:
            notes.append(f"column {column.name} has no unit: taken for {wanted}")
        return values
    given = u.hourangle if ours == "ra" and written.lower() in _HOURS else _unit(table, column, written)
    try:
        factorless = u.Quantity(values, given).to_value(u.Unit(wanted), equivalencies=u.temperature_energy())
    except u.UnitConversionError as problem:
        raise table.error(
            f"column {column.name} is in {written!r}, which is no {wanted or 'pure number'} for {ours}",
            remedy=f"Name another column, or say its unit: --unit '{column.name}=…'.",
        ) from problem
    return np.asarray(factorless, np.float64)


def _unit(table: SourceTable, column: Column, written: str) -> Any:
    """A unit in any of the ways that files write one."""
    from astropy import units as u

    text = _SPELLED.get(written.strip().lower(), written.strip())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        for style in ("generic", "vounit", "fits", "cds", "ogip"):
            try:
                return u.Unit(text, format=style, parse_strict="raise")
            except (ValueError, TypeError, KeyError):
                continue
    raise table.error(
        f"column {column.name} is in {written!r}, a unit that nobody knows",
        remedy=f"Say it in astropy's words, such as --unit '{column.name}=cm-2'.",
    )


def _angles(table: SourceTable, ours: str, column: Column) -> NDArray[np.float64]:
    """Sexagesimal positions: hours for right ascension, degrees for declination; letters may say otherwise."""
    from astropy import units as u
    from astropy.coordinates import Angle

    values = np.full(len(column.values), np.nan)
    usual = u.hourangle if ours == "ra" else u.deg
    highest = QUANTITIES[ours].highest
    for row, cell in enumerate(column.values):
        text = str(cell).replace("−", "-").strip()
        if not text:
            continue
        try:
            value = float(Angle(text, unit=usual).deg)
        except (ValueError, TypeError) as problem:
            raise table.error(
                f"column {column.name}, row {row + 1}: {text[:40]!r} is no angle for {ours}",
                remedy="Write degrees, or hours and degrees like 10:20:30.5 and -40:50:10.",
            ) from problem
        if not QUANTITIES[ours].lowest <= value <= highest:
            raise table.error(f"column {column.name}, row {row + 1}: {text[:40]!r} is beyond what {ours} can be")
        values[row] = value
    return values
