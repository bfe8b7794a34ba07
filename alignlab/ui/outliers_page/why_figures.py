"""The two figures of why a source is strange: its spectrum over that of normal sources, and its variables in sigma."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.discover.reason_parts import BandReason, SpectrumComparison, VariableReason
from alignlab.services.discover.reason_variables import first_of_each, quantity
from alignlab.services.discover.reason_words import LEAST_SIGMA, energy_words, signed, with_unit
from alignlab.services.discover.reasons import OutlierReasons
from alignlab.spectra.binned_counts import axis_ticks
from alignlab.spectra.poisson import gehrels_errors
from alignlab.ui.spectrum_figure import FAINT, INK, LINE, TICKS
from alignlab.ui.theme import Shade
from alignlab.variables import BY_NAME

#: Bands with more counts than predicted, and with fewer.
MORE = {"light": "#c8702a", "dark": "#e58e79"}
_MARKED = {"light": 0.16, "dark": 0.24}
_SPREAD = {"light": "rgba(12,123,235,0.16)", "dark": "rgba(86,167,255,0.22)"}
_GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}
_HEIGHT, _ROW = 270, 19
#: Differences beyond it are drawn at the edge.
_MOST_SIGMA, _MOST_VARIABLES = 8.0, 11
_FONT = 13
_LABELS = (1.0, 0.93, 0.86)


def why_key(*, shade: Shade) -> str:
    """What the marks of the spectrum mean, as a line of HTML above it."""
    marks = (
        f'<i class="al-why-dot" style="background: {INK[shade]}"></i>its counts',
        f'<i class="al-why-line" style="border-color: {LINE[shade]}"></i>normal sources',
        f'<i class="al-why-box" style="background: {MORE[shade]}"></i>more counts',
        f'<i class="al-why-box" style="background: {LINE[shade]}"></i>fewer',
    )
    return f'<p class="al-why-key">{"".join(f"<span>{mark}</span>" for mark in marks)}</p>'


def spectrum_against_normal(
    spectrum: SpectrumComparison, bands: tuple[BandReason, ...], *, shade: Shade = "light", height: int = _HEIGHT
) -> go.Figure:
    """Draw counts per keV with 68% errors over the prediction and its spread; bands that differ are marked."""
    low, high = spectrum.edges_kev[:-1], spectrum.edges_kev[1:]
    width, centre = high - low, np.sqrt(low * high)
    below, above = gehrels_errors(spectrum.counts)
    seen, expected, spread = (values / width for values in (spectrum.counts, spectrum.expected, spectrum.spread))
    floor = 0.3 * float(np.min(np.r_[expected[expected > 0], seen[seen > 0]], initial=1.0))
    figure = go.Figure()
    x, top = _steps(spectrum.edges_kev, np.maximum(expected + spread, floor))
    _, bottom = _steps(spectrum.edges_kev, np.maximum(expected - spread, floor))
    figure.add_scatter(x=x, y=bottom, mode="lines", line={"width": 0}, hoverinfo="skip")
    figure.add_scatter(
        x=x, y=top, mode="lines", line={"width": 0}, fill="tonexty", fillcolor=_SPREAD[shade], hoverinfo="skip"
    )
    _, line = _steps(spectrum.edges_kev, np.maximum(expected, floor))
    figure.add_scatter(x=x, y=line, mode="lines", line={"color": LINE[shade], "width": 1.6}, hoverinfo="skip")
    drawn = seen > 0
    told = [
        f"{a:.2f}–{b:.2f} keV<br>{n:,.0f} counts, {m:,.1f} predicted"
        for a, b, n, m in zip(low, high, spectrum.counts, spectrum.expected, strict=True)
    ]
    figure.add_scatter(
        x=centre[drawn],
        y=seen[drawn],
        error_x=_bars((high - centre)[drawn], (centre - low)[drawn]),
        error_y=_bars((above / width)[drawn], (below / width)[drawn]),
        mode="markers",
        marker={"color": INK[shade], "size": 4.5},
        customdata=np.array(told)[drawn],
        hovertemplate="%{customdata}<extra></extra>",
    )
    range_y = _decades(np.concatenate([seen[drawn], expected[expected > 0]]))
    figure.update_layout(
        shapes=[_marked(band, shade) for band in bands],
        annotations=[_sigma_label(band, place, shade) for place, band in enumerate(_by_energy(bands))],
        xaxis={
            "type": "log", "range": [math.log10(spectrum.edges_kev[0]), math.log10(spectrum.edges_kev[-1])],
            "tickvals": TICKS, "ticktext": [f"{tick:g}" for tick in TICKS], "showgrid": False,
            "title": {"text": "energy (keV)", "font": {"size": _FONT}, "standoff": 6},
        },
        yaxis={
            "type": "log", "range": range_y, "tickvals": axis_ticks(*range_y), "exponentformat": "power",
            "title": {"text": "counts per keV", "font": {"size": _FONT}, "standoff": 6}, "gridcolor": _GRID[shade],
        },
        **_common(height, shade),
    )  # fmt: skip
    return figure


def variables_in_sigma(found: OutlierReasons, *, shade: Shade = "light") -> go.Figure:
    """Draw the variables that differ most from normal sources' as dots, in robust sigmas; filled where it counts."""
    rows = first_of_each(found.variables, quantity)[:_MOST_VARIABLES][::-1]
    sigma = np.array([row.sigma for row in rows])
    shown = np.clip(sigma, -_MOST_SIGMA, _MOST_SIGMA)
    counts = np.abs(sigma) >= LEAST_SIGMA
    colour = [
        (MORE if value > 0 else LINE)[shade] if big else FAINT[shade] for value, big in zip(sigma, counts, strict=True)
    ]
    symbols = [
        "triangle-right" if value > _MOST_SIGMA else "triangle-left" if value < -_MOST_SIGMA else "circle" if big
        else "circle-open" for value, big in zip(sigma, counts, strict=True)
    ]  # fmt: skip
    names = [BY_NAME[row.name].label for row in rows]
    figure = go.Figure()
    for value, name, tone in zip(shown, names, colour, strict=True):
        figure.add_scatter(
            x=[0, value], y=[name, name], mode="lines", line={"color": tone, "width": 1.2}, hoverinfo="skip"
        )
    figure.add_scatter(
        x=shown,
        y=names,
        mode="markers",
        marker={"color": colour, "size": 9, "symbol": symbols, "line": {"width": 1.5, "color": colour}},
        customdata=[_variable_told(row, found.source_class) for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )
    common = _common(max(_HEIGHT, _ROW * len(rows) + 60), shade)
    figure.update_layout(
        shapes=[
            {
                "type": "rect", "xref": "x", "yref": "paper", "x0": -1, "x1": 1, "y0": 0, "y1": 1,
                "fillcolor": FAINT[shade], "opacity": 0.16, "line": {"width": 0}, "layer": "below",
            }
        ],
        xaxis={
            "range": [-_MOST_SIGMA - 1, _MOST_SIGMA + 1], "tickvals": [-8, -4, 0, 4, 8], "gridcolor": _GRID[shade],
            "ticktext": ["−8", "−4", "0", "4", "8"], "zeroline": False,
            "title": {"text": "σ of spread and error", "font": {"size": _FONT}, "standoff": 6},
        },
        yaxis={"showgrid": False, "automargin": True, "tickfont": {"size": 12}, "ticks": "", "fixedrange": True},
        **common,
    )  # fmt: skip
    return figure


def _variable_told(row: VariableReason, source_class: str) -> str:
    variable = BY_NAME[row.name]
    place = (
        f"<br>percentile {row.class_percentile:.1f} of {source_class} (n = {row.n_class:,})"
        if math.isfinite(row.class_percentile)
        else ""
    )
    return (
        f"{variable.label}: {with_unit(variable, row.value, row.low, row.high)}<br>normal: "
        f"{with_unit(variable, row.normal, row.normal_low, row.normal_high)} (n = {row.n_normal})<br>"
        f"{signed(row.sigma)}σ{place}"
    )


def _marked(band: BandReason, shade: Shade) -> dict[str, Any]:
    return {
        "type": "rect", "xref": "x", "yref": "paper", "x0": band.start_kev, "x1": band.stop_kev, "y0": 0, "y1": 1,
        "fillcolor": (MORE if band.sigma > 0 else LINE)[shade], "opacity": _MARKED[shade], "line": {"width": 0},
        "layer": "below",
    }  # fmt: skip


def _by_energy(bands: tuple[BandReason, ...]) -> list[BandReason]:
    return sorted(bands, key=lambda band: band.start_kev)


def _sigma_label(band: BandReason, place: int, shade: Shade) -> dict[str, Any]:
    """The significance above a band, at several heights in turn so that neighbours do not overlap."""
    return {
        "xref": "x", "yref": "paper", "x": math.log10(math.sqrt(band.start_kev * band.stop_kev)),
        "y": _LABELS[place % len(_LABELS)], "yanchor": "top", "showarrow": False,
        "text": f"{signed(band.sigma)}σ", "hovertext": energy_words(band),
        "font": {"size": 12, "color": INK[shade]},
    }  # fmt: skip


def _steps(edges: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A histogram's outline."""
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)


def _bars(above: NDArray[np.float64], below: NDArray[np.float64]) -> dict[str, Any]:
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "width": 0, "thickness": 1}


def _decades(positive: NDArray[np.float64]) -> tuple[float, float]:
    """Range of the count axis in powers of ten, with room for error bars below and labels above."""
    if not positive.size:
        return -1.0, 1.0
    low, high = math.log10(float(positive.min())) - 0.3, math.log10(float(positive.max()))
    return min(low, high - 1), high + 0.22 * max(high - low, 1.0)


def _common(height: int, shade: Shade) -> dict[str, Any]:
    return {
        "height": height, "margin": {"l": 52, "r": 8, "t": 4, "b": 42}, "showlegend": False,
        "hoverlabel": {"align": "left"}, "font": {"color": INK[shade]},
    }  # fmt: skip
