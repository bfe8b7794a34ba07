"""Recall by group of sources: a dot with its interval for each, both directions beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.services.evaluate.retrieval_tables import DIRECTION_WORDS, GROUP_WORDS
from alignlab.ui.retrieval_page.recall_figure import GRID, SECOND
from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade

#: Of fewer sources an interval spans most of the axis.
FEWEST_DRAWN = 10
_ROW_HEIGHT, _HEAD = 27, 34
#: How far the two directions lie from the middle of their row.
_ASIDE = {"spectrum_to_text": 0.17, "text_to_spectrum": -0.17}
_SYMBOL = {"spectrum_to_text": "circle", "text_to_spectrum": "circle-open"}
_COLOUR = {"spectrum_to_text": LINE, "text_to_spectrum": SECOND}
_AT_1 = "recall_at_1_percent"


def groups_figure(figures: Mapping[str, Any], kinds: Sequence[str], *, shade: Shade) -> go.Figure:
    """Draw recall@1% of the groups of these kinds under one another; the line is that of all sources together."""
    drawn = {kind: [entry for entry in figures["groups"][kind] if entry["n"] >= FEWEST_DRAWN] for kind in kinds}
    sizes = [max(1, len(drawn[kind])) for kind in kinds]
    height = _ROW_HEIGHT * sum(sizes) + _HEAD * len(kinds) + 44
    figure = make_subplots(
        rows=len(kinds), shared_xaxes=True, row_heights=sizes,
        vertical_spacing=_HEAD / height if len(kinds) > 1 else 0,
        subplot_titles=[GROUP_WORDS[kind] for kind in kinds],
    )  # fmt: skip
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": INK[shade]})
    for row, kind in enumerate(kinds, start=1):
        entries = drawn[kind][::-1]
        for direction in DIRECTION_WORDS:
            figure.add_trace(_dots(entries, direction, shade), row=row, col=1)
        figure.update_yaxes(
            tickvals=list(range(len(entries))), ticktext=[_label(entry) for entry in entries],
            range=[-0.6, max(1, len(entries)) - 0.4], row=row, col=1,
        )  # fmt: skip
        overall = 100 * figures["directions"]["spectrum_to_text"][_AT_1]
        figure.add_vline(x=overall, line={"color": FAINT[shade], "width": 1, "dash": "dot"}, row=row, col=1)
    limits = [entry[way][f"{_AT_1}_interval"][1] for kind in kinds for entry in drawn[kind] for way in DIRECTION_WORDS]
    most = max(limits, default=1.0)
    figure.update_xaxes(gridcolor=GRID[shade], zeroline=False, ticksuffix="%", range=[-1, min(101, 100 * most + 2)])
    figure.update_xaxes(title={"text": "recall@1%", "standoff": 6, "font": {"size": 13}}, row=len(kinds), col=1)
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False, automargin=True, tickfont={"size": 12})
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": _HEAD, "b": 44}, showlegend=False, font={"color": INK[shade]},
        hoverlabel={"align": "left"},
    )  # fmt: skip
    return figure


def groups_key(*, shade: Shade) -> str:
    """What the dots mean, as a line of HTML."""
    filled, hollow = _COLOUR["spectrum_to_text"][shade], _COLOUR["text_to_spectrum"][shade]
    marks = (
        f'<i class="al-dot" style="background: {filled}"></i>{DIRECTION_WORDS["spectrum_to_text"]}',
        f'<i class="al-dot" style="border: 1.6px solid {hollow}"></i>{DIRECTION_WORDS["text_to_spectrum"]}',
        f'<i class="al-retrieval-all" style="border-left: 1.5px dotted {FAINT[shade]}"></i>all sources',
    )
    return f'<div class="al-key al-retrieval-key">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'


def _dots(entries: Sequence[Mapping[str, Any]], direction: str, shade: Shade) -> go.Scatter:
    told = [entry[direction] for entry in entries]
    value = [100 * figures[_AT_1] for figures in told]
    low, high = ([100 * figures[f"{_AT_1}_interval"][end] for figures in told] for end in (0, 1))
    colour = _COLOUR[direction][shade]
    return go.Scatter(
        x=value,
        y=[place + _ASIDE[direction] for place in range(len(entries))],
        mode="markers",
        marker={"symbol": _SYMBOL[direction], "size": 8, "color": colour, "line": {"width": 1.5, "color": colour}},
        error_x={
            "type": "data", "symmetric": False, "width": 0, "thickness": 1.3, "color": colour,
            "array": [end - middle for end, middle in zip(high, value, strict=True)],
            "arrayminus": [middle - end for middle, end in zip(value, low, strict=True)],
        },
        customdata=[_told(entry, direction) for entry in entries],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _label(entry: Mapping[str, Any]) -> str:
    return f"{escape(entry['label'])}  <i>{entry['n']:,}</i>"


def _told(entry: Mapping[str, Any], direction: str) -> str:
    told = entry[direction]
    low, high = told[f"{_AT_1}_interval"]
    return (
        f"<b>{escape(entry['label'])}</b>, n = {entry['n']:,}, {DIRECTION_WORDS[direction]}<br>"
        f"recall@1% {told[_AT_1]:.0%} ({100 * low:.0f}–{100 * high:.0f}%)<br>"
        f"recall@5% {told['recall_at_5_percent']:.0%}, median rank {told['median_rank']:,.0f}"
    )
