"""How strange the sources of each class are, and where one source stands among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from alignlab.services.discover.outlier_classes import ClassScores
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.spectrum_figure import INK
from alignlab.ui.theme import Shade


def class_figure(
    found: Sequence[ClassScores], *, value: float, colours: ClassColours, shade: Shade = "light"
) -> go.Figure:
    """Draw the median and the spread of a score in every class, and a line at one source's score.

    Parameters
    ----------
    found : sequence of ClassScores
        Strangest class first, which is drawn on top.
    value : float
        Score of the source; NaN draws no line.
    colours : ClassColours
    shade : {"light", "dark"}
    """
    names = [f"{one.source_class or 'not classified'} · {one.n:,}" for one in found]
    figure = go.Figure()
    for name, one in zip(names, found, strict=True):
        colour = colours.of(one.source_class)
        figure.add_trace(
            go.Scatter(
                x=[one.low, one.high],
                y=[name, name],
                mode="lines",
                line={"color": colour, "width": 7},
                opacity=0.35,
                hoverinfo="skip",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=[one.median],
                y=[name],
                mode="markers",
                marker={"color": colour, "size": 9},
                error_x={"type": "data", "array": [np.nan_to_num(one.median_error)], "thickness": 1.6, "width": 4},
                hovertemplate=(
                    f"{name} sources: median {one.median:.3g}, 68% {one.low:.3g} to {one.high:.3g}<extra></extra>"
                ),
            )
        )
    if np.isfinite(value):
        figure.add_vline(x=value, line={"color": INK[shade], "width": 1.5, "dash": "dot"})
    figure.update_layout(
        height=70 + 21 * len(found),
        margin={"l": 4, "r": 8, "t": 4, "b": 34},
        showlegend=False,
        hoverlabel={"align": "left"},
        xaxis={"title": {"text": "score", "standoff": 4, "font": {"size": 13}}, "showgrid": False, "zeroline": False},
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False, "ticksuffix": " "},
    )
    return figure
