"""The recall curve: how far down the list one has to read (paper, Fig. 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from alignlab.services.evaluate.paper import PAPER
from alignlab.services.evaluate.retrieval_tables import DIRECTION_WORDS, RANKERS
from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade

SECOND = {"light": "#c8702a", "dark": "#e58e79"}
GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}
_BAND = {
    "spectrum_to_text": {"light": "rgba(12,123,235,0.20)", "dark": "rgba(86,167,255,0.26)"},
    "text_to_spectrum": {"light": "rgba(200,112,42,0.16)", "dark": "rgba(229,142,121,0.20)"},
}
_COLOUR = {"spectrum_to_text": LINE, "text_to_spectrum": SECOND}
_DASH = {"spectrum_to_text": "solid", "text_to_spectrum": "dash"}
_CEILING_DASH = {"shape": "dot", "photons": "dash", "truth": "solid"}
_CSS = {"solid": "solid", "dash": "dashed", "dot": "dotted"}
_TICKS = (0.1, 0.3, 1, 3, 10, 30, 100)
_HEIGHT = 400


def recall_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw recall against the share of the candidates that is read, with bands, ceilings, chance and the paper."""
    percents = figures["percents"]
    n = figures["directions"]["spectrum_to_text"]["n_candidates"]
    figure = go.Figure()
    chance = [100 * within / n for within in figures["within"]]
    figure.add_trace(_line(percents, chance, FAINT[shade], "chance", "dot", width=1.2))
    for ranker in RANKERS:
        if figures["ceiling"]:
            recall = figures["ceiling"][ranker]["spectrum_to_text"]["curve"]["recall"]
            name = f"{RANKERS[ranker][0]}, {DIRECTION_WORDS['spectrum_to_text']}"
            figure.add_trace(_line(percents, _percent(recall), INK[shade], name, _CEILING_DASH[ranker], width=1.3))
    for direction, words in reversed(DIRECTION_WORDS.items()):
        curve = figures["directions"][direction]["curve"]
        figure.add_trace(_band(percents, curve, _BAND[direction][shade]))
        colour = _COLOUR[direction][shade]
        figure.add_trace(_line(percents, _percent(curve["recall"]), colour, words, _DASH[direction], width=2.2))
    paper = PAPER["retrieval"]
    figure.add_trace(
        go.Scatter(
            x=[1, 5],
            y=[100 * paper["recall_at_1_percent"], 100 * paper["recall_at_5_percent"]],
            mode="markers",
            name="paper, spectrum → text",
            marker={"symbol": "diamond-open", "size": 11, "color": INK[shade], "line": {"width": 2}},
            hovertemplate="paper: %{y:.0f}% within %{x}%<extra></extra>",
        )
    )
    figure.update_xaxes(
        type="log", range=[-1.02, 2.02], tickvals=_TICKS, ticktext=[f"{tick:g}%" for tick in _TICKS],
        title={"text": f"share of the {n:,} candidates that is read", "standoff": 6, "font": {"size": 13}},
        gridcolor=GRID[shade], zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(
        range=[0, 102], ticksuffix="%", gridcolor=GRID[shade], zeroline=False,
        title={"text": "queries whose partner is among them", "standoff": 6, "font": {"size": 13}},
    )  # fmt: skip
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 44}, showlegend=False, font={"color": INK[shade]},
        hoverlabel={"align": "left"},
    )  # fmt: skip
    return figure


def recall_key(figures: Mapping[str, Any], *, shade: Shade) -> str:
    """What the lines mean, as a line of HTML."""
    marks = [
        f'<i style="border-top: 2px {_CSS[_DASH[name]]} {_COLOUR[name][shade]}"></i>{words}'
        for name, words in DIRECTION_WORDS.items()
    ]
    marks.append(f'<i class="al-retrieval-diamond" style="border: 2px solid {INK[shade]}"></i>paper')
    if figures["ceiling"]:
        marks += [
            f'<i style="border-top: 2px {_CSS[_CEILING_DASH[ranker]]} {INK[shade]}"></i>{label}'
            for ranker, (label, _) in RANKERS.items()
        ]
    marks.append(f'<i style="border-top: 2px dotted {FAINT[shade]}"></i>chance')
    return f'<div class="al-key al-retrieval-key">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'


def _line(x: Sequence[float], y: Sequence[float], colour: str, name: str, dash: str, *, width: float) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", name=name, line={"color": colour, "width": width, "dash": dash},
        hovertemplate=f"{name}: %{{y:.1f}}% within %{{x:.3g}}%<extra></extra>",
    )  # fmt: skip


def _band(x: Sequence[float], curve: Mapping[str, Any], colour: str) -> go.Scatter:
    return go.Scatter(
        x=[*x, *reversed(x)], y=_percent([*curve["high"], *reversed(curve["low"])]), fill="toself", fillcolor=colour,
        line={"width": 0}, hoverinfo="skip", mode="lines",
    )  # fmt: skip


def _percent(values: Sequence[float]) -> list[float]:
    return [100 * value for value in values]
