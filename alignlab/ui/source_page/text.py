"""Names in labels that Streamlit reads as Markdown, and colours of classes."""

from __future__ import annotations

import re

from alignlab.store.survey import Survey
from alignlab.ui.colours import OTHER, class_colours, class_order, missing_colour
from alignlab.ui.theme import Shade

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|$:~-])")


def plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)


class ClassColours:
    """The colours that the map gives the classes of a survey.

    Parameters
    ----------
    survey : Survey
    shade : {"light", "dark"}
    """

    def __init__(self, survey: Survey, shade: Shade) -> None:
        counts = survey.sources["source_class"].value_counts()
        names = class_order({str(name): int(n) for name, n in counts.items()})
        self._colours = dict(zip(names, class_colours(names, shade), strict=True))
        self._missing = missing_colour(shade)

    def of(self, source_class: str) -> str:
        """A colour for CSS; grey for what has no class."""
        if not source_class:
            return f"#{self._missing}"
        return f"#{self._colours.get(source_class, self._colours.get(OTHER, self._missing))}"
