"""Two populations as points: hardness against brightness, and one colour against the other."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.discover.populations import Population
from alignlab.ui import words
from alignlab.ui.populations_page.look import HEIGHT, POINTS_UP_TO, colours, density_scale, lay_out, marker
from alignlab.ui.theme import Shade
from alignlab.variables import BY_NAME

_BINS = 46
_SHOWN = (0.002, 0.998)
_MARGIN = 0.05
#: With more sources than this, error bars hide what they belong to.
_ERRORS_UP_TO = 80


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the sources of a population stand: values, 68% limits (NaN without), and words for the pointer."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    y_low: NDArray[np.float64]
    y_high: NDArray[np.float64]
    is_limit: NDArray[np.bool_]
    told: list[str]


def hardness_intensity_figure(first: Population, second: Population, *, shade: Shade) -> go.Figure:
    """Draw brightness against hardness; triangles are upper limits.

    Brightness is luminosity where both have a distance; where the first alone has one, a second axis gives its own.
    """
    luminous = first.has_distance and second.has_distance
    drawn = [_placed(population, luminous=luminous) for population in (first, second)]
    figure = _figure(drawn, (first, second), shade=shade)
    hardness = BY_NAME["hard_hs"]
    low, high = _ends(np.concatenate([np.concatenate([p.y, p.y_low]) for p in drawn]))
    figure.update_xaxes(title={"text": hardness.label, "standoff": 6}, range=(-1.05, 1.05))
    title = "luminosity, 0.5–7 keV (erg s⁻¹)" if luminous else "flux, 0.5–7 keV (erg cm⁻² s⁻¹)"
    figure.update_yaxes(title={"text": title, "standoff": 6}, **_decades(low, high))
    if first.has_distance and not luminous:
        _add_luminosity_axis(figure, first, low, high)
    return figure


def colour_colour_figure(first: Population, second: Population, *, shade: Shade) -> go.Figure:
    """Draw the hard colour against the soft one."""
    soft, hard = BY_NAME["hard_ms"], BY_NAME["hard_hm"]
    drawn = []
    for population in (first, second):
        x, y = population.values(soft.name), population.values(hard.name)
        none = np.full(len(x), np.nan)
        drawn.append(_Places(x, y, none, none, np.zeros(len(x), bool), _names(population)))
    figure = _figure(drawn, (first, second), shade=shade)
    figure.update_xaxes(title={"text": soft.label, "standoff": 6}, range=(-1.05, 1.05))
    figure.update_yaxes(title={"text": hard.label, "standoff": 6}, range=(-1.05, 1.05))
    return figure


def _placed(population: Population, *, luminous: bool) -> _Places:
    flux, factor = population.flux, population.to_brightness if luminous else 1.0
    shown = np.where(flux.is_limit, flux.upper, np.where(flux.is_detected, flux.value, np.nan))
    unit = "erg s⁻¹" if luminous else "erg cm⁻² s⁻¹"
    told = [
        f"{name}<br>{'below ' if limit else ''}{words.number(value * factor)} {unit}"
        for name, value, limit in zip(_names(population), shown.tolist(), flux.is_limit.tolist(), strict=True)
    ]
    with np.errstate(divide="ignore"):
        y, low, high = (np.log10(values * factor) for values in (shown, flux.low, flux.high))
    return _Places(population.values("hard_hs"), y, low, high, flux.is_limit, told)


def _names(population: Population) -> list[str]:
    if population.n > POINTS_UP_TO:
        return [""] * population.n  # a density has no pointer
    sources = population.survey.sources.iloc[population.rows]
    classes = sources["source_class"].fillna("").astype(str)
    return [
        f"<b>{escape(name)}</b>{f' · {escape(kind)}' if kind else ''}"
        for name, kind in zip(sources["name"].astype(str), classes, strict=True)
    ]


def _figure(drawn: list[_Places], populations: tuple[Population, Population], *, shade: Shade) -> go.Figure:
    figure = go.Figure()
    for number in (1, 0):  # the first lies on top
        places, population = drawn[number], populations[number]
        known = np.isfinite(places.x) & np.isfinite(places.y)
        name = f"{population.group.label} (n = {int(known.sum()):,})"
        if known.sum() > POINTS_UP_TO:
            figure.add_trace(_density(places, known, name, shade))
        else:
            for limits in (False, True):
                rows = np.flatnonzero(known & (places.is_limit == limits))
                if len(rows):
                    figure.add_trace(_points(places, rows, number, "upper limits" if limits else name, limits, shade))
    lay_out(figure, HEIGHT, shade=shade)
    return figure


def _points(
    places: _Places, rows: NDArray[np.intp], number: int, name: str, limits: bool, shade: Shade
) -> go.Scattergl:
    look = marker(number, shade)
    if limits:
        look |= {"symbol": "triangle-down-open", "size": 8, "line": {"width": 1.2}}
    errors: dict[str, Any] = {}
    if not limits and len(rows) <= _ERRORS_UP_TO and np.isfinite(places.y_high[rows]).any():
        errors["error_y"] = {
            "type": "data", "symmetric": False, "array": (places.y_high - places.y)[rows],
            "arrayminus": (places.y - places.y_low)[rows], "width": 0, "thickness": 1, "color": colours(shade)[number],
        }  # fmt: skip
    return go.Scattergl(
        x=places.x[rows], y=places.y[rows], mode="markers", name=name, marker=look, showlegend=not limits,
        customdata=[places.told[row] for row in rows], hovertemplate="%{customdata}<extra></extra>", **errors,
    )  # fmt: skip


def _density(places: _Places, known: NDArray[np.bool_], name: str, shade: Shade) -> go.Heatmap:
    """Sources per cell, on a scale of its logarithm."""
    low, high = _ends(places.y[known])
    edges_x, edges_y = np.linspace(-1, 1, _BINS + 1), np.linspace(low, high, _BINS + 1)
    counts, _, _ = np.histogram2d(places.y[known], places.x[known], bins=[edges_y, edges_x])
    return go.Heatmap(
        x=(edges_x[1:] + edges_x[:-1]) / 2, y=(edges_y[1:] + edges_y[:-1]) / 2,
        z=np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan), customdata=counts, name=name,
        colorscale=density_scale(shade), showscale=False, showlegend=True,
        hovertemplate="%{customdata:.0f} sources<extra></extra>",
    )  # fmt: skip


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.quantile(known, _SHOWN)
    margin = _MARGIN * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _decades(low: float, high: float) -> dict[str, Any]:
    """Range and ticks of an axis of logarithms."""
    ticks = list(range(int(np.ceil(low)), int(np.floor(high)) + 1))
    text = [words.number(10.0**tick, digits=1) for tick in ticks]
    return {"range": (low, high), "tickmode": "array", "tickvals": ticks, "ticktext": text}


def _add_luminosity_axis(figure: go.Figure, population: Population, low: float, high: float) -> None:
    shift = float(np.log10(population.to_brightness))
    # An axis is only drawn where something stands on it.
    figure.add_trace(go.Scatter(x=[None], y=[None], yaxis="y2", showlegend=False, hoverinfo="skip"))
    title = "luminosity of the first (erg s⁻¹)"
    figure.update_layout(
        yaxis2={
            "title": {"text": title, "standoff": 6}, "overlaying": "y", "side": "right", "showgrid": False,
            **_decades(low + shift, high + shift),
        },
        margin={"r": 72},
    )  # fmt: skip
