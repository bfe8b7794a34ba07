"""estimated against measured values: one variable's sources as points, and all twenty at a glance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from alignlab.ui import words
from alignlab.ui.colours import scale
from alignlab.ui.parameters_page.estimated import Estimated
from alignlab.ui.parameters_page.look import GRID, SECOND, lay_out
from alignlab.ui.parameters_page.value_axis import ValueAxis
from alignlab.ui.spectrum_figure import FAINT, INK
from alignlab.ui.theme import Shade

HEIGHT = 460
_COLUMNS, _BINS = 4, 32
#: Pixels of a row of small plots, of a plot in it, and above them all; space between plots in widths of a plot.
_PANEL_HEIGHT, _PLOT_HEIGHT, _MARGINS, _GAP = 225, 152, 44, 0.22
#: The first of a sequential scale's colours that stands out from the page, and how many are told apart.
_FAINTEST, _STEPS = 40, 16


def accuracy_figure(told: Estimated, *, shade: Shade) -> go.Figure:
    """Draw estimated against measured values; open where the measured value lies outside the 68% interval."""
    axis = ValueAxis(variable=told.variable, softening=told.softening)
    limits = axis.limits(told.truth, told.value)
    figure = go.Figure(go.Scatter(x=limits, y=limits, mode="lines", hoverinfo="skip", showlegend=False,
                                  line={"color": FAINT[shade], "width": 1.2, "dash": "dot"}))  # fmt: skip
    for within, label, symbol, colour in (
        (True, "measured within the 68% interval", "circle", INK[shade]),
        (False, "outside", "circle-open", SECOND[shade]),
    ):
        rows = np.flatnonzero(told.within == within)
        figure.add_trace(
            go.Scattergl(
                x=axis.place(told.truth[rows]),
                y=axis.place(told.value[rows]),
                mode="markers",
                name=f"{label} (n = {len(rows):,})",
                marker={"symbol": symbol, "size": 5, "color": colour, "opacity": 0.55},
                customdata=[source_words(told, int(row)) for row in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    lay_out(figure, HEIGHT, shade=shade)
    title = escape(told.variable.label_with_unit)
    figure.update_xaxes(title={"text": f"measured {title}", "standoff": 6}, **axis.layout(limits))
    figure.update_yaxes(title={"text": f"estimated {title}", "standoff": 6}, automargin=True, **axis.layout(limits))
    return figure


def overview_figure(estimates: Sequence[Estimated], figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw one small plot per variable: how many sources have which measured and estimated value."""
    rows = math.ceil(len(estimates) / _COLUMNS)
    height = _PANEL_HEIGHT * rows + _MARGINS
    colours = [f"#{colour}" for colour in scale("cividis", shade)[_FAINTEST:]]
    if shade == "light":
        colours.reverse()
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for number, told in enumerate(estimates):
        row, column = divmod(number, _COLUMNS)
        left = column * (1 + _GAP) / (_COLUMNS + _GAP * (_COLUMNS - 1))
        top = 1 - row / rows
        place = {
            "x": [left, left + 1 / (_COLUMNS + _GAP * (_COLUMNS - 1))],
            "y": [top - _PLOT_HEIGHT / (_PANEL_HEIGHT * rows), top],
        }
        key = str(number + 1) if number else ""
        axis = ValueAxis(variable=told.variable, softening=told.softening)
        limits = axis.limits(told.truth, told.value)
        data += _panel(told, axis, limits, key, colours, FAINT[shade])
        for side, other in (("x", "y"), ("y", "x")):
            layout[f"{side}axis{key}"] = {
                "domain": place[side], "anchor": f"{other}{key}", "gridcolor": GRID[shade], "zeroline": False,
                "tickfont": {"size": 10}, **axis.layout(limits),
            }  # fmt: skip
        layout["annotations"].append(
            {
                "text": _panel_title(told, figures), "xref": "paper", "yref": "paper", "x": sum(place["x"]) / 2,
                "y": top, "xanchor": "center", "yanchor": "bottom", "showarrow": False, "font": {"size": 12},
            }
        )  # fmt: skip
    # One construction from plain values: adding plot by plot takes ten times as long.
    return go.Figure(
        data=data,
        layout=layout
        | {
            "height": height,
            "margin": {"l": 40, "r": 8, "t": _MARGINS, "b": 0},
            "showlegend": False,
            "font": {"color": INK[shade]},
        },
    )


def _panel(
    told: Estimated, axis: ValueAxis, limits: tuple[float, float], key: str, colours: list[str], line: str
) -> list[dict[str, Any]]:
    """Sources per cell on a logarithmic scale, and the line on which both values are the same."""
    edges = np.linspace(*limits, _BINS + 1)
    counts, _, _ = np.histogram2d(axis.place(told.value), axis.place(told.truth), bins=[edges, edges])
    centres = (edges[1:] + edges[:-1]) / 2
    placed = {"xaxis": f"x{key}", "yaxis": f"y{key}", "hoverinfo": "skip"}
    return [
        {
            "type": "heatmap",
            "x": centres,
            "y": centres,
            "z": np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan),
            "colorscale": colours[:: len(colours) // _STEPS],
            "showscale": False,
            **placed,
        },
        {"type": "scatter", "x": limits, "y": limits, "mode": "lines", "line": {"color": line, "width": 1}, **placed},
    ]


def source_words(told: Estimated, row: int) -> str:
    """A source's measured and estimated value, for the pointer."""
    unit = f" {told.variable.display_unit}" if told.variable.unit else ""
    value, low, high = (words.number(float(x[row])) for x in (told.value, told.low, told.high))
    return (
        f"<b>{escape(str(told.names[row]))}</b><br>measured {words.number(float(told.truth[row]))}{unit}<br>"
        f"estimated {value} ({low} to {high}){unit}"
    )


def _panel_title(told: Estimated, figures: Mapping[str, Any]) -> str:
    relative = figures["variables"][told.variable.name]["relative"]["mixture"]
    error = f"error {100 * relative[0]:.0f}% of the mean's" if relative else "no estimate"
    return f"{escape(told.variable.label)}<br><span style='font-size: 11px'>{error}</span>"
