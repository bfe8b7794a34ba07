"""Coverage of intervals: how many measured values lie within, against how many were promised."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.services.evaluate.parameters_text import METHOD_LABELS, TOLERANCE
from alignlab.ui.parameters_page.look import bars, lay_out, points
from alignlab.ui.spectrum_figure import FAINT, INK
from alignlab.ui.theme import Shade
from alignlab.variables import VARIABLES

_LEVELS = (("68", 0.68), ("95", 0.95))
_ROW_HEIGHT = 24


def coverage_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw the coverage of the 68% and of the 95% intervals per variable; the bands are 3 points about the promise."""
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=[f"{level}% intervals" for level, _ in _LEVELS],
    )
    for column, (level, promised) in enumerate(_LEVELS, start=1):
        if level == "68":
            _add(figure, "spread", "neighbours' spread as it is", figures["spread_coverage"], level, column, shade)
        for method, told in reversed(figures["coverage"].items()):
            shares = {name: values[level] for name, values in told.items()}
            label = f"{METHOD_LABELS[method]}, calibrated"
            _add(figure, method, label, shares, level, column, shade)
        figure.add_vrect(
            x0=100 * (promised - TOLERANCE), x1=100 * (promised + TOLERANCE), fillcolor=INK[shade], opacity=0.08,
            line_width=0, row=1, col=column,
        )  # fmt: skip
        figure.add_vline(x=100 * promised, line={"color": FAINT[shade], "width": 1, "dash": "dot"}, row=1, col=column)
    lay_out(figure, _ROW_HEIGHT * len(VARIABLES) + 110, shade=shade)
    figure.update_annotations(font={"size": 13})
    figure.update_xaxes(title={"text": "measured values within (%)", "standoff": 6}, ticksuffix="%")
    figure.update_yaxes(
        automargin=True, categoryorder="array", categoryarray=[variable.label for variable in reversed(VARIABLES)]
    )
    figure.update_layout(margin={"t": 62}, legend={"y": 1.06})
    return figure


def _add(
    figure: go.Figure, method: str, name: str, shares: Mapping[str, Any], level: str, column: int, shade: Shade
) -> None:
    known = [(variable.label, shares[variable.name]) for variable in VARIABLES if shares[variable.name]]
    told = [
        f"<b>{escape(label)}</b><br>{name}, {level}%<br>{100 * v:.1f}% ({100 * low:.1f}–{100 * high:.1f})"
        for label, (v, low, high) in known
    ]
    interval = None if method == "spread" else bars([v for _, v in known], scale=100, colour=INK[shade])
    figure.add_trace(
        points(
            method, [100 * v[0] for _, v in known], [label for label, _ in known], told, shade=shade, name=name,
            legendgroup=method, showlegend=level == "68", error_x=interval,
        ),
        row=1, col=column,
    )  # fmt: skip
