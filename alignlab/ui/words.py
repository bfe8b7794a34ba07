"""How things are called on screen, and numbers as a person reads them."""

from __future__ import annotations

from alignlab.literature.aspects import ASPECT_LABELS
from alignlab.services.number_words import MISSING, measured, number, percent, plural

__all__ = [
    "ASPECT_LABELS",
    "MISSING",
    "REPRESENTATION_HELP",
    "REPRESENTATION_LABELS",
    "duration",
    "measured",
    "number",
    "percent",
    "plural",
]

REPRESENTATION_LABELS = {
    "both": "both",
    "spectrum_aligned": "spectrum, aligned",
    "text_aligned": "text, aligned",
    "spectrum": "spectrum",
    "text": "text",
}
REPRESENTATION_HELP = (
    "What the map is made of: the spectrum's or the text's latent vector, before or after alignment; 'both' is the two "
    "aligned ones side by side."
)


def duration(seconds: float) -> str:
    """A time span as one says it: ``40 s``, ``3 min``."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return f"{round(seconds / 60)} min"
