"""What somebody wishes to gather: the few settings that people change, and the command that says the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Literal

from alignlab.services.gather.stages import Given

Where = Literal["Circle", "Names", "Whole catalogue"]
WHERE: tuple[Where, ...] = ("Circle", "Names", "Whole catalogue")
EXTRACTIVE = "extractive"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be gathered.

    Attributes
    ----------
    name : str
        Of the collection and of its survey.
    where : {"Circle", "Names", "Whole catalogue"}
    cone : str
        "ra dec radius_arcmin".
    names : str
        One a line.
    min_significance, max_theta_arcmin : float
    summariser : str
    max_usd : float
        0 for no limit.
    only_with_texts : bool
    """

    name: str
    where: Where = "Circle"
    cone: str = ""
    names: str = ""
    min_significance: float = 5.0
    max_theta_arcmin: float = 5.0
    summariser: str = EXTRACTIVE
    max_usd: float = 0.0
    only_with_texts: bool = True

    @property
    def given(self) -> Given:
        """The settings that it says, by stage."""
        csc: dict[str, Any] = {"min_significance": self.min_significance, "max_theta_arcmin": self.max_theta_arcmin}
        if self.where == "Circle":
            csc["cone"] = self.cone
        elif self.where == "Names":
            csc["names"] = [name.strip() for name in self.names.splitlines() if name.strip()]
        summaries: dict[str, Any] = {"summariser": self.summariser}
        if self.summariser != EXTRACTIVE:
            summaries["max_usd"] = self.max_usd
        return {"csc": csc, "summaries": summaries, "assemble": {"only_with_texts": self.only_with_texts}}

    @property
    def missing(self) -> str:
        """What is to be filled in first; empty where nothing is."""
        if not self.name:
            return "Give the collection a name."
        if self.where == "Circle" and not self.cone.strip():
            return "Give the circle: right ascension, declination, radius in arcmin."
        if self.where == "Names" and not self.names.strip():
            return "Give the sources' names, one a line."
        return ""

    @property
    def command(self) -> str:
        """The same from a terminal."""
        words = ["alignlab", "ingest", "real", self.name]
        for stage, values in self.given.items():
            for field, value in values.items():
                option = f"{stage}-{field}".replace("_", "-")
                if isinstance(value, bool):
                    words += [] if value else [f"--no-{option}"]
                else:
                    for each in value if isinstance(value, list) else [value]:
                        words += [f"--{option}", f"{each:g}" if isinstance(each, float) else str(each)]
        return shlex.join(words)
