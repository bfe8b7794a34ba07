"""Recall and errors against the bytes of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.services.evaluate.compression import CODING_LABELS
from alignlab.ui.evaluate.experiment import COLOURS, GRID, lay_out
from alignlab.ui.spectrum_figure import INK
from alignlab.ui.theme import Shade

_HEIGHT = 330
#: Sizes closer than this share one label.
_LABEL_RATIO = 1.6
#: Coding → symbol, colour, drawn with a line.
_LOOKS = {
    "float32": ("circle", "ink"),
    "float16": ("square", "faint"),
    "int8": ("diamond", "line"),
    "binary": ("x", "second"),
}
_BEFORE = "before alignment"


def compression_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw recall@1% and errors in panels over a logarithmic axis of bytes; steps of one coding are joined."""
    figure = make_subplots(cols=2, horizontal_spacing=0.09)
    shared = [step for step in figures["steps"] if step["recall_at_1_percent"] is not None]
    before = [step for step in figures["steps"] if step["recall_at_1_percent"] is None]
    kinds = [
        (CODING_LABELS[coding], *look, [s for s in shared if s["coding"] == coding]) for coding, look in _LOOKS.items()
    ]
    kinds.append((_BEFORE, "circle-open", "ink", before))
    for name, symbol, colour, steps in kinds:
        for column, (key, scale) in enumerate((("recall_at_1_percent", 100), ("error_ratio", 1)), start=1):
            known = [step for step in steps if step[key] is not None]
            trace = _points(known, key, scale, symbol=symbol, colour=COLOURS[colour][shade])
            trace.update(
                mode="markers" if name == _BEFORE else "lines+markers",
                name=name,
                legendgroup=name,
                showlegend=column == 2,
            )
            figure.add_trace(trace, row=1, col=column)
    ticks = _apart(sorted({step["bytes"] for step in figures["steps"]}))
    figure.update_xaxes(
        type="log", title={"text": "bytes per source", "standoff": 6}, gridcolor=GRID[shade], zeroline=False,
        tickvals=ticks, ticktext=[f"{tick:,}" for tick in ticks], tickfont={"size": 12}, tickangle=0,
    )  # fmt: skip
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False, nticks=6)
    figure.update_yaxes(title={"text": "recall@1% (%)", "standoff": 14}, rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title={"text": "error / mean's", "standoff": 14}, row=1, col=2)
    lay_out(figure, _HEIGHT, shade=shade)
    figure.update_layout(font={"color": INK[shade]}, margin={"l": 52})
    return figure


def _apart(sizes: Sequence[int]) -> list[int]:
    """Those of rising sizes whose labels do not touch on a logarithmic axis; the largest always."""
    kept: list[int] = []
    for size in reversed(sizes):
        if not kept or kept[-1] >= _LABEL_RATIO * size:
            kept.append(size)
    return kept[::-1]


def _points(steps: Sequence[Mapping[str, Any]], key: str, scale: float, *, symbol: str, colour: str) -> go.Scatter:
    values = [scale * step[key]["value"] for step in steps]
    limits = [[scale * limit for limit in step[key]["interval"]] for step in steps]
    return go.Scatter(
        x=[step["bytes"] for step in steps],
        y=values,
        line={"width": 1, "color": colour},
        marker={"size": 8, "symbol": symbol, "color": colour, "line": {"width": 1.2, "color": colour}},
        error_y={
            "type": "data", "symmetric": False, "width": 0, "thickness": 1.1, "color": colour,
            "array": [high - value for value, (_, high) in zip(values, limits, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(values, limits, strict=True)],
        },
        customdata=[
            f"<b>{step['label']}</b><br>{step['bytes']:,} bytes<br>{value:.3g} ({low:.3g}–{high:.3g})"
            for step, value, (low, high) in zip(steps, values, limits, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
