"""estimated against measured values: one variable's sources as points, and all twenty at a glance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.ui import words
from alignlab.ui.colours import scale
from alignlab.ui.parameters_page.estimated import Estimated
from alignlab.ui.parameters_page.look import GRID, SECOND, lay_out
from alignlab.ui.parameters_page.value_axis import ValueAxis
from alignlab.ui.spectrum_figure import FAINT, INK
from alignlab.ui.theme import Shade

HEIGHT = 460
_COLUMNS, _PANEL_HEIGHT, _BINS = 4, 225, 32
_FAINTEST = 40


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
    figure = make_subplots(
        rows=rows,
        cols=_COLUMNS,
        horizontal_spacing=0.055,
        vertical_spacing=0.075,
        subplot_titles=[_panel_title(told, figures) for told in estimates],
    )
    colours = [f"#{colour}" for colour in scale("cividis", shade)[_FAINTEST:]]
    if shade == "light":
        colours.reverse()
    for number, told in enumerate(estimates):
        row, column = divmod(number, _COLUMNS)
        axis = ValueAxis(variable=told.variable, softening=told.softening)
        limits = axis.limits(told.truth, told.value)
        edges = np.linspace(*limits, _BINS + 1)
        counts, _, _ = np.histogram2d(axis.place(told.value), axis.place(told.truth), bins=[edges, edges])
        centres = (edges[1:] + edges[:-1]) / 2
        figure.add_trace(
            go.Heatmap(
                x=centres, y=centres, z=np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan),
                colorscale=list(zip(np.linspace(0, 1, len(colours)), colours, strict=True)), showscale=False,
                hoverinfo="skip",
            ),
            row=row + 1, col=column + 1,
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(x=limits, y=limits, mode="lines", hoverinfo="skip", line={"color": FAINT[shade], "width": 1}),
            row=row + 1, col=column + 1,
        )  # fmt: skip
        ticks = {**axis.layout(limits), "tickfont": {"size": 10}}
        figure.update_xaxes(**ticks, row=row + 1, col=column + 1)
        figure.update_yaxes(**ticks, row=row + 1, col=column + 1)
    figure.update_annotations(font={"size": 12})
    figure.update_xaxes(gridcolor=GRID[shade], zeroline=False)
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False)
    figure.update_layout(
        height=_PANEL_HEIGHT * rows + 60,
        margin={"l": 8, "r": 8, "t": 40, "b": 20},
        showlegend=False,
        font={"color": INK[shade]},
    )
    return figure


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
