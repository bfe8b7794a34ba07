"""The light curve on the Source page: Bayesian blocks before even bins."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from alignlab.services.subject import Subject
from alignlab.spectra.light_curve import MIN_EVENTS, LightCurve, Rates
from alignlab.ui import words
from alignlab.ui.source_page.cached import light_curve_of
from alignlab.ui.spectrum_figure import FAINT, LINE
from alignlab.ui.theme import Shade, shade
from alignlab.variables import BY_NAME, VARIABLE_NAMES

_VARIABILITY = ("var_prob_b", "var_index_b")
_BAND = {"light": "rgba(12, 123, 235, 0.16)", "dark": "rgba(86, 167, 255, 0.22)"}


def show_light_curve(subject: Subject) -> None:
    """Draw the light curve, or say why there is none."""
    curve = light_curve_of(subject)
    st.html(f'<h2 class="al-part">Light curve</h2><div class="al-dim">{light_curve_words(curve)}</div>')
    if curve is not None:
        st.plotly_chart(
            light_curve_figure(curve, shade=shade()), config={"displayModeBar": False}, key="source_light_curve"
        )
    st.html(f'<div class="al-var">{_variability(subject)}</div>')


def light_curve_words(curve: LightCurve | None) -> str:
    """How many photons and blocks, and how far to believe the changes, as HTML."""
    if curve is None:
        return f"There are no arrival times for it, or fewer than {MIN_EVENTS} photons: only a spectrum came with it."
    blocks = words.plural(len(curve.blocks.counts), "Bayesian block")
    changes = "no change of rate" if curve.n_changes == 0 else words.plural(curve.n_changes, "change") + " of rate"
    return escape(
        f"{words.plural(curve.n_events, 'photon')}, 0.5–8 keV · {blocks}, {changes} "
        f"(false-alarm probability {words.percent(curve.false_alarm)}) · 68% errors"
    )


def light_curve_figure(curve: LightCurve, *, shade: Shade = "light", height: int = 220) -> go.Figure:
    """Draw count rates in blocks (line with its 68% band) and in even bins (faint) against time in ks."""
    figure = go.Figure()
    bins, blocks = curve.bins, curve.blocks
    x, y = _steps(bins, bins.rate)
    faint = {"color": FAINT[shade], "width": 1}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=faint, opacity=0.75, name="even bins", hoverinfo="skip"))
    _, low = _steps(blocks, blocks.rate - blocks.below)
    x, high = _steps(blocks, blocks.rate + blocks.above)
    nothing = {"width": 0}
    band = {"fill": "tonexty", "fillcolor": _BAND[shade], "showlegend": False, "hoverinfo": "skip"}
    figure.add_trace(go.Scatter(x=x, y=low, mode="lines", line=nothing, showlegend=False, hoverinfo="skip"))
    figure.add_trace(go.Scatter(x=x, y=high, mode="lines", line=nothing, **band))
    x, y = _steps(blocks, blocks.rate)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": LINE[shade], "width": 2},
            name="Bayesian blocks",
            customdata=np.repeat(
                np.stack([blocks.start_s / 1000, blocks.stop_s / 1000, blocks.counts, blocks.below, blocks.above], 1),
                2,
                axis=0,
            ),
            hovertemplate=(
                "%{customdata[0]:.2f}–%{customdata[1]:.2f} ks: %{customdata[2]:.0f} photons<br>"
                "%{y:.4g} (−%{customdata[3]:.2g} +%{customdata[4]:.2g}) counts/s<extra></extra>"
            ),
        )
    )
    top = max(float((blocks.rate + blocks.above).max()), float(np.percentile(bins.rate, 99)))
    quiet = {"font": {"size": 13}, "standoff": 6}
    figure.update_layout(
        height=height,
        margin={"l": 58, "r": 8, "t": 6, "b": 42},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 13}},
        hoverlabel={"align": "left"},
        xaxis={
            "title": {"text": "time since the start (ks)", **quiet},
            "range": [0, curve.span_s / 1000],
            "showgrid": False,
        },
        yaxis={"title": {"text": "counts per second", **quiet}, "range": [0, 1.1 * top], "showgrid": False},
    )
    return figure


def _steps(rates: Rates, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of a histogram's outline, in ks."""
    x = np.stack([rates.start_s, rates.stop_s], axis=1).ravel() / 1000
    return x, np.repeat(values, 2)


def _variability(subject: Subject) -> str:
    """The catalogue's two numbers of variability, as HTML."""
    parts = []
    for name in _VARIABILITY:
        variable = BY_NAME[name]
        value = float(subject.survey.variables[subject.index, VARIABLE_NAMES.index(name)])
        text = words.measured(variable, value) if math.isfinite(value) else "missing"
        parts.append(
            f'<span title="{escape(variable.description)}">{escape(variable.label)} <b>{escape(text)}</b></span>'
        )
    return "".join(parts)
