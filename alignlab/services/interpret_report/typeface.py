"""The typeface of documents: that of the browser's figures, laid beside the bundles when they are built."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

import alignlab
from alignlab.errors import MissingArtefactError

REGULAR, BOLD = "AlignlabSans", "AlignlabSans-Semibold"
_FOLDER = Path(alignlab.__file__).parent / "ui" / "frontend" / "dist"
_FILES = {REGULAR: "source-sans-regular.ttf", BOLD: "source-sans-semibold.ttf"}


@cache
def register_typeface() -> None:
    """Make `REGULAR` and `BOLD` known to reportlab; Source Sans 3 holds Greek, powers and a true minus.

    Raises
    ------
    MissingArtefactError
        If it has not been laid there yet; the remedy is the command that does it.
    """
    for name, file in _FILES.items():
        try:
            pdfmetrics.registerFont(TTFont(name, str(_FOLDER / file)))
        except TTFError as problem:
            raise MissingArtefactError(
                "The typeface for PDF files is not there: it comes with the app's browser code.",
                remedy="Run 'python -m alignlab.ui.frontend_build' once, or write Markdown (.md).",
            ) from problem
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def width_of(text: str, size: float, *, font: str = REGULAR) -> float:
    """Width of a text in points."""
    return pdfmetrics.stringWidth(text, font, size)
