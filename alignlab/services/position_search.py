"""Sources by position, in any way in which astronomers write one."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.name_search import fold_name
from alignlab.services.search_hits import PositionHit, PositionReading, found, surveys_of
from alignlab.services.workspace import Workspace

#: Radii that a person may choose, in arcmin.
RADII_ARCMIN = (0.1, 1.0, 5.0, 30.0, 120.0)
_GALACTIC = re.compile(r"\b(?:galactic|gal|glon|glat)\b|\bl\s*=|\bb\s*=|^\s*l\s+[-+\d]", re.IGNORECASE)
_LABELS = re.compile(
    r"\b(?:galactic|gal|glon|glat|icrs|fk5|j2000(?:\.0)?(?=[\s)]*$)|ra|dec|decl|r\.a\.|l|b)\b\.?\s*[=:]?", re.IGNORECASE
)
_SIGNS = str.maketrans("‐‑‒–—−°′’″”", "------d''\"\"")
_NUMBER = r"[-+]?\d+(?:\.\d*)?"
_FIELDS = re.compile(rf"{_NUMBER}(?:[\s:,]+{_NUMBER})*")
_UNITS = re.compile(r"(?:deg|degrees?|hours?|hourangle|rad|hms|dms|[dhms'\"])", re.IGNORECASE)
_NAME_OF_COORDINATES = re.compile(r"j(\d{2})(\d{2})(\d{2}(?:\.\d*)?)([-+])(\d{2})(\d{2})(\d{2}(?:\.\d*)?)?")


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place on the sky, ICRS in degrees, and how it was read."""

    ra: float
    dec: float
    read_as: str


def read_position(query: str) -> Position | None:
    """Read a query as a position; None where it is none.

    Understood are decimal degrees, sexagesimal hours and degrees (with colons, spaces or letters), values with units,
    galactic coordinates when the query says so (``galactic 121.2 -21.6``, ``l=121.2 b=-21.6``), and names made of
    coordinates (``2CXO J004244.3+411609``).

    Raises
    ------
    AlignlabError
        If it is written like a position, but is none on the sky.
    """
    named = _NAME_OF_COORDINATES.search(fold_name(query))
    if named:
        h, m, s, sign, d, dm, ds = named.groups()
        return _parse(f"{h}h{m}m{s}s {sign}{d}d{dm}m{ds or 0}s", None, "equatorial, from the name", galactic=False)
    galactic = bool(_GALACTIC.search(query))
    text = _LABELS.sub(" ", query.translate(_SIGNS)).strip(" ,;()")
    text = re.sub(r"\s*[,;]\s*", " ", re.sub(r"\s+", " ", text))
    if not re.search(r"\d", text) or not re.fullmatch(r"[-+\d.:\s]*(?:[a-zA-Z'\"]+[-+\d.:\s]*)*", text):
        return None
    if letters := re.findall(r"[a-zA-Z]+|['\"]+", text):
        if not all(_UNITS.fullmatch(letter) for letter in letters):
            return None
        text = _joined(text)
        how = "hours and degrees" if re.search(r"\dh|hour|hms", text.replace(" ", ""), re.IGNORECASE) else "as given"
        return _parse(text, None, f"{_frame(galactic)}, {how}", galactic=galactic)
    if not _FIELDS.fullmatch(text):
        return None
    n = len(re.split(r"[\s:]+", text))
    if n == 2 and ":" not in text:
        return _parse(text, ("deg", "deg"), f"{_frame(galactic)}, degrees", galactic=galactic)
    if n not in (4, 6):
        return None
    in_hours = not galactic and float(re.split(r"[\s:]+", text)[0]) < 24
    units = ("hourangle" if in_hours else "deg", "deg")
    how = "hours and degrees" if in_hours else "degrees, minutes, seconds"
    return _parse(_halves(text, n), units, f"{_frame(galactic)}, {how}", galactic=galactic)


def find_by_position(
    workspace: Workspace, position: Position, *, radius_arcmin: float = 5.0, limit: int = 50
) -> PositionReading:
    """Find the sources in a cone, the nearest first; sources without a position are never in it.

    Raises
    ------
    AlignlabError
        If the radius is not between 0 and 180 degrees.
    """
    if not 0 < radius_arcmin <= 180 * 60:
        raise AlignlabError(f"A radius of {radius_arcmin} arcmin is no cone.", remedy="Give more than 0 arcmin.")
    near: list[tuple[float, str | None, int]] = []
    nearest: list[tuple[float, str | None, int]] = []
    n_found = 0
    surveys = dict(surveys_of(workspace))
    for overlay, survey in surveys.items():
        ra, dec = (survey.sources[c].to_numpy(np.float64) for c in ("ra", "dec"))
        separation = separation_arcsec(position.ra, position.dec, ra, dec)
        known = np.flatnonzero(np.isfinite(separation))
        if not len(known):
            continue
        order = known[np.argsort(separation[known], kind="stable")]
        nearest.append((float(separation[order[0]]), overlay, int(order[0])))
        inside = order[separation[order] <= 60 * radius_arcmin]
        n_found += len(inside)
        near += [(float(separation[i]), overlay, int(i)) for i in inside[:limit]]

    def hit(place: tuple[float, str | None, int]) -> PositionHit:
        distance, overlay, index = place
        return PositionHit(source=found(overlay, surveys[overlay], index), separation_arcsec=distance)

    near.sort(key=lambda place: place[0])
    return PositionReading(
        ra=position.ra,
        dec=position.dec,
        read_as=position.read_as,
        radius_arcmin=radius_arcmin,
        hits=tuple(map(hit, near[:limit])),
        n_found=n_found,
        nearest=hit(min(nearest, key=lambda place: place[0])) if nearest else None,
    )


def separation_arcsec(
    ra: float, dec: float, others_ra: NDArray[np.float64], others_dec: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Great-circle distances in arcsec between a position and others, all in degrees (Vincenty's formula).

    NaN where a position is NaN.
    """
    a, b = np.radians(dec), np.radians(others_dec)
    turn = np.radians(others_ra - ra)
    across = np.hypot(np.cos(b) * np.sin(turn), np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(turn))
    along = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(turn)
    return np.degrees(np.arctan2(across, along)) * 3600


def _parse(text: str, units: tuple[str, str] | None, read_as: str, *, galactic: bool) -> Position | None:
    # Imported here: astropy's coordinates take a second, which a search for words need not wait for.
    from astropy.coordinates import SkyCoord

    frame = "galactic" if galactic else "icrs"
    try:
        place = SkyCoord(text, frame=frame) if units is None else SkyCoord(text, unit=units, frame=frame)
        place = place.icrs
        ra, dec = float(place.ra.deg), float(place.dec.deg)
    except (ValueError, TypeError, IndexError) as error:
        if units is None and "Latitude" not in str(error):
            return None
        raise AlignlabError(
            f"{text} is written like a position, but is none on the sky.",
            remedy="Right ascension runs from 0 to 360° (24 h), declination from −90° to 90°.",
        ) from error
    return Position(ra=ra, dec=dec, read_as=read_as) if np.isfinite([ra, dec]).all() else None


def _halves(text: str, n_fields: int) -> str:
    """Two coordinates, each of half the fields, as astropy reads them: ``10:20:30 +40:50:10``."""
    fields = re.split(r"[\s:]+", text)
    return " ".join(":".join(half) for half in (fields[: n_fields // 2], fields[n_fields // 2 :]))


def _joined(text: str) -> str:
    """Numbers with their units as two words, as astropy reads them: ``10 h 20 m +40 d 50 m`` is ``10h20m +40d50m``."""
    fields = re.sub(r"(?<=\d)\s+(?=[a-zA-Z'\"])", "", text).split(" ")
    half = len(fields) // 2
    return text if len(fields) % 2 else " ".join("".join(part) for part in (fields[:half], fields[half:]))


def _frame(galactic: bool) -> str:
    return "galactic" if galactic else "equatorial (ICRS)"
