"""Known classes that clusters are held against: all of a survey, eight as in an earlier study, accretors in two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.store.survey import Survey


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """A way to sort sources by what they are known to be.

    Attributes
    ----------
    name : str
        Its key in `LABELLINGS`.
    label : str
        For a person.
    groups : mapping of str to tuple of str
        Group → classes of the survey; empty where every class is a group of its own.
    """

    name: str
    label: str
    groups: Mapping[str, tuple[str, ...]]

    def of(self, survey: Survey) -> NDArray[np.str_]:
        """Group of each source, shape (n,); empty for a source that belongs to none."""
        classes = survey.sources["source_class"].astype(str).to_numpy(dtype=np.str_)
        if not self.groups:
            return classes
        group_of = {name: group for group, members in self.groups.items() for name in members}
        return np.array([group_of.get(name, "") for name in classes], dtype=np.str_)

    def names(self, survey: Survey) -> list[str]:
        """Its groups that have sources, in their order; classes of a survey the most frequent first."""
        found, counts = np.unique(self.of(survey), return_counts=True)
        present = dict(zip(found.tolist(), counts.tolist(), strict=True))
        if self.groups:
            return [name for name in self.groups if name in present]
        return sorted((name for name in present if name), key=lambda name: (-present[name], name))


LABELLINGS: Mapping[str, Labelling] = {
    labelling.name: labelling
    for labelling in (
        Labelling(name="classes", label="all classes", groups={}),
        # Which eight classes the earlier study has is not told in its abstract: these are ours.
        Labelling(
            name="eight",
            label="eight classes",
            groups={
                "AGN": ("AGN", "obscured AGN"),
                "QSO": ("QSO",),
                "star": ("star",),
                "YSO": ("YSO",),
                "HMXB": ("HMXB",),
                "LMXB": ("LMXB",),
                "CV": ("CV",),
                "ULX": ("ULX",),
            },
        ),
        Labelling(
            name="accretors",
            label="AGN against stellar-mass accretors",
            groups={"AGN": ("AGN", "obscured AGN", "QSO"), "stellar-mass accretor": ("HMXB", "LMXB", "CV", "ULX")},
        ),
    )
}
