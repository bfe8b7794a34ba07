"""What the sections on compression, ablations and fusion share: head with finding, figure, caption; rows of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade

SECOND = {"light": "#c8702a", "dark": "#e58e79"}
GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}
COLOURS = {"line": LINE, "second": SECOND, "ink": INK, "faint": FAINT}
_ROW_HEIGHT = 24
_PLAIN = {"displayModeBar": False}


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A point with its interval.

    Attributes
    ----------
    row : str
    value, low, high : float
        In the units of the axis.
    told : str
        HTML for the pointer.
    is_open : bool
        Drawn as an outline.
    """

    row: str
    value: float
    low: float
    high: float
    told: str
    is_open: bool = False


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Points of one kind: one list for each panel.

    Attributes
    ----------
    name : str
        In the key of the figure.
    colour : str
        Key of `COLOURS`.
    panels : sequence of sequence of Dot
    symbol : str
        Of Plotly.
    """

    name: str
    colour: str
    panels: Sequence[Sequence[Dot]]
    symbol: str = "circle"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One plot of a figure.

    Attributes
    ----------
    title : str
        Of its axis, with the unit.
    lines : mapping of str to float
        Label → place of a vertical line.
    """

    title: str
    lines: Mapping[str, float] = field(default_factory=dict)


def show_head(title: str, finding: str, *, is_alarm: bool = False) -> None:
    """Draw a section's head and its finding in one sentence."""
    alarm = " al-experiment-alarm" if is_alarm else ""
    st.html(
        f'<h2 class="al-experiment-part">{escape(title)}</h2><p class="al-evaluate-lead{alarm}">{escape(finding)}</p>'
    )


def show_figure(figure: go.Figure, caption: str, *, key: str) -> None:
    """Draw a figure with its caption below."""
    st.plotly_chart(figure, key=key, config=_PLAIN)
    st.html(f'<p class="al-table-caption">{escape(caption)}</p>')


def origin(figures: Mapping[str, Any]) -> str:
    """Of which survey figures are, and whether it is simulated."""
    told = figures["provenance"]
    return f"Survey {told['survey']} ({'simulated' if told['simulated'] else 'observed'})."


def dot_figure(
    rows: Sequence[str], panels: Sequence[Panel], kinds: Sequence[Dots], *, shade: Shade, show_key: bool = True
) -> go.Figure:
    """Draw points with intervals, one row each from top to bottom, in panels side by side."""
    figure = make_subplots(cols=len(panels), shared_yaxes=True, horizontal_spacing=0.03)
    for kind in kinds:
        for column, dots in enumerate(kind.panels, start=1):
            trace = _points(kind, dots, shade, in_key=show_key and column == 1)
            figure.add_trace(trace, row=1, col=column)
    for column, panel in enumerate(panels, start=1):
        for label, place in panel.lines.items():
            figure.add_vline(
                x=place, line={"color": FAINT[shade], "width": 1.2, "dash": "dot"}, row=1, col=column,
                annotation={"text": label, "font": {"size": 12, "color": FAINT[shade]}, "yanchor": "bottom", "y": 1},
            )  # fmt: skip
        figure.update_xaxes(title={"text": panel.title, "standoff": 6, "font": {"size": 13}}, row=1, col=column)
    figure.update_xaxes(gridcolor=GRID[shade], zeroline=False, nticks=6)
    figure.update_yaxes(
        gridcolor=GRID[shade], automargin=True, tickfont={"size": 12}, categoryorder="array",
        categoryarray=list(reversed(rows)),
    )  # fmt: skip
    lay_out(figure, _ROW_HEIGHT * len(rows) + 110, shade=shade)
    return figure


def lay_out(figure: go.Figure, height: int, *, shade: Shade) -> None:
    """Margins, key and type as on the other pages."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 54, "b": 44},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "font": {"size": 13},
                "yref": "container", "entrywidthmode": "pixels", "tracegroupgap": 12},
        hoverlabel={"align": "left"},
        font={"color": INK[shade]},
    )  # fmt: skip
    figure.update_layout(legend={"yanchor": "top"})


def _points(kind: Dots, dots: Sequence[Dot], shade: Shade, *, in_key: bool) -> go.Scatter:
    colour = COLOURS[kind.colour][shade]
    symbols = [f"{kind.symbol}-open" if dot.is_open else kind.symbol for dot in dots]
    return go.Scatter(
        x=[dot.value for dot in dots],
        y=[dot.row for dot in dots],
        mode="markers",
        name=kind.name,
        legendgroup=kind.name,
        showlegend=in_key,
        marker={"size": 8, "symbol": symbols, "color": colour, "line": {"width": 1.5, "color": colour}},
        error_x={
            "type": "data", "symmetric": False, "width": 0, "thickness": 1.3, "color": colour,
            "array": [dot.high - dot.value for dot in dots], "arrayminus": [dot.value - dot.low for dot in dots],
        },
        customdata=[dot.told for dot in dots],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
