"""Groups of sources as one writes them: ``class:ULX``, ``cone:204.25 -29.87 within 6 arcmin``, a selection, names.

The same words stand in the page's address and behind ``alignlab population``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, first_few
from alignlab.services.name_search import fold_name, without_prefix
from alignlab.services.position_search import read_position, separation_arcsec
from alignlab.services.selections import LINK_PREFIX, kept_selection
from alignlab.store.lab import Lab
from alignlab.store.survey import Survey

#: How a group may be chosen: its word, and what follows it.
KINDS: dict[str, str] = {
    "class": "class:ULX, or several: class:HMXB, LMXB",
    "cone": "cone:204.25 -29.87 within 6 arcmin",
    "names": "names:SIM J004244.3+411609, SIM J…",
    "selection": "selection:NAME, kept in the Lab",
    "rest": "rest: all that are not in the first group",
}
REST = "rest"
_ARCSEC = {"arcsec": 1.0, "arcmin": 60.0, "deg": 3600.0}
_CONE = re.compile(rf"(.+?)\s+within\s+([\d.]+)\s*({'|'.join(_ARCSEC)})", re.IGNORECASE)


@dataclass(frozen=True, eq=False, kw_only=True)
class Group:
    """Some sources of a survey, and how they were chosen.

    Attributes
    ----------
    label : str
        What a figure calls them, short.
    request : str
        The words from which the group was read.
    mask : ndarray of bool, (n_sources,)
    notes : tuple of str
        What was asked for and is not there.
    """

    label: str
    request: str
    mask: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of sources."""
        return int(self.mask.sum())


def read_group(survey: Survey, lab: Lab, request: str) -> Group:
    """Find the sources that a request describes; see `KINDS`.

    Raises
    ------
    AlignlabError
        If it cannot be read, or no source is in the group.
    """
    kind, _, what = (part.strip() for part in request.strip().partition(":"))
    if kind not in KINDS or kind == REST:
        raise AlignlabError(
            f"{request!r} describes no group.", remedy=f"Write {'; or '.join(list(KINDS.values())[:4])}."
        )
    if not what:
        raise AlignlabError(f"{request!r} does not say which.", remedy=f"Write {KINDS[kind]}.")
    if kind == "class":
        return _of_classes(survey, request, what)
    if kind == "cone":
        return _in_cone(survey, request, what)
    if kind == "names":
        return named_group(survey, split_names(what), request=request)
    mask = kept_selection(lab, survey.name, what, survey.n_sources)
    label = f"{int(mask.sum()):,} chosen sources" if what.startswith(LINK_PREFIX) else f"selection {what}"
    return _group(label, request, mask)


def rest_of(group: Group) -> Group:
    """All sources that are not in a group.

    Raises
    ------
    AlignlabError
        If there are none.
    """
    return _group("rest of the survey", REST, ~group.mask)


def split_names(text: str) -> list[str]:
    """Names from a text: one a line, or separated by commas, semicolons or tabs; ``#`` begins a comment."""
    lines = (line.split("#")[0] for line in text.splitlines())
    return [name for line in lines for piece in re.split(r"[,;\t]", line) if (name := piece.strip())]


def named_group(survey: Survey, names: Sequence[str], *, request: str = "") -> Group:
    """The sources of these names, however they are written; names that are not there, or of several, are told.

    Raises
    ------
    AlignlabError
        If none is there.
    """
    known: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(survey.sources["name"].tolist()):
        known[_folded(name)].append(index)
    found = {name: known.get(_folded(name), []) for name in names}
    mask = np.zeros(survey.n_sources, dtype=np.bool_)
    mask[[rows[0] for rows in found.values() if len(rows) == 1]] = True
    notes = [
        f"{len(wrong):,} of {len(found):,} names {words}: {first_few(wrong)}."
        for wrong, words in (
            ([name for name, rows in found.items() if not rows], "are not in the survey"),
            ([name for name, rows in found.items() if len(rows) > 1], "belong to several sources"),
        )
        if wrong
    ]
    if not mask.any():
        raise AlignlabError(
            f"Survey {survey.name!r} has none of these sources. {' '.join(notes)}", remedy="See Survey."
        )
    n = int(mask.sum())
    return _group(f"{n:,} named source{'' if n == 1 else 's'}", request or f"names:{', '.join(names)}", mask, notes)


def _of_classes(survey: Survey, request: str, what: str) -> Group:
    classes = survey.sources["source_class"].astype(str)
    known = {str(name).casefold(): str(name) for name in classes.unique() if str(name)}
    asked = [name.strip() for name in what.split(",") if name.strip()]
    if unknown := [name for name in asked if name.casefold() not in known]:
        raise AlignlabError(
            f"No source is of class {unknown[0]!r}.", remedy=f"Choose one of {', '.join(sorted(known.values()))}."
        )
    wanted = [known[name.casefold()] for name in asked]
    return _group(", ".join(wanted), request, classes.isin(wanted).to_numpy())


def _in_cone(survey: Survey, request: str, what: str) -> Group:
    read = _CONE.fullmatch(what)
    position = read_position(read[1]) if read else None
    if read is None or position is None:
        raise AlignlabError(f"{what!r} is no cone on the sky.", remedy=f"Write {KINDS['cone']}.")
    radius, unit = float(read[2]), read[3].lower()
    if not 0 < radius * _ARCSEC[unit] <= 180 * 3600:
        raise AlignlabError(f"A radius of {read[2]} {unit} is no cone.", remedy="Give more than 0 and up to 180 deg.")
    ra, dec = (survey.sources[name].to_numpy(np.float64) for name in ("ra", "dec"))
    # A source without a position is in no cone: NaN is not below the radius.
    mask = separation_arcsec(position.ra, position.dec, ra, dec) <= radius * _ARCSEC[unit]
    if not mask.any():
        raise AlignlabError(f"No source of survey {survey.name!r} lies {what}.", remedy="Give a larger radius.")
    unplaced = int((~np.isfinite(ra + dec)).sum())
    notes = [f"{unplaced:,} sources without a position are in no cone."] if unplaced else []
    label = f"{radius:g} {unit} around {position.ra:.3f} {position.dec:+.3f}".replace("-", "−")
    return _group(label, request, mask, notes)


def _group(label: str, request: str, mask: NDArray[np.bool_], notes: Sequence[str] = ()) -> Group:
    if not mask.any():
        raise AlignlabError(f"No source is in the group {request!r}.", remedy="Choose another.")
    return Group(label=label, request=request, mask=mask, notes=tuple(notes))


def _folded(name: str) -> str:
    return without_prefix(fold_name(str(name)))
