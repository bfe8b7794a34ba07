"""Which detections of the Chandra Source Catalog are wanted, as ADQL that its service understands.

The service knows joins of tables in WHERE and no geometry of the sky, so that a cone is asked for as a box and cut
out here.
"""

from __future__ import annotations

import math
from collections.abc import Collection as Set
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.ingest.csc_table import FLAGS, number
from alignlab.variables import LIMIT_NAMES, VARIABLE_NAMES

#: Of the table of sources, and of that of detections: without these a row is of no use.
SOURCE_COLUMNS = ("name", "ra", "dec", "err_ellipse_r0")
NEEDED_COLUMNS = ("obsid", "obi", "region_id", "instrument", "detector", "theta", "livetime", "gti_mjd_obs")
#: Of detections: asked for where the release has them.
WANTED_COLUMNS = (*NEEDED_COLUMNS, *VARIABLE_NAMES, *LIMIT_NAMES, *FLAGS)
#: A source's detections, as the catalogue's own tools join them: through the stacks of observations it was found in.
_JOIN = (
    "{s}.master_source m, {s}.master_stack_assoc a, {s}.stack_source s, {s}.stack_observation_assoc b, "
    "{s}.observation_source o WHERE m.name = a.name AND a.match_type = 'u' "
    "AND s.detect_stack_id = a.detect_stack_id AND s.region_id = a.region_id "
    "AND s.detect_stack_id = b.detect_stack_id AND s.region_id = b.region_id "
    "AND o.obsid = b.obsid AND o.obi = b.obi AND o.region_id = b.region_id"
)
#: So that rounding never leaves a source out of the box.
_MARGIN_DEG = 1e-5


@dataclass(frozen=True, kw_only=True)
class Cone:
    """A circle on the sky, in degrees and arcmin (ICRS)."""

    ra: float
    dec: float
    radius_arcmin: float

    def condition(self) -> str:
        """ADQL for a box around the circle."""
        radius = self.radius_arcmin / 60 + _MARGIN_DEG
        low, high = self.dec - radius, self.dec + radius
        dec = f"m.dec BETWEEN {max(low, -90.0):.8f} AND {min(high, 90.0):.8f}"
        if low <= -90 or high >= 90:
            return dec
        sine = math.sin(math.radians(radius)) / math.cos(math.radians(self.dec))
        half = math.degrees(math.asin(sine)) + _MARGIN_DEG
        west, east = self.ra - half, self.ra + half
        if west < 0 or east > 360:
            return f"{dec} AND (m.ra >= {west % 360:.8f} OR m.ra <= {east % 360:.8f})"
        return f"{dec} AND m.ra BETWEEN {west:.8f} AND {east:.8f}"

    def holds(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the places, in degrees, lie in the circle."""
        here = np.radians(self.dec)
        there, apart = np.radians(dec), np.radians(ra - self.ra)
        square = np.sin((there - here) / 2) ** 2 + np.cos(here) * np.cos(there) * np.sin(apart / 2) ** 2
        separation = 2 * np.degrees(np.arcsin(np.sqrt(np.clip(square, 0.0, 1.0))))
        return separation * 60 <= self.radius_arcmin


def read_cone(text: str) -> Cone | None:
    """A circle from "ra dec radius_arcmin", in degrees or as 05:35:17.3 -05:23:28; None from an empty text.

    Raises
    ------
    AlignlabError
        If it is anything else.
    """
    if not text.strip():
        return None
    remedy = 'Write right ascension, declination and radius in arcmin, such as "83.82 -5.39 10".'
    parts = text.replace(",", " ").split()
    if len(parts) != 3:
        raise AlignlabError(f"A circle on the sky has three numbers, not {text!r}", remedy=remedy)
    try:
        ra, dec = (_degrees(part, hours) for part, hours in zip(parts[:2], (True, False), strict=True))
        radius = float(parts[2])
    except ValueError as error:
        raise AlignlabError(f"{text!r} is no circle on the sky ({error})", remedy=remedy) from error
    if not (0 <= ra <= 360 and -90 <= dec <= 90 and 0 < radius <= 10_800):
        raise AlignlabError(f"{text!r} is no circle on the sky", remedy=remedy)
    return Cone(ra=ra, dec=dec, radius_arcmin=radius)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Detections that are wanted: of these names, or in this circle, or anywhere; above and within the limits.

    Attributes
    ----------
    names : tuple of str
    cone : Cone or None
    min_significance : float
        Smallest ``flux_significance_b``.
    max_theta_arcmin : float
        Largest angle off the axis.
    without_gratings : bool
    """

    names: tuple[str, ...] = ()
    cone: Cone | None = None
    min_significance: float = 5.0
    max_theta_arcmin: float = 5.0
    without_gratings: bool = True

    def question(self, schema: str, known: Set[str], *, after: DetectionId | None, n_rows: int) -> str:
        """ADQL for the next `n_rows` detections in the order of their ids, with those columns that are known."""
        columns = [f"m.{name}" for name in SOURCE_COLUMNS]
        columns += [f"o.{name}" for name in WANTED_COLUMNS if name in known]
        return (
            f"SELECT TOP {n_rows} {', '.join(columns)} FROM {self._from(schema, known)}"
            f"{'' if after is None else f' AND {after.condition()}'} ORDER BY o.obsid, o.obi, o.region_id, m.name"
        )

    def count(self, schema: str, known: Set[str]) -> str:
        """ADQL for their number; of a circle, those in the corners of the box around it are counted too."""
        return f"SELECT COUNT(*) AS n FROM {self._from(schema, known)}"

    def _from(self, schema: str, known: Set[str]) -> str:
        conditions = [
            "o.instrument = 'ACIS'",
            f"o.flux_significance_b >= {self.min_significance:g}",
            f"o.theta <= {self.max_theta_arcmin:g}",
        ]
        # A release that has no such column has no observations with gratings.
        if self.without_gratings and "grating" in known:
            conditions.append("o.grating = 'NONE'")
        if self.names:
            conditions.append(f"m.name IN ({', '.join(_quoted(name) for name in self.names)})")
        if self.cone is not None:
            conditions.append(self.cone.condition())
        return " AND ".join([_JOIN.format(s=schema), *conditions])

    def cut(self, table: pd.DataFrame) -> pd.DataFrame:
        """Those rows of an answer that are wanted: all, or those in the circle."""
        if self.cone is None:
            return table
        return table[self.cone.holds(number(table, "ra"), number(table, "dec"))].reset_index(drop=True)


@dataclass(frozen=True, order=True)
class DetectionId:
    """What tells a detection from all others of a release, and the order in which they are asked for."""

    obsid: int
    obi: int
    region_id: int

    def condition(self) -> str:
        """ADQL for all detections after this one."""
        return (
            f"(o.obsid > {self.obsid} OR (o.obsid = {self.obsid} AND (o.obi > {self.obi} "
            f"OR (o.obi = {self.obi} AND o.region_id > {self.region_id}))))"
        )


def _degrees(text: str, hours: bool) -> float:
    if ":" not in text:
        return float(text)
    sign = -1.0 if text.startswith("-") else 1.0
    parts = [float(part) for part in text.lstrip("+-").split(":")]
    value = sum(part / 60**i for i, part in enumerate(parts))
    return sign * value * (15.0 if hours else 1.0)


def _quoted(name: str) -> str:
    escaped = name.replace("'", "''")
    return f"'{escaped}'"
