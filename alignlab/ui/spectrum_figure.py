"""A source's spectrum as a figure: counts with errors in bins wide enough to read, and the reconstruction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.sources import SourceSpectrum
from alignlab.spectra.poisson import gehrels_errors
from alignlab.ui.theme import Shade

#: Fewest counts in a plotted bin of a faint source; a bright one gets as many bins as can be told apart.
MIN_COUNTS = 9
MAX_BINS = 48
#: Colours of the measured counts, of the reconstruction, of what stays in the background.
INK = {"light": "#16202c", "dark": "#e8ecf1"}
LINE = {"light": "#0c7beb", "dark": "#56a7ff"}
FAINT = {"light": "#8a93a0", "dark": "#7b8592"}
#: Ticks of an energy axis in keV.
TICKS = [0.5, 1, 2, 3, 5, 8]


@dataclass(frozen=True, eq=False, kw_only=True)
class BinnedCounts:
    """Counts in contiguous groups of grid bins.

    Attributes
    ----------
    first, stop : ndarray of int, shape (k,)
        Group *i* joins the grid bins ``first[i]`` to ``stop[i] - 1``.
    low_kev, high_kev : ndarray, shape (k,)
        Edges of each group in keV.
    counts, below, above : ndarray, shape (k,)
        Counts, and the sizes of the 68% error bars downwards and upwards, in counts.
    """

    first: NDArray[np.intp]
    stop: NDArray[np.intp]
    low_kev: NDArray[np.float64]
    high_kev: NDArray[np.float64]
    counts: NDArray[np.float64]
    below: NDArray[np.float64]
    above: NDArray[np.float64]

    @property
    def width_kev(self) -> NDArray[np.float64]:
        """Width of each group in keV."""
        return self.high_kev - self.low_kev

    @property
    def centre_kev(self) -> NDArray[np.float64]:
        """Geometric centre of each group in keV."""
        return np.sqrt(self.low_kev * self.high_kev)


def bin_counts(edges_kev: NDArray[np.float64], counts: NDArray[np.floating]) -> BinnedCounts:
    """Join grid bins from low to high energy until each group holds enough counts to be read.

    Errors are those of Gehrels 1986 (ApJ 303, 336), equations 7 and 12, for one sigma.

    Parameters
    ----------
    edges_kev : ndarray, shape (n + 1,)
    counts : ndarray, shape (n,)
    """
    total = float(np.sum(counts))
    enough = max(MIN_COUNTS, total / MAX_BINS)
    fewest = max(1, len(counts) // (2 * MAX_BINS))
    starts, held = [0], 0.0
    for i, value in enumerate(counts):
        held += float(value)
        if held >= enough and i + 1 - starts[-1] >= fewest:
            starts.append(i + 1)
            held = 0.0
    if len(starts) > 1 and (held < enough / 2 or starts[-1] == len(counts)):
        starts.pop()
    stops = [*starts[1:], len(counts)]
    grouped = np.add.reduceat(np.asarray(counts, dtype=np.float64), starts)
    below, above = gehrels_errors(grouped)
    return BinnedCounts(
        first=np.array(starts),
        stop=np.array(stops),
        low_kev=edges_kev[starts],
        high_kev=edges_kev[stops],
        counts=grouped,
        below=below,
        above=above,
    )


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


def smooth(density: NDArray[np.floating], bins: int = 5) -> NDArray[np.float64]:
    """Running mean over a few grid bins: finer than the detector can tell apart."""
    padded = np.pad(np.asarray(density, dtype=np.float64), bins // 2, mode="edge")
    return np.convolve(padded, np.full(bins, 1 / bins), mode="valid")


def axis_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with 3 between them where the axis spans less than two decades."""
    mantissas = (1, 3) if high - low < 2 else (1,)
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    return [m * 10.0**p for p in powers for m in mantissas if low <= np.log10(m) + p <= high]


def _decades(density: NDArray[np.float64], model: NDArray[np.floating]) -> tuple[float, float]:
    """Range of the count axis in powers of ten, at least one decade, with room for the error bars."""
    if density.size == 0:
        return -1.0, 1.0
    top = float(np.log10(max(density.max(), float(np.max(model, initial=0.0))))) + 0.2
    bottom = float(np.log10(density.min())) - 0.35
    return min(bottom, top - 1), top
