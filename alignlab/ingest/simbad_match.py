"""Which object of SIMBAD is a source: by separation against the errors of both positions, and by identifiers.

An object is a candidate if it lies within the radius that holds the true separation in 95% of cases, which is made of
the source's error circle and the object's own error in quadrature, and lies between a floor and a cap. Each candidate
weighs as much as the density of a Gaussian of that size at its separation, and more if it is known in X-rays; the share
of the heaviest says how clear the case is. An identifier of the source that SIMBAD knows decides before that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Radius that holds 95% of a circular Gaussian, in its standard deviations: sqrt(-2 ln 0.05).
SIGMAS_95 = math.sqrt(-2 * math.log(0.05))
#: Typical time between the epoch of SIMBAD's positions (2000) and a Chandra observation.
EPOCH_YEARS = 10.0
#: A candidate with less than this share of the weight is not taken for a rival.
NEGLIGIBLE_SHARE = 0.01
_XRAY_NAME = re.compile(
    r"\d?CXO|\d?RXS|RX J|\dXMM|XMMU|XMMSL|\dSXPS|SWIFT J|\dERASS|EXO |1E |2E |1ES |\d[HUA] |IGR J|SAX J|AX J",
    re.IGNORECASE,
)
#: An entry that only says that there is an X-ray source is no likelier for that: what it is stands in another.
_ONLY_XRAY = "X"
_XRAY_TYPES = frozenset({"ULX", "UX?", "XB*", "XB?", "LXB", "LX?", "HXB", "HX?"})
_NOT_AN_OBJECT = "err"


@dataclass(frozen=True, kw_only=True)
class MatchRule:
    """How candidates are judged.

    Attributes
    ----------
    floor_arcsec, cap_arcsec : float
        Between these lies the radius, whatever the errors: a floor for what no error tells (offsets of frames,
        extent), a cap for what is no longer a match.
    source_error_arcsec : float
        Radius of the 95% error circle of sources that come without one.
    object_error_arcsec : float
        Error (one sigma) of objects that SIMBAD tells none of.
    xray_weight : float
        How many times an object counts that is known in X-rays, unless that is all that is known of it.
    least_share : float
        The match is ambiguous unless its candidate has at least this share of all candidates' weight.
    """

    floor_arcsec: float = 1.0
    cap_arcsec: float = 10.0
    source_error_arcsec: float = 1.0
    object_error_arcsec: float = 0.5
    xray_weight: float = 10.0
    least_share: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a source is matched with.

    Attributes
    ----------
    candidates : tuple of dict
        The objects as SIMBAD tells them, with ``separation_arcsec``, ``radius_arcsec``, ``share`` of the weight and
        ``is_named`` (by an identifier of the source); the best first. Empty where there is none.
    is_ambiguous : bool
        Whether another one could as well be it, or name and position do not agree.
    """

    candidates: tuple[dict[str, Any], ...]
    is_ambiguous: bool

    @property
    def rivals(self) -> tuple[dict[str, Any], ...]:
        """Candidates that are not out of the question, the best among them."""
        return tuple(c for i, c in enumerate(self.candidates) if i == 0 or c["share"] >= NEGLIGIBLE_SHARE)


def separation_arcsec(ra: ArrayLike, dec: ArrayLike, other_ra: ArrayLike, other_dec: ArrayLike) -> NDArray[np.float64]:
    """Great-circle separation of positions in deg, by Vincenty's formula: exact at poles and antipodes, too."""
    a, b = np.radians(np.asarray(dec, float)), np.radians(np.asarray(other_dec, float))
    across = np.radians(np.asarray(other_ra, float) - np.asarray(ra, float))
    y = np.hypot(np.cos(b) * np.sin(across), np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(across))
    x = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(across)
    return np.asarray(np.degrees(np.arctan2(y, x)) * 3600.0)


def match_radius_arcsec(error_arcsec: float | None, candidate: dict[str, Any], rule: MatchRule) -> float:
    """Radius within which an object is a candidate for a source with this 95% error circle."""
    mine = rule.source_error_arcsec if error_arcsec is None or not error_arcsec > 0 else error_arcsec
    told = candidate["error_arcsec"]
    theirs = rule.object_error_arcsec if told is None else told
    moved = EPOCH_YEARS * candidate["motion_arcsec_yr"]
    radius = math.hypot(mine, SIGMAS_95 * theirs, SIGMAS_95 * moved)
    return min(max(radius, rule.floor_arcsec), rule.cap_arcsec)


def match_source(
    ra: float,
    dec: float,
    error_arcsec: float | None,
    near: Sequence[dict[str, Any]],
    named: Sequence[dict[str, Any]],
    *,
    rule: MatchRule,
) -> Match:
    """Judge the objects near a source and those that have one of its identifiers.

    Parameters
    ----------
    ra, dec : float
        Deg.
    error_arcsec : float or None
        Radius of the source's 95% error circle.
    near, named : sequence of dict
        As `alignlab.ingest.simbad.Simbad` tells them; an object may be in both.
    rule : MatchRule
    """
    names = {row["oid"] for row in named}
    objects = {row["oid"]: row for row in [*near, *named] if row["otype"] != _NOT_AN_OBJECT}
    placed = [row for row in objects.values() if row["ra"] is not None and row["dec"] is not None]
    if not placed:
        return Match(candidates=(), is_ambiguous=False)
    apart = separation_arcsec(ra, dec, [row["ra"] for row in placed], [row["dec"] for row in placed])
    candidates = []
    for row, separation in zip(placed, apart.tolist(), strict=True):
        radius, is_named = match_radius_arcsec(error_arcsec, row, rule), row["oid"] in names
        if separation <= radius or is_named:
            weight = _weight(row, separation, radius, rule)
            told = {"separation_arcsec": separation, "radius_arcsec": radius, "is_named": is_named}
            candidates.append((row | told, weight))
    return _judged(candidates, rule)


def _weight(row: dict[str, Any], separation: float, radius: float, rule: MatchRule) -> float:
    if separation > radius:
        return 0.0
    is_named = row["otype"] in _XRAY_TYPES or any(_XRAY_NAME.match(alias) for alias in row["aliases"])
    is_xray = is_named and row["otype"] != _ONLY_XRAY
    density = math.exp(-0.5 * (SIGMAS_95 * separation / radius) ** 2) / radius**2
    return density * (rule.xray_weight if is_xray else 1.0)


def _judged(candidates: list[tuple[dict[str, Any], float]], rule: MatchRule) -> Match:
    by_name = [weight for row, weight in candidates if row["is_named"]]
    # A name decides, but not against the sky: an object so named far off leaves the others their weight.
    decides = any(by_name)
    weights = [weight if row["is_named"] or not decides else 0.0 for row, weight in candidates]
    total = sum(weights)
    shared = [
        row | {"share": weight / total if total else 0.0} for (row, _), weight in zip(candidates, weights, strict=True)
    ]
    ranked = sorted(shared, key=lambda row: (-row["share"], row["separation_arcsec"], row["oid"]))
    contradicts = bool(by_name) and not decides
    is_ambiguous = bool(ranked) and (contradicts or ranked[0]["share"] < rule.least_share)
    return Match(candidates=tuple(ranked), is_ambiguous=is_ambiguous)
