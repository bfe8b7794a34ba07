"""A latent's formulas: what each explains against its length, and predicted against true values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from alignlab.ui.evaluate.experiment import COLOURS, GRID, lay_out
from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade

_HEIGHT = 340
_COMPARED = {"linear": ("linear in all variables", "top left"), "forest": ("forest", "top left")}


def front_figure(told: Mapping[str, Any], chosen: int, *, shade: Shade) -> go.Figure:
    """Draw R² against complexity for every formula of a latent; the chosen one is filled.

    Parameters
    ----------
    told : mapping
        Of one latent.
    chosen : int
        Place on its front.
    shade : {"light", "dark"}
    """
    front = told["front"]
    colour = LINE[shade]
    figure = go.Figure(
        go.Scatter(
            x=[formula["complexity"] for formula in front],
            y=[formula["r2"]["value"] for formula in front],
            mode="lines+markers",
            line={"width": 1, "color": FAINT[shade]},
            marker={
                "size": [11 if place == chosen else 8 for place in range(len(front))],
                "symbol": ["circle" if place == chosen else "circle-open" for place in range(len(front))],
                "color": colour,
                "line": {"width": 1.5, "color": colour},
            },
            error_y={
                "type": "data", "symmetric": False, "width": 0, "thickness": 1.2, "color": colour,
                "array": [formula["r2"]["high"] - formula["r2"]["value"] for formula in front],
                "arrayminus": [formula["r2"]["value"] - formula["r2"]["low"] for formula in front],
            },
            customdata=[_told(formula) for formula in front],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    for key, (label, position) in _COMPARED.items():
        if told[key] is not None:
            figure.add_hline(
                y=told[key], line={"color": COLOURS["second"][shade], "width": 1.2, "dash": "dot"},
                annotation={"text": label, "font": {"size": 12, "color": INK[shade]}}, annotation_position=position,
            )  # fmt: skip
    lay_out(figure, _HEIGHT, shade=shade)
    figure.update_xaxes(title={"text": "complexity: numbers, variables, operations", "standoff": 6}, rangemode="tozero")
    figure.update_yaxes(title={"text": "R², test split", "standoff": 6}, range=[0, 1.02])
    _finish(figure, shade)
    return figure


def predicted_figure(told: Mapping[str, Any], chosen: int, *, shade: Shade) -> go.Figure:
    """Draw what a formula gives against the latent itself, source by source."""
    true, predicted = told["true"], told["front"][chosen]["predicted"]
    low, high = min(true), max(true)
    figure = go.Figure(
        [
            go.Scatter(
                x=[low, high], y=[low, high], mode="lines", hoverinfo="skip", line={"color": FAINT[shade], "width": 1.2}
            ),
            go.Scatter(
                x=true, y=predicted, mode="markers", marker={"size": 4, "color": LINE[shade], "opacity": 0.55},
                hovertemplate="true %{x:.2f}, formula %{y:.2f}<extra></extra>",
            ),
        ]
    )  # fmt: skip
    lay_out(figure, _HEIGHT, shade=shade)
    figure.update_xaxes(title={"text": "latent (standard deviations)", "standoff": 6})
    figure.update_yaxes(title={"text": "formula", "standoff": 6})
    _finish(figure, shade)
    return figure


def _told(formula: Mapping[str, Any]) -> str:
    r2 = formula["r2"]
    ranged = f"R² = {r2['value']:.2f} ({r2['low']:.2f}–{r2['high']:.2f})"
    return f"{formula['text']}<br>{ranged}, complexity {formula['complexity']}"


def _finish(figure: go.Figure, shade: Shade) -> None:
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(gridcolor=GRID[shade], zeroline=False)
    figure.update_layout(showlegend=False, margin={"t": 14})
