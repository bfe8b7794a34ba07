"""Selections that are kept in the Lab: under a name that a person chose, or under a short code for a link."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.store.lab import Lab

#: Names of selections that were kept for a link begin so; people's lists leave them out.
LINK_PREFIX = "link-"


def keep_for_link(lab: Lab, survey: str, mask: NDArray[np.bool_]) -> str:
    """Keep a selection so that a link can name it; the same sources always have the same name."""
    digest = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:10]
    name = f"{LINK_PREFIX}{digest}"
    if lab.selection(survey, name) is None:
        lab.save_selection(survey, name, mask)
    return name


def kept_selection(lab: Lab, survey: str, name: str, n_sources: int) -> NDArray[np.bool_]:
    """The selection of this name.

    Raises
    ------
    AlignlabError
        If there is none, or it was made when the survey held other sources.
    """
    mask = lab.selection(survey, name)
    if mask is None:
        raise AlignlabError(
            f"The selection {name!r} is not kept in this Lab.", remedy="Ask for it as a table, or for the lasso's link."
        )
    if len(mask) != n_sources:
        raise AlignlabError(
            f"The selection {name!r} is of {len(mask):,} sources; survey {survey!r} now has {n_sources:,}.",
            remedy="Make it again.",
        )
    return mask


def named_selections(lab: Lab, survey: str) -> list[str]:
    """Names that people gave, in order."""
    return [name for name in lab.selection_names(survey) if not name.startswith(LINK_PREFIX)]
