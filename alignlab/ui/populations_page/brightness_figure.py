"""How many sources are at least so bright, and how many of them vary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.analysis.mean_errors import binomial_interval
from alignlab.services.discover.population_brightness import BrightnessFunction
from alignlab.services.discover.population_comparison import ShareInClass
from alignlab.services.discover.population_text import share_words
from alignlab.ui import words
from alignlab.ui.populations_page.look import HEIGHT, colours, faint, lay_out, marker
from alignlab.ui.theme import Shade

#: Steps that are drawn of a function with more.
_STEPS = 500
_MARGIN = 0.05
_COUNT_TICKS = [30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000]


def brightness_figure(functions: Sequence[tuple[int, str, BrightnessFunction]], *, shade: Shade) -> go.Figure:
    """Draw cumulative numbers with their Poisson limits, the fitted power laws, and from where they are complete.

    Parameters
    ----------
    functions : sequence of (number, label, function)
        0 for the first population, 1 for the second; all in the same unit.
    """
    figure = go.Figure()
    for number, label, function in functions:
        _add_function(figure, number, label, function, shade)
    lay_out(figure, HEIGHT, shade=shade)
    what, short = ("luminosity", "L") if functions[0][2].is_luminosity else ("flux", "S")
    figure.update_xaxes(
        title={"text": f"{what} {short}, 0.5–7 keV ({functions[0][2].unit})", "standoff": 6},
        type="log",
        exponentformat="power",
        dtick=1,
        range=_range([function.counts.at for *_, function in functions]),
    )
    figure.update_yaxes(
        title={"text": f"sources of at least {short}", "standoff": 6},
        type="log",
        tickvals=[1, 10, 100, 1000, 10_000, 100_000],
        ticktext=["1", "10", "100", "1,000", "10,000", "100,000"],
        range=_range([function.counts.n for *_, function in functions]),
    )
    return figure


def variability_figure(classes: Sequence[ShareInClass], labels: tuple[str, str], *, shade: Shade) -> go.Figure:
    """Draw the share of variable sources against net counts, with 95% intervals."""
    figure = go.Figure()
    for number, label in enumerate(labels):
        told = [
            (c.median_counts, *((c.hits_first, c.n_first) if number == 0 else (c.hits_second, c.n_second)), c)
            for c in classes
        ]
        told = [entry for entry in told if entry[2]]
        share = np.array([hits / n for _, hits, n, _ in told])
        low, high = binomial_interval([hits for _, hits, _, _ in told], [n for _, _, n, _ in told])
        # Side by side, so that intervals can be told apart.
        shift = 10 ** (0.012 if number else -0.012)
        figure.add_trace(
            go.Scatter(
                x=[counts * shift for counts, *_ in told], y=100 * share, mode="markers", name=label,
                marker=marker(number, shade, size=9),
                error_y={
                    "type": "data", "symmetric": False, "array": 100 * (high - share),
                    "arrayminus": 100 * (share - low), "width": 0, "thickness": 1.4, "color": colours(shade)[number],
                },
                customdata=[f"{_class_words(c)}<br>{share_words(hits, n)}" for _, hits, n, c in told],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )  # fmt: skip
    lay_out(figure, HEIGHT, shade=shade)
    figure.update_xaxes(
        title={"text": "net counts", "standoff": 6},
        type="log",
        tickvals=_COUNT_TICKS,
        ticktext=[f"{tick:,}" for tick in _COUNT_TICKS],
    )
    figure.update_yaxes(title={"text": "variable sources (%)", "standoff": 6}, rangemode="tozero")
    return figure


def _add_function(figure: go.Figure, number: int, label: str, function: BrightnessFunction, shade: Shade) -> None:
    counts, colour = function.counts, colours(shade)[number]
    if not len(counts.at):
        return
    kept = np.arange(len(counts.at))
    if len(kept) > _STEPS:  # the brightest one by one, the many faint ones thinned
        kept = np.unique(len(counts.at) - np.geomspace(1, len(counts.at), _STEPS).astype(int))
    line = {"color": colour, "width": 0}
    common = {"x": counts.at[kept], "mode": "lines", "line_shape": "vh", "hoverinfo": "skip", "showlegend": False}
    figure.add_trace(go.Scatter(y=counts.high[kept], line=line, **common))
    figure.add_trace(
        go.Scatter(y=counts.low[kept], line=line, fill="tonexty", fillcolor=faint(number, shade), **common)
    )
    figure.add_trace(
        go.Scatter(
            x=counts.at[kept], y=counts.n[kept], mode="lines", line_shape="vh",
            line={"color": colour, "width": 2}, name=f"{label} (n = {len(counts.at):,})",
            hovertemplate=f"%{{y}} of at least %{{x:.2e}} {function.unit}<extra></extra>",
        )
    )  # fmt: skip
    if function.fit is not None:
        ends = np.array([function.limit, counts.at[-1]])
        figure.add_trace(
            go.Scatter(
                x=ends, y=function.fit.expected(ends), mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": colour, "width": 1.4, "dash": "dash"},
            )
        )  # fmt: skip
    if np.isfinite(function.limit):
        figure.add_vline(x=function.limit, line={"color": colour, "width": 1, "dash": "dot"})


def _range(values: Sequence[NDArray]) -> tuple[float, float]:
    """Logarithms at which an axis ends, a little beyond the values."""
    held = [np.log10(v) for v in values if len(v)]
    if not held:
        return 0.0, 1.0
    low, high = min(v.min() for v in held), max(v.max() for v in held)
    margin = _MARGIN * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _class_words(c: ShareInClass) -> str:
    if not np.isfinite(c.high):
        return f"{words.number(c.low)} net counts and more"
    return f"{words.number(c.low)} to {words.number(c.high)} net counts"
