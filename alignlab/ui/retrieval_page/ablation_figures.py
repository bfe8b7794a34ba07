"""Figures of the ablations: each change beside the run's own recipe, and the learning curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.ui.evaluate.experiment import COLOURS, GRID, Dot, Dots, Panel, dot_figure, lay_out
from alignlab.ui.theme import Shade

RECALL, ERROR = "recall_at_1_percent", "error_ratio"
_SCALES = {RECALL: 100.0, ERROR: 1.0}
_HEIGHT = 300
_UNITS = {RECALL: "recall@1% (%)", ERROR: "error / mean's"}


def changes_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw recall and errors of every change; open where it makes no difference beyond the interval."""
    rows = [row for row in figures["rows"] if row["group"] != "share"]
    base = rows[0]
    kinds = [
        Dots(name="trained with the right pairs", colour="line", panels=_panels(rows, is_shuffled=False)),
        Dots(
            name="trained with shuffled pairs", colour="second", symbol="diamond",
            panels=_panels(rows, is_shuffled=True),
        ),
    ]  # fmt: skip
    panels = [
        Panel(
            title=_UNITS[RECALL],
            lines={"chance": 100 * figures["chance"][RECALL], "the run": 100 * base[RECALL]["value"]},
        ),
        Panel(title=_UNITS[ERROR], lines={"the run": base[ERROR]["value"]} if base[ERROR] else {}),
    ]
    return dot_figure([row_label(row) for row in rows], panels, kinds, shade=shade)


def learning_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw recall and errors against the number of training pairs: each draw a point, their mean a line."""
    points = learning_points(figures)
    figure = make_subplots(cols=2, horizontal_spacing=0.09)
    for column, key in enumerate((RECALL, ERROR), start=1):
        known = [(n, row) for n, rows in points for row in rows if row[key] is not None]
        x, y = [n for n, _ in known], [_SCALES[key] * row[key]["value"] for _, row in known]
        limits = [[_SCALES[key] * v for v in row[key]["interval"]] for _, row in known]
        means = [(n, float(np.mean([v for m, v in zip(x, y, strict=True) if m == n]))) for n in sorted(set(x))]
        figure.add_trace(
            go.Scatter(x=[n for n, _ in means], y=[v for _, v in means], mode="lines", hoverinfo="skip",
                       line={"color": COLOURS["line"][shade], "width": 1.5}),
            row=1, col=column,
        )  # fmt: skip
        told = [
            f"<b>{n:,} pairs</b><br>{v:.3g} ({low:.3g}–{high:.3g})"
            for n, v, (low, high) in zip(x, y, limits, strict=True)
        ]
        figure.add_trace(
            go.Scatter(
                x=x, y=y, mode="markers", customdata=told, hovertemplate="%{customdata}<extra></extra>",
                marker={"size": 8, "color": COLOURS["line"][shade]},
                error_y={
                    "type": "data", "symmetric": False, "width": 0, "thickness": 1.1, "color": COLOURS["line"][shade],
                    "array": [high - v for v, (_, high) in zip(y, limits, strict=True)],
                    "arrayminus": [v - low for v, (low, _) in zip(y, limits, strict=True)],
                },
            ),
            row=1, col=column,
        )  # fmt: skip
        figure.update_yaxes(title={"text": _UNITS[key], "standoff": 14}, row=1, col=column)
    ticks = [n for n, _ in points]
    figure.update_xaxes(
        type="log", title={"text": "training pairs", "standoff": 6}, tickvals=ticks,
        ticktext=[f"{n:,}" for n in ticks], gridcolor=GRID[shade], zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False, nticks=6, rangemode="tozero", row=1, col=1)
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False, nticks=6, row=1, col=2)
    lay_out(figure, _HEIGHT, shade=shade)
    figure.update_layout(showlegend=False, margin={"t": 14, "l": 52})
    return figure


def learning_points(figures: Mapping[str, Any]) -> list[tuple[int, list[Mapping[str, Any]]]]:
    """Numbers of training pairs, rising, with the trainings that had so many."""
    chosen = [row for row in figures["rows"] if row["group"] in ("share", "seed", "base")]
    chosen.sort(key=lambda row: float(row["share"]))
    return [
        (round(share * figures["n_training_pairs"]), list(rows))
        for share, rows in groupby(chosen, key=lambda row: float(row["share"]))
    ]


def row_label(row: Mapping[str, Any]) -> str:
    """What a row of the figure is called: shuffles are numbered."""
    return f"SHUFFLED PAIRS {row['name'][-1]}" if row["group"] == "shuffled" else str(row["label"])


def _panels(rows: Sequence[Mapping[str, Any]], *, is_shuffled: bool) -> list[list[Dot]]:
    chosen = [row for row in rows if (row["group"] == "shuffled") == is_shuffled]
    return [[_dot(row, key) for row in chosen if row[key] is not None] for key in (RECALL, ERROR)]


def _dot(row: Mapping[str, Any], key: str) -> Dot:
    figure, scale = row[key], _SCALES[key]
    value, (low, high) = scale * figure["value"], (scale * limit for limit in figure["interval"])
    told = f"<b>{row['label']}</b><br>{_UNITS[key]}: {value:.3g} ({low:.3g}–{high:.3g})"
    is_open = False
    if "change" in figure:
        below, above = figure["change_interval"]
        is_open = below <= 0 <= above
        told += f"<br>change {scale * figure['change']:+.2g} ({scale * below:+.2g} to {scale * above:+.2g})"
    return Dot(row=row_label(row), value=value, low=low, high=high, told=told, is_open=is_open)
