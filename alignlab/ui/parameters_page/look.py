"""Colours and marks that the page's figures share: hue says what was read, filled or open whether it was aligned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from alignlab.services.evaluate.parameters_text import METHOD_LABELS
from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade

SECOND = {"light": "#c8702a", "dark": "#e58e79"}
GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}
_COLOURS = {"spectrum": LINE, "text": SECOND, "ink": INK, "faint": FAINT}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How a method is drawn.

    Attributes
    ----------
    symbol : str
        Of Plotly; a name that ends in ``-open`` is drawn as an outline.
    colour : str
        Key of the colours of this module.
    size : float
    """

    symbol: str
    colour: str
    size: float = 8


MARKS: dict[str, Mark] = {
    "spectrum": Mark(symbol="circle-open", colour="spectrum"),
    "text": Mark(symbol="circle-open", colour="text"),
    "spectrum_aligned": Mark(symbol="circle", colour="spectrum"),
    "text_aligned": Mark(symbol="circle", colour="text"),
    "both": Mark(symbol="circle", colour="faint"),
    "mixture": Mark(symbol="diamond", colour="ink", size=10),
    "heads": Mark(symbol="square-open", colour="ink", size=9),
    "shuffled": Mark(symbol="line-ns-open", colour="faint", size=10),
    "spread": Mark(symbol="circle-open", colour="faint"),
}


def points(
    method: str, x: list[Any], y: list[Any], told: list[str], *, shade: Shade, name: str = "", **options: Any
) -> go.Scatter:
    """The figures of a method as points, with words for the pointer."""
    mark = MARKS[method]
    colour = _COLOURS[mark.colour][shade]
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=name or METHOD_LABELS[method],
        marker={"symbol": mark.symbol, "color": colour, "size": mark.size, "line": {"width": 1.5, "color": colour}},
        customdata=told,
        hovertemplate="%{customdata}<extra></extra>",
        **options,
    )


def bars(values: list[list[float]], *, scale: float = 1.0, colour: str) -> dict[str, Any]:
    """Horizontal error bars of figures ``[value, low, high]``."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [scale * (high - value) for value, _, high in values],
        "arrayminus": [scale * (value - low) for value, low, _ in values],
        "width": 0,
        "thickness": 1.4,
        "color": colour,
    }


def lay_out(figure: go.Figure, height: int, *, shade: Shade) -> None:
    """Grid, type and key as on the other pages."""
    figure.update_xaxes(gridcolor=GRID[shade], zeroline=False)
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False)
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 44},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "font": {"size": 13}},
        hoverlabel={"align": "left"},
        font={"color": INK[shade]},
    )
