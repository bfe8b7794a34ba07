"""Values of a table's columns in our units, by astropy: an unknown unit is an error that names the column."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.ingest.source_table import Column, SourceTable
from alignlab.ingest.table_columns import plain_name
from alignlab.ingest.table_quantities import QUANTITIES

#: Units as people write them → as astropy does.
_SPELLED = {
    "counts": "ct", "cts": "ct", "sec": "s", "secs": "s", "seconds": "s", "ksec": "ks", "degrees": "deg",
    "degree": "deg", "degs": "deg", "kev": "keV", "ev": "eV", "arcmins": "arcmin", "arcminutes": "arcmin",
}  # fmt: skip
_HOURS = {"h", "hr", "hour", "hours", "hourangle"}


def in_our_unit(
    table: SourceTable,
    ours: str,
    column: Column,
    values: NDArray[np.float64],
    said: str | None,
    assumed: dict[str, list[str]],
) -> NDArray[np.float64]:
    """Values in our unit, by the unit that the person says, else by the file's, else by a name that we know.

    A column of a pure number needs no unit; if it has one, that must be a pure number too, such as per cent.

    Parameters
    ----------
    table : SourceTable
        For messages.
    ours : str
        The quantity (`alignlab.ingest.table_quantities.QUANTITIES`).
    column : Column
    values : ndarray of float64
        Of the column.
    said : str or None
        The unit that a person gave.
    assumed : dict of str to list of str
        Gets the column's name under our unit, where that was taken for want of another.

    Raises
    ------
    InputFileError
        If the unit is unknown, missing, or none of the quantity; the message names the column.
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
            assumed[wanted].append(column.name)
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


def sexagesimal(table: SourceTable, ours: str, column: Column) -> NDArray[np.float64]:
    """Sexagesimal positions: hours for right ascension, degrees for declination; letters may say otherwise.

    Raises
    ------
    InputFileError
        If a cell is no angle, or beyond what is on the sky; the message names the row.
    """
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
