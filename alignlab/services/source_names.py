"""Finding a source by what somebody typed."""

from __future__ import annotations

from alignlab.errors import AlignlabError
from alignlab.store.survey import Survey


def find_source(survey: Survey, query: str, *, by_index: bool = True) -> int:
    """Find a source by its name (spaces and case do not matter, a unique part will do) or by its index.

    ``NAME @OBSID`` tells one observation of a source from the others; without it the first is found.

    Parameters
    ----------
    survey : Survey
    query : str
    by_index : bool
        Whether a bare number may be an index.

    Raises
    ------
    AlignlabError
        If there is none, or several begin so; the message names some.
    """
    name, _, obsid = query.rpartition("@")
    if name and "obsid" in survey.sources:
        return _observation(survey, name, obsid.strip())
    wanted = _folded(query)
    names = [_folded(name) for name in survey.sources["name"]]
    if wanted in names:
        return names.index(wanted)
    if by_index and wanted.isdigit() and int(wanted) < survey.n_sources:
        return int(wanted)
    matches = [i for i, name in enumerate(names) if wanted and wanted in name]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise AlignlabError(
            f"No source of survey {survey.name!r} is called {query!r}.",
            remedy="Give a name, a unique part of one, or an index from 0.",
        )
    some = ", ".join(survey.sources["name"].iloc[matches[:5]])
    raise AlignlabError(f"{len(matches)} sources match {query!r}: {some}…", remedy="Give more of the name.")


def source_label(survey: Survey, index: int) -> str:
    """What `find_source` finds exactly this source by: its name, with its ObsID where several have that name."""
    names = survey.sources["name"]
    name = str(names.iloc[index])
    if "obsid" in survey.sources and int((names == name).sum()) > 1:
        return f"{name} @{survey.sources['obsid'].iloc[index]}"
    return name


def _observation(survey: Survey, name: str, obsid: str) -> int:
    wanted = _folded(name)
    observed = [i for i, known in enumerate(survey.sources["obsid"].astype(str)) if known == obsid]
    found = [i for i in observed if _folded(survey.sources["name"].iloc[i]) == wanted]
    if not found:
        raise AlignlabError(
            f"Survey {survey.name!r} has no observation {obsid} of {name.strip()!r}.", remedy="Leave out the ObsID."
        )
    return found[0]


def _folded(name: str) -> str:
    # A plus sign in an address that was typed by hand arrives as a space.
    return name.replace(" ", "").replace("+", "").casefold()
