"""Colours and marks of the page's figures: the first population filled and blue, the second open and grey."""

from __future__ import annotations

from typing import Any

from alignlab.ui.parameters_page.look import lay_out
from alignlab.ui.spectrum_figure import FAINT, LINE
from alignlab.ui.theme import Shade

HEIGHT = 380
#: Above this many sources a population is drawn as a density.
POINTS_UP_TO = 2000
PLAIN = {"displayModeBar": False}
#: The densest part of a population drawn as density, and its thinnest, over the page.
_DENSITY = {
    "light": ("rgba(22,32,44,0.05)", "rgba(22,32,44,0.55)"),
    "dark": ("rgba(232,236,241,0.07)", "rgba(232,236,241,0.6)"),
}

__all__ = ["HEIGHT", "PLAIN", "POINTS_UP_TO", "colours", "density_scale", "faint", "lay_out", "marker"]


def colours(shade: Shade) -> tuple[str, str]:
    """Of the first population and of the second."""
    return LINE[shade], FAINT[shade]


def faint(number: int, shade: Shade) -> str:
    """The colour of a population as a light area."""
    red, green, blue = (int(colours(shade)[number][i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def density_scale(shade: Shade) -> list[list[Any]]:
    """A grey that grows with the number of sources."""
    low, high = _DENSITY[shade]
    return [[0, low], [1, high]]


def marker(number: int, shade: Shade, *, size: float = 6) -> dict[str, Any]:
    """How the sources of a population are drawn, 0 for the first."""
    colour = colours(shade)[number]
    if number == 0:
        return {"symbol": "circle", "size": size, "color": colour, "opacity": 0.85}
    return {"symbol": "circle-open", "size": size, "color": colour, "line": {"width": 1.2}}
