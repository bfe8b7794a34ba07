"""What a FITS header says about an observation: object, position, ObsID, detector and date."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date

from alignlab.spectra.fits_tables import Table

#: Objects that are names of projects or nothing, not of sources.
_NO_OBJECTS = {"", "csc", "unknown", "none", "test", "object"}
_POSITIONS = (
    ("RA", "DEC"),
    ("RA_OBJ", "DEC_OBJ"),
    ("RA_TARG", "DEC_TARG"),
    ("RA_PNT", "DEC_PNT"),
    ("RA_NOM", "DEC_NOM"),
)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Facts from a header.

    Attributes
    ----------
    object_name : str
        OBJECT, or "" where it names no object.
    ra, dec : float
        Position in degrees, NaN where unknown.
    obsid : int
        Chandra ObsID; 0 where unknown or where several observations were merged.
    n_observations : int
        Number of observations in OBS_ID.
    detector : str
        "ACIS-S", "ACIS-I", another instrument's name, or "".
    chips : str
        DETNAM as written ("ACIS-23678").
    date_obs : str
        DATE-OBS, or "".
    year : float
        DATE-OBS in years, NaN where unknown.
    notes : tuple of str
        What is missing.
    """

    object_name: str
    ra: float
    dec: float
    obsid: int
    n_observations: int
    detector: str
    chips: str
    date_obs: str
    year: float
    notes: tuple[str, ...]


def observation_of(table: Table) -> Observation:
    """Collect the facts from the header of a table; never fails."""
    name = table.text("OBJECT")
    notes = []
    ra, dec, keyword = _position(table)
    if not keyword:
        notes.append("the header gives no position")
    elif keyword.endswith(("PNT", "NOM")):
        notes.append(f"the position is where the telescope pointed ({keyword})")
    ids = [part for part in re.split(r"[,\s]+", table.text("OBS_ID")) if part]
    obsid = int(ids[0]) if len(ids) == 1 and re.fullmatch(r"\d{1,9}", ids[0]) else 0
    if len(ids) > 1:
        notes.append(f"{len(ids)} observations were merged into it")
    date_obs = table.text("DATE-OBS")
    year = decimal_year(date_obs)
    if math.isnan(year):
        notes.append("the header gives no usable DATE-OBS")
    instrument, chips = table.text("INSTRUME").upper(), table.text("DETNAM").upper()
    return Observation(
        object_name="" if name.lower() in _NO_OBJECTS else name[:80], ra=ra, dec=dec, obsid=obsid,
        n_observations=len(ids), detector=acis_array(chips) or instrument[:20], chips=chips, date_obs=date_obs,
        year=year, notes=tuple(notes),
    )  # fmt: skip


def acis_array(*chips: str) -> str:
    """Which part of ACIS a source fell on, from DETNAMs, the most specific first; "" if they do not say.

    One chip decides (0-3 are ACIS-I, 4-9 ACIS-S). A list of the chips that were on is taken for ACIS-I when all
    four of its chips are in it, and for ACIS-S when S3, its aim point, is.
    """
    lists = [match.group(1) for name in chips if (match := re.fullmatch(r"ACIS-(\d+)", name.strip().upper()))]
    for numbers in sorted(lists, key=lambda n: len(n) > 1):
        if set(numbers) <= set("0123") or set("0123") <= set(numbers):
            return "ACIS-I"
        if set(numbers) <= set("456789") or "7" in numbers:
            return "ACIS-S"
    return ""


def decimal_year(date_obs: str) -> float:
    """Year with fraction of an ISO date (time ignored); NaN where it is none."""
    match = re.match(r"(\d{4})-(\d{2})-(\d{2})", date_obs)
    try:
        day = date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        day = None
    if day is None:
        return math.nan
    start = date(day.year, 1, 1)
    return day.year + (day - start).days / 365.25


def _position(table: Table) -> tuple[float, float, str]:
    for ra_keyword, dec_keyword in _POSITIONS:
        ra, dec = table.number(ra_keyword), table.number(dec_keyword)
        if 0 <= ra <= 360 and -90 <= dec <= 90:
            return ra, dec, ra_keyword
    return math.nan, math.nan, ""
