"""The three aspects under which a source's literature is summarised."""

from __future__ import annotations

#: Order in which the aspects' vectors are concatenated.
ASPECTS: tuple[str, ...] = ("nature", "spectrum", "environment")

#: What each aspect answers, in one line.
ASPECT_MEANINGS: dict[str, str] = {
    "nature": "What the object is: its class, its counterpart, how it was found.",
    "spectrum": "Its X-ray spectrum and variability: models, absorption, lines, brightness, timing.",
    "environment": "Where it is and what is made of it: host, companion, distance, physical interpretation.",
}

#: How a person calls each aspect.
ASPECT_LABELS: dict[str, str] = {
    "nature": "What it is",
    "spectrum": "X-ray spectrum and variability",
    "environment": "Environment and interpretation",
}


def aspect_index(aspect: str) -> int:
    """Return the position of `aspect` in the concatenated text vector.

    Raises
    ------
    ValueError
        If there is no such aspect.
    """
    if aspect not in ASPECTS:
        raise ValueError(f"no aspect {aspect!r}; choose one of {', '.join(ASPECTS)}")
    return ASPECTS.index(aspect)
