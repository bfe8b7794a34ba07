"""Sources by name, however it is typed: in any case, with or without spaces, prefix and the right kind of minus."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from alignlab.services.search_hits import NameHit, NameReading, found, surveys_of
from alignlab.services.workspace import Workspace
from alignlab.store.survey import Survey

_MINUS = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
#: Prefixes of names made of coordinates: catalogue, and the J of the equinox.
_PREFIX = re.compile(r"(?:\d?(?:cxou?|sim|csc|xmmu?|chandra)(?:j|-)?|j)(?=\d)")
_ORDER = ("exact", "begins", "obsid", "part")


def find_by_name(workspace: Workspace, query: str, *, limit: int = 50) -> NameReading:
    """Find the sources whose name is the query, begins so or holds it, and those with this ObsID.

    Parameters
    ----------
    workspace : Workspace
        Its own sources and those of the surveys laid over it.
    query : str
    limit : int
        Most hits that are returned.
    """
    wanted = fold_name(query)
    if not re.search(r"[^\W_]", wanted):
        return NameReading(hits=(), n_found=0)
    places = []
    for number, (overlay, survey) in enumerate(surveys_of(workspace)):
        for index, how in _matches(survey, wanted):
            places.append((_ORDER.index(how), number, index, overlay, survey, how))
    # What is laid over is what somebody has brought along: among equals it comes first.
    places.sort(key=lambda place: (place[0], -place[1], place[2]))
    hits = [NameHit(source=found(place[3], place[4], place[2]), how=place[5]) for place in places[:limit]]
    return NameReading(hits=tuple(hits), n_found=len(places))


def fold_name(name: str) -> str:
    """A name in the form in which names are compared: no spaces, lower case, plain minus signs."""
    plain = unicodedata.normalize("NFKC", name.translate(_MINUS)).translate(_MINUS)
    return re.sub(r"[\s_'\"]+", "", plain).casefold()


def without_prefix(folded: str) -> str:
    """A folded name without the catalogue's letters in front of its coordinates."""
    return _PREFIX.sub("", folded, count=1) if _PREFIX.match(folded) else folded


def _matches(survey: Survey, wanted: str) -> list[tuple[int, str]]:
    bare, loose = without_prefix(wanted), _loose(wanted)
    obsid = int(wanted) if re.fullmatch(r"\d{1,9}", wanted) else 0
    obsids = survey.sources["obsid"].tolist() if obsid and "obsid" in survey.sources else []
    matches = []
    for index, (folded, own, own_loose) in enumerate(_folded_names(survey)):
        if wanted == folded or bare == own or own_loose == loose:
            matches.append((index, "exact"))
        elif own.startswith(bare):
            matches.append((index, "begins"))
        elif obsids and obsids[index] == obsid:
            matches.append((index, "obsid"))
        elif bare in folded or (len(loose) > 2 and loose in own_loose):
            matches.append((index, "part"))
    return matches


@lru_cache(maxsize=8)
def _folded_names(survey: Survey) -> tuple[tuple[str, str, str], ...]:
    """Each source's name folded, without its prefix, and loosely; folded once, since it takes 5 µs a name."""
    folded = [fold_name(name) for name in survey.sources["name"].tolist()]
    return tuple((name, without_prefix(name), _loose(name)) for name in folded)


def _loose(folded: str) -> str:
    """Letters and digits; a minus stays only where it is the sign of a declination in a name made of coordinates."""
    return re.sub(r"(?<=\d)-(?=\d)", "~", folded).replace("-", "").replace("~", "-")
