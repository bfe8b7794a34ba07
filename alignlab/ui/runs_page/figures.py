"""Figures of two runs: a table with the intervals of their differences, their recipes, the errors of 20 variables."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.services.compare_runs import FigureDifference, RunComparison
from alignlab.services.compare_runs_text import difference_words, value_words, verdict_sentence
from alignlab.ui import words
from alignlab.ui.source_page.svg import svg_image
from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade
from alignlab.variables import VARIABLES

_BAR, _BAR_HEIGHT = 96, 14
_ROW_HEIGHT = 25
_GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}


def figures_table(comparison: RunComparison, *, shade: Shade) -> str:
    """Retrieval in both directions as HTML: both runs, the difference with its interval, and the verdict in words."""
    first, second = escape(comparison.first), escape(comparison.second)
    heads = ("", first, second, "difference, 95%", "", f"{second} is")
    body, direction = "", ""
    reach = {
        kind: max(max(abs(f.low), abs(f.high)) for f in comparison.figures if f.kind == kind) or 1.0
        for kind in {f.kind for f in comparison.figures}
    }
    for figure in comparison.figures:
        if figure.direction != direction:
            direction = figure.direction
            body += f'<tr class="al-runs-direction"><th scope=colgroup colspan=6>{escape(direction)}</th></tr>'
        unclear = ' class="al-runs-unclear"' if figure.verdict == "no difference seen" else ""
        body += (
            f"<tr{unclear}><th scope=row>{figure.label}</th><td>{value_words(figure, figure.first)}</td>"
            f"<td>{value_words(figure, figure.second)}</td><td>{difference_words(figure)}</td>"
            f"<td>{_interval(figure, reach[figure.kind], shade)}</td><td>{_verdict(figure)}</td></tr>"
        )
    head = "".join(f"<th scope=col>{name}</th>" for name in heads)
    return (
        f'<p class="al-runs-verdict">{escape(verdict_sentence(comparison))}</p><div class="al-scroll">'
        f'<table class="al-runs-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def recipe_table(comparison: RunComparison) -> str:
    """What the two runs chose differently, as HTML."""
    cells = [[escape(text) for text in (change.name, change.first, change.second)] for change in comparison.recipe]
    rows = "".join(f"<tr><th scope=row>{name}</th><td>{a}</td><td>{b}</td></tr>" for name, a, b in cells)
    first, second = escape(comparison.first), escape(comparison.second)
    head = f"<th scope=col></th><th scope=col>{first}</th><th scope=col>{second}</th>"
    if not rows:
        return '<p class="al-runs-verdict">Recipes and seeds are the same.</p>'
    return (
        '<p class="al-runs-verdict">Made differently</p><div class="al-scroll"><table class="al-runs-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def variables_key(comparison: RunComparison, *, shade: Shade) -> str:
    """What the marks of the figure mean, as HTML."""
    first, second = escape(comparison.first), escape(comparison.second)
    return (
        f'<span class="al-runs-key"><i class="al-runs-open" style="border-color: {INK[shade]}"></i>{first} '
        f'<i class="al-runs-filled" style="background: {LINE[shade]}"></i>{second}. Right: their difference with its '
        f"95% interval; filled where p &lt; 0.05 after Holm's correction. n = up to {comparison.n_sources:,} sources."
        "</span>"
    )


def variables_figure(comparison: RunComparison, *, shade: Shade) -> go.Figure:
    """Draw the errors of both runs per variable, relative to always answering the mean, and their difference."""
    found = comparison.variables
    places = [place for place in reversed(found.by_change()) if np.isfinite(found.relative(found.difference)[place])]
    labels = [VARIABLES[place].label for place in places]
    first, second, change, low, high = (
        found.relative(values)[places]
        for values in (found.first, found.second, found.difference, found.low, found.high)
    )
    clear = found.clear[places]
    told = [_told(comparison, place) for place in places]
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        column_widths=[0.56, 0.44],
        horizontal_spacing=0.03,
    )
    joined = np.stack([first, second, np.full(len(places), np.nan)], axis=1).ravel()
    figure.add_trace(
        go.Scatter(x=joined, y=np.repeat(labels, 3), mode="lines", hoverinfo="skip",
                   line={"color": FAINT[shade], "width": 1.5}),
        row=1, col=1,
    )  # fmt: skip
    for values, marker in (
        (first, {"symbol": "circle-open", "color": INK[shade], "line": {"width": 1.6}}),
        (second, {"symbol": "circle", "color": LINE[shade]}),
    ):
        figure.add_trace(
            go.Scatter(x=values, y=labels, mode="markers", marker={"size": 8, **marker}, customdata=told,
                       hovertemplate="%{customdata}<extra></extra>"),
            row=1, col=1,
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=100 * change,
            y=labels,
            mode="markers",
            error_x={"type": "data", "symmetric": False, "array": 100 * (high - change),
                     "arrayminus": 100 * (change - low), "width": 0, "thickness": 1.3, "color": INK[shade]},
            marker={"size": 7, "symbol": ["circle" if c else "circle-open" for c in clear], "color": INK[shade],
                    "line": {"width": 1.4, "color": INK[shade]}},
            customdata=told,
            hovertemplate="%{customdata}<extra></extra>",
        ),
        row=1, col=2,
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": FAINT[shade], "width": 1}, row=1, col=2)
    _lay_out(figure, len(places), shade)
    return figure


def _lay_out(figure: go.Figure, n_rows: int, shade: Shade) -> None:
    title = {"standoff": 6, "font": {"size": 13}}
    axis = {"gridcolor": _GRID[shade], "zeroline": False, "nticks": 7}
    figure.update_xaxes(**axis)
    figure.update_xaxes(title={"text": "mean absolute error over that of the mean", **title}, row=1, col=1)
    figure.update_xaxes(
        title={"text": "difference (percent of that of the mean); left is better", **title}, row=1, col=2
    )
    figure.update_yaxes(showgrid=True, gridcolor=_GRID[shade], automargin=True, tickfont={"size": 12})
    figure.update_layout(
        height=_ROW_HEIGHT * n_rows + 70,
        margin={"l": 8, "r": 8, "t": 6, "b": 44},
        showlegend=False,
        hoverlabel={"align": "left"},
        font={"color": INK[shade]},
    )


def _told(comparison: RunComparison, place: int) -> str:
    """A variable's figures in its own unit, for the pointer."""
    variable, found = VARIABLES[place], comparison.variables
    first, second, change, low, high = (
        words.number(float(values[place]))
        for values in (found.first, found.second, found.difference, found.low, found.high)
    )
    p = float(found.p_corrected[place])
    return (
        f"<b>{escape(variable.label_with_unit)}</b>, n = {found.n[place]:,}<br>{comparison.first}: {first}<br>"
        f"{comparison.second}: {second}<br>difference {change} ({low} to {high}), p {'= 1' if p >= 1 else f'= {p:.2g}'}"
    )


def _verdict(figure: FigureDifference) -> str:
    mark = {"better": "▲ ", "worse": "▼ "}.get(figure.verdict, "")
    return f"{mark}{figure.verdict}"


def _interval(figure: FigureDifference, reach: float, shade: Shade) -> str:
    """The difference as a point with its interval about zero; all of one kind on one scale."""
    centre, middle = _BAR / 2, _BAR_HEIGHT / 2
    place, left, right = (
        centre + (centre - 4) * value / reach for value in (figure.difference, figure.low, figure.high)
    )
    parts = [
        f'<path d="M{centre} 0V{_BAR_HEIGHT}" stroke="currentColor" opacity="0.35"/>',
        f'<path d="M{left:.1f} {middle}H{right:.1f}" stroke="currentColor" stroke-width="1.4"/>',
        f'<circle cx="{place:.1f}" cy="{middle}" r="3" fill="currentColor"/>',
    ]
    label = f"{figure.label}, {figure.direction}: {difference_words(figure)}"
    return svg_image(parts, _BAR, _BAR_HEIGHT, label=label, shade=shade)
