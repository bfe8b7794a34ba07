"""A source's spectrum as a figure: counts with errors in bins wide enough to read, and the reconstruction."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.sources import SourceSpectrum
from alignlab.spectra.binned_counts import axis_ticks, bin_counts, smooth
from alignlab.ui.theme import Shade

#: Colours of the measured counts, of the reconstruction, of what stays in the background.
INK = {"light": "#16202c", "dark": "#e8ecf1"}
LINE = {"light": "#0c7beb", "dark": "#56a7ff"}
FAINT = {"light": "#8a93a0", "dark": "#7b8592"}
#: Ticks of an energy axis in keV.
TICKS = [0.5, 1, 2, 3, 5, 8]


def spectrum_figure(spectrum: SourceSpectrum, *, shade: Shade = "light", height: int = 235) -> go.Figure:
    """Draw counts per keV against energy with the reconstruction and the expected background."""
    grid = spectrum.grid
    binned = bin_counts(grid.edges_kev, spectrum.counts)
    density = binned.counts / binned.width_kev
    shown = density > 0
    model = np.maximum(spectrum.reconstruction, 0) / grid.widths_kev
    figure = go.Figure()
    if np.any(spectrum.background > 0):
        background = smooth(spectrum.background / grid.widths_kev)
        figure.add_trace(_line(grid.centres_kev, background, FAINT[shade], "background", dash="dot"))
    figure.add_trace(_line(grid.centres_kev, smooth(model), LINE[shade], "reconstruction"))
    figure.add_trace(
        go.Scatter(
            x=binned.centre_kev[shown],
            y=density[shown],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": (binned.high_kev - binned.centre_kev)[shown],
                "arrayminus": (binned.centre_kev - binned.low_kev)[shown],
                "width": 0,
                "thickness": 1,
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (binned.above / binned.width_kev)[shown],
                "arrayminus": (binned.below / binned.width_kev)[shown],
                "width": 0,
                "thickness": 1,
            },
            customdata=np.stack([binned.low_kev, binned.high_kev, binned.counts], axis=1)[shown],
            hovertemplate="%{customdata[0]:.2f}–%{customdata[1]:.2f} keV: %{customdata[2]:.0f} counts<extra></extra>",
            mode="markers",
            marker={"color": INK[shade], "size": 4},
            name="counts",
        )
    )
    low, high = _decades(density[shown], model)
    figure.update_layout(
        height=height,
        margin={"l": 52, "r": 6, "t": 4, "b": 40},
        showlegend=False,
        hoverlabel={"align": "left"},
        xaxis={
            "type": "log",
            "range": [np.log10(grid.edges_kev[0]), np.log10(grid.edges_kev[-1])],
            "tickvals": TICKS,
            "ticktext": [f"{t:g}" for t in TICKS],
            "title": {"text": "energy (keV)", "standoff": 6, "font": {"size": 13}},
            "showgrid": False,
        },
        yaxis={
            "type": "log",
            "range": [low, high],
            "title": {"text": "counts per keV", "standoff": 8, "font": {"size": 13}},
            "automargin": False,
            "tickvals": axis_ticks(low, high),
            "exponentformat": "power",
        },
    )
    return figure


def spectrum_key(*, with_background: bool, shade: Shade = "light") -> str:
    """What the marks of the figure mean, as a line of HTML above it."""
    marks = [f'<i class="al-dot" style="background: {INK[shade]}"></i>counts']
    marks.append(f'<i style="border-color: {LINE[shade]}"></i>reconstruction')
    if with_background:
        marks.append(f'<i style="border-color: {FAINT[shade]}; border-top-style: dotted"></i>background')
    return f'<div class="al-key">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'


def _line(x: NDArray, y: NDArray, colour: str, name: str, dash: str = "solid") -> go.Scatter:
    shown = np.where(y > 0, y, np.nan)
    return go.Scatter(
        x=x, y=shown, mode="lines", name=name, line={"color": colour, "width": 1.6, "dash": dash}, hoverinfo="skip"
    )


def _decades(density: NDArray[np.float64], model: NDArray[np.floating]) -> tuple[float, float]:
    """Range of the count axis in powers of ten, at least one decade, with room for the error bars."""
    if density.size == 0:
        return -1.0, 1.0
    top = float(np.log10(max(density.max(), float(np.max(model, initial=0.0))))) + 0.2
    bottom = float(np.log10(density.min())) - 0.35
    return min(bottom, top - 1), top
