"""A rectangle with two axes, drawn with reportlab's shapes: all that the figures of a document need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from reportlab.graphics.shapes import Circle, Drawing, Group, Line, Polygon, PolyLine, String
from reportlab.lib.colors import HexColor

from alignlab.services.interpret_report.typeface import REGULAR, width_of

#: Colours of the app's light theme: what is measured, what a model says, what stays in the background, the source.
INK, LINE, FAINT, HAIR, ACCENT = (HexColor(c) for c in ("#16202c", "#0c7beb", "#8a93a0", "#d3d9e1", "#b3125a"))
#: Of spectra laid over; colours and dashes both differ, so that neither is needed.
OVERLAYS = tuple(HexColor(c) for c in ("#836501", "#ae0062", "#245758", "#511ca5", "#c9769c"))
DASHES: tuple[tuple[float, ...], ...] = ((4, 2), (1, 1.5), (4, 1.5, 1, 1.5), (7, 2), (7, 1.5, 1, 1.5))
SMALL = 7.5


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Where values stand along one side of a plot.

    Attributes
    ----------
    low, high : float
        Values at the ends.
    start, stop : float
        Their places in points.
    logarithmic : bool
    """

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool = False

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Places in points, ends included; NaN for what the axis cannot show."""
        low, high, shown = self.low, self.high, np.asarray(values, dtype=np.float64)
        if self.logarithmic:
            low, high = math.log10(low), math.log10(high)
            shown = np.log10(shown, out=np.full(shown.shape, np.nan), where=shown > 0)
        share = np.clip((shown - low) / (high - low), 0, 1)
        return self.start + share * (self.stop - self.start)


def text(
    group: Group | Drawing, x: float, y: float, words: str, *, size: float = SMALL, anchor: str = "start",
    colour: HexColor = INK, font: str = REGULAR,
) -> None:  # fmt: skip
    """Write a line of text."""
    group.add(String(x, y, words, fontName=font, fontSize=size, textAnchor=anchor, fillColor=colour))


def line(
    group: Group | Drawing, x0: float, y0: float, x1: float, y1: float, *, colour: HexColor = INK, width: float = 0.6,
    dash: Sequence[float] | None = None,
) -> None:  # fmt: skip
    """Draw a straight line."""
    group.add(Line(x0, y0, x1, y1, strokeColor=colour, strokeWidth=width, strokeDashArray=dash and list(dash)))


def curve(
    group: Group | Drawing, x: NDArray[np.floating], y: NDArray[np.floating], *, colour: HexColor, width: float = 0.9,
    dash: Sequence[float] | None = None,
) -> None:  # fmt: skip
    """Draw a line through points, with gaps where one is missing."""
    known = np.isfinite(x) & np.isfinite(y)
    for run in np.split(np.arange(len(x)), np.flatnonzero(np.diff(known.astype(int))) + 1):
        if len(run) > 1 and known[run[0]]:
            points = [round(float(v), 2) for i in run for v in (x[i], y[i])]
            group.add(
                PolyLine(points, strokeColor=colour, strokeWidth=width, strokeDashArray=dash and list(dash))
            )  # fmt: skip


def dot(
    group: Group | Drawing, x: float, y: float, *, radius: float = 1.7, is_open: bool = False, colour: HexColor = INK
) -> None:
    """Draw a mark: filled for what is measured, open for what is estimated."""
    fill = HexColor("#ffffff") if is_open else colour
    group.add(Circle(x, y, radius, fillColor=fill, strokeColor=colour, strokeWidth=0.8 if is_open else 0))


def star(group: Group | Drawing, x: float, y: float, *, radius: float = 5.5, colour: HexColor = ACCENT) -> None:
    """Draw the mark of the source in question."""
    angles = np.pi / 2 + np.arange(10) * np.pi / 5
    size = np.where(np.arange(10) % 2 == 0, radius, 0.42 * radius)
    points = np.stack([x + size * np.cos(angles), y + size * np.sin(angles)], axis=1).ravel().tolist()
    group.add(Polygon(points, fillColor=colour, strokeColor=HexColor("#ffffff"), strokeWidth=0.6))


def bottom_axis(group: Group | Drawing, axis: Axis, y: float, ticks: Sequence[float], title: str) -> None:
    """Draw a horizontal axis with its numbers and its title."""
    line(group, axis.start, y, axis.stop, y, colour=FAINT)
    for value, x in zip(ticks, axis.place(ticks), strict=True):
        line(group, x, y, x, y - 2.5, colour=FAINT)
        text(group, x, y - 10, f"{value:g}", anchor="middle")
    text(group, (axis.start + axis.stop) / 2, y - 20, title, anchor="middle")


def left_axis(group: Group | Drawing, axis: Axis, x: float, ticks: Sequence[float], title: str) -> None:
    """Draw a vertical axis with its numbers and its title, which runs upwards."""
    line(group, x, axis.start, x, axis.stop, colour=FAINT)
    for value, y in zip(ticks, axis.place(ticks), strict=True):
        line(group, x, y, x - 2.5, y, colour=FAINT)
        text(group, x - 4, y - 2.5, _power(value) if axis.logarithmic else f"{value:g}", anchor="end")
    upright = Group()
    upright.rotate(90)
    text(upright, (axis.start + axis.stop) / 2, -(x - 27), title, anchor="middle")
    group.add(upright)


def shortened(words: str, room: float, *, size: float = SMALL) -> str:
    """A text that is cut, with an ellipsis, where there is no room for it."""
    if width_of(words, size) <= room:
        return words
    while words and width_of(words + "…", size) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def _power(value: float) -> str:
    """``10³`` for powers of ten of three and more digits, else the number."""
    exponent = math.log10(value)
    if exponent == round(exponent) and not -2 <= exponent <= 2:
        return f"10{str(round(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return f"{value:g}"
