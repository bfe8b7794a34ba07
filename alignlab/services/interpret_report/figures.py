"""The figures of a document: where the source lies, its spectrum with its neighbours', its classes, its variables."""

from __future__ import annotations

import math

import numpy as np
from reportlab.graphics.shapes import Drawing, Polygon, Rect
from reportlab.lib.colors import HexColor

from alignlab.services.distributions import Strip, VariableDistributions
from alignlab.services.interpret.contract import ClassEvidence, Interpretation, NeighbourEvidence, VariableComparison
from alignlab.services.interpret_report.plot import (
    ACCENT,
    DASHES,
    FAINT,
    HAIR,
    LINE,
    OVERLAYS,
    SMALL,
    Axis,
    bottom_axis,
    curve,
    dot,
    left_axis,
    line,
    shortened,
    star,
    text,
)
from alignlab.services.interpret_report.typeface import BOLD, REGULAR, width_of
from alignlab.services.interpret_report.words import probability_of, variable_words
from alignlab.services.map_place import MapPlace
from alignlab.services.readings import spectrum_of
from alignlab.services.subject import Subject
from alignlab.spectra.binned_counts import axis_ticks, bin_counts, smooth
from alignlab.variables import VARIABLE_NAMES

_TICKS = (0.5, 1, 2, 3, 5, 8)
_ROW, _BAR_ROW = 13.5, 14.0
_MOST_OVERLAID = 3
#: Classes that have a bar; a report names the others.
MOST_CLASSES = 6
#: A line in a figure's key: name, colour, dash.
_Line = tuple[str, HexColor, tuple[float, ...] | None]
#: Columns of the variables in shares of the width: ends of the strip, right ends of the numbers.
_STRIP, _MEASURED, _ESTIMATED, _WIDE = (0.25, 0.385), 0.60, 0.78, 0.915


def spectrum_drawing(
    subject: Subject, neighbours: tuple[NeighbourEvidence, ...], *, width: float, height: float
) -> Drawing:
    """Counts per keV with 68% errors, the reconstruction, and the nearest spectra scaled to the same total."""
    drawing = Drawing(width, height)
    spectrum = spectrum_of(subject.survey, subject.encoded, subject.index)
    grid, widths = spectrum.grid, spectrum.grid.widths_kev
    binned = bin_counts(grid.edges_kev, spectrum.counts)
    density = binned.counts / binned.width_kev
    model = np.maximum(smooth(spectrum.reconstruction / widths), 0)
    positive = density[density > 0]
    top, bottom = (float(positive.max()), float(positive.min())) if positive.size else (1.0, 0.1)
    low, high = math.log10(bottom) - 0.25, math.log10(max(top, float(model.max()))) + 0.15
    low = min(low, high - 1)
    x = Axis(low=grid.edges_kev[0], high=grid.edges_kev[-1], start=38, stop=width - 2, logarithmic=True)
    y = Axis(low=10**low, high=10**high, start=26, stop=height - 16, logarithmic=True)
    bottom_axis(drawing, x, y.start, _TICKS, "energy (keV)")
    left_axis(drawing, y, x.start, axis_ticks(low, high), "counts per keV")
    places = x.place(grid.centres_kev)
    names: list[_Line] = [("reconstruction", LINE, None)]
    total = float(np.sum(spectrum.counts))
    for k, neighbour in enumerate(neighbours[:_MOST_OVERLAID]):
        counts = np.asarray(subject.workspace.survey.counts[neighbour.index], dtype=np.float64)
        shape = smooth(counts * total / max(float(counts.sum()), 1.0) / widths, bins=9)
        shown = np.where(shape > y.low, shape, np.nan)
        curve(drawing, places, y.place(shown), colour=OVERLAYS[k], width=0.7, dash=DASHES[k])
        names.append((neighbour.name, OVERLAYS[k], DASHES[k]))
    curve(drawing, places, y.place(np.where(model > y.low, model, np.nan)), colour=LINE, width=1.1)
    for k in np.flatnonzero(density > 0).tolist():
        middle, at = float(x.place(binned.centre_kev[k])), float(y.place(density[k]))
        ends = x.place([binned.low_kev[k], binned.high_kev[k]])
        lowest = max(density[k] - binned.below[k] / binned.width_kev[k], y.low)
        bars = y.place([lowest, density[k] + binned.above[k] / binned.width_kev[k]])
        line(drawing, float(ends[0]), at, float(ends[1]), at, width=0.5)
        line(drawing, middle, float(bars[0]), middle, float(bars[1]), width=0.5)
        dot(drawing, middle, at, radius=1.2)
    _key(drawing, x.start, height - 8, names)
    return drawing


def _key(drawing: Drawing, x: float, y: float, names: list[_Line]) -> None:
    dot(drawing, x + 3, y + 2.5, radius=1.4)
    text(drawing, x + 8, y, "counts, 68% errors")
    x += 16 + width_of("counts, 68% errors", SMALL)
    for name, colour, dash in names:
        line(drawing, x, y + 2.5, x + 18, y + 2.5, colour=colour, width=1, dash=dash)
        text(drawing, x + 21, y, name)
        x += 30 + width_of(name, SMALL)


def class_drawing(classes: ClassEvidence, *, width: float) -> Drawing:
    """A bar for each of the likeliest classes with its 95% interval."""
    rows = classes.probabilities[:MOST_CLASSES]
    drawing = Drawing(width, _BAR_ROW * len(rows) + 4)
    name_room, number_room = 62.0, 74.0
    x = Axis(low=0, high=1, start=name_room, stop=width - number_room)
    for k, found in enumerate(rows):
        y = drawing.height - _BAR_ROW * (k + 1) + 3
        text(drawing, 0, y + 1, shortened(found.name, name_room - 4, size=8), size=8, font=REGULAR if k else BOLD)
        drawing.add(Rect(x.start, y, x.stop - x.start, 7, fillColor=HAIR, strokeColor=None, fillOpacity=0.45))
        end = float(x.place(found.probability))
        drawing.add(Rect(x.start, y, max(end - x.start, 0.3), 7, fillColor=LINE if k == 0 else FAINT, strokeColor=None))
        if math.isfinite(found.low) and math.isfinite(found.high):
            low, high = x.place([found.low, found.high])
            line(drawing, float(low), y + 3.5, float(high), y + 3.5, width=0.8)
            for place in (float(low), float(high)):
                line(drawing, place, y + 1.5, place, y + 5.5, width=0.8)
        text(drawing, width, y + 1, probability_of(found), size=8, anchor="end")
    return drawing


def variable_rows(
    estimates: tuple[VariableComparison, ...], spread: VariableDistributions, *, width: float
) -> list[Drawing]:
    """A drawing per variable, below one with the columns' names: how it is spread in the survey, what was measured
    (filled), what is estimated (open)."""
    head = Drawing(width, 11)
    for words, share, anchor in (
        ("variable", 0.0, "start"), ("in the survey", _STRIP[0], "start"), ("measured, 68%", _MEASURED, "end"),
        ("estimated, 68%", _ESTIMATED, "end"), ("95%", _WIDE, "end"),
    ):  # fmt: skip
        text(head, share * width, 3, words, anchor=anchor, colour=FAINT)
    return [head, *(_variable_row(found, spread, width) for found in estimates)]


def _variable_row(found: VariableComparison, spread: VariableDistributions, width: float) -> Drawing:
    drawing = Drawing(width, _ROW)
    line(drawing, 0, _ROW, width, _ROW, colour=HAIR, width=0.4)
    told = variable_words(found)
    name = f"{told.label}  {told.unit}" if told.unit else told.label
    text(drawing, 0, 4, shortened(name, _STRIP[0] * width - 4, size=8), size=8)
    strip = spread.strip(VARIABLE_NAMES.index(found.name), "")
    _strip(drawing, strip, found, left=_STRIP[0] * width, right=_STRIP[1] * width)
    for words, share in ((told.measured, _MEASURED), (told.estimated, _ESTIMATED), (told.wide, _WIDE)):
        text(drawing, share * width, 4, words, anchor="end")
    differs = found.agrees is False
    font, colour = (BOLD, ACCENT) if differs else (REGULAR, FAINT)
    text(drawing, width, 4, told.agreement, anchor="end", font=font, colour=colour)
    return drawing


def _strip(drawing: Drawing, strip: Strip, found: VariableComparison, *, left: float, right: float) -> None:
    """The survey's distribution as a hill, the measurement on its foot, the estimate below it."""
    base, below = 5.5, 2.6
    n, tall = len(strip.everything), _ROW - 7
    points = [left, base]
    for k, share in enumerate(strip.everything):
        top = base + float(share) * tall
        points += [left + (right - left) * k / n, top, left + (right - left) * (k + 1) / n, top]
    drawing.add(Polygon([*points, right, base], fillColor=HAIR, strokeColor=None))

    def at(value: float) -> float:
        return left + 2 + strip.position(value) * (right - left - 4)

    for low, high, width in ((found.low95, found.high95, 0.4), (found.low68, found.high68, 1.1)):
        if math.isfinite(low) and math.isfinite(high):
            line(drawing, at(low), below, at(high), below, colour=LINE, width=width)
    if math.isfinite(found.estimated):
        dot(drawing, at(found.estimated), below, is_open=True, colour=LINE)
    if math.isfinite(found.measured_low) and math.isfinite(found.measured_high):
        line(drawing, at(found.measured_low), base, at(found.measured_high), base, width=1.1)
    if math.isfinite(found.measured):
        dot(drawing, at(found.measured), base)


def map_drawing(place: MapPlace, interpretation: Interpretation, *, size: float) -> Drawing:
    """The survey's sources on the map, the neighbours numbered, the source as a star."""
    drawing = Drawing(size, size)
    low_x, high_x = float(place.x.min()), float(place.x.max())
    low_y, high_y = float(place.y.min()), float(place.y.max())
    across = Axis(low=min(low_x, place.at[0]), high=max(high_x, place.at[0]), start=6, stop=size - 6)
    up = Axis(low=min(low_y, place.at[1]), high=max(high_y, place.at[1]), start=6, stop=size - 6)
    shown = place.thinned()
    for px, py in zip(across.place(shown[:, 0]).tolist(), up.place(shown[:, 1]).tolist(), strict=True):
        drawing.add(Rect(round(px, 1), round(py, 1), 0.7, 0.7, fillColor=FAINT, strokeColor=None, fillOpacity=0.55))
    for neighbour in interpretation.neighbours:
        near = neighbour.index
        dot(drawing, float(across.place(place.x[near])), float(up.place(place.y[near])), radius=2, is_open=True)
    star(drawing, float(across.place(place.at[0])), float(up.place(place.at[1])))
    return drawing
