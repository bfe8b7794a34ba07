"""The large figure of a spectrum: counts or the min–max version, reconstruction, neighbours, residuals in sigma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.sources import SourceSpectrum
from alignlab.spectra.binned_counts import BinnedCounts, axis_ticks, bin_counts, smooth
from alignlab.ui.spectrum_figure import FAINT, INK, LINE, TICKS
from alignlab.ui.theme import Shade

#: Colours and dashes of spectra laid over, in their order; both differ, so that neither is needed.
OVERLAY_COLOURS = {
    "light": ("#836501", "#ae0062", "#245758", "#511ca5", "#c9769c"),
    "dark": ("#f1af00", "#c86a9e", "#4bc0c5", "#7f79f0", "#f5d1fe"),
}
OVERLAY_DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot")
MAX_OVERLAYS = len(OVERLAY_DASHES)
_RESIDUAL_SHARE = (0.0, 0.22)
_MAIN_SHARE = (0.27, 1.0)
_FLOOR = 1e-3


@dataclass(frozen=True, eq=False, kw_only=True)
class LaidOver:
    """A spectrum drawn over another one.

    Attributes
    ----------
    name : str
    counts, scaled : ndarray, shape (400,)
        Its counts, and its min–max version.
    """

    name: str
    counts: NDArray[np.floating]
    scaled: NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class SpectrumOptions:
    """How a spectrum is drawn.

    Attributes
    ----------
    scaled : bool
        The min–max version that the encoder reads, instead of counts.
    by_bin : bool
        Against the number of the grid bin instead of energy.
    logarithmic : bool
        The vertical axis.
    background : bool
        Draw the background expected in the aperture.
    """

    scaled: bool = False
    by_bin: bool = False
    logarithmic: bool = True
    background: bool = True


def large_spectrum(
    spectrum: SourceSpectrum,
    scaled: NDArray[np.floating],
    scaled_reconstruction: NDArray[np.floating],
    options: SpectrumOptions,
    *,
    laid_over: tuple[LaidOver, ...] = (),
    shade: Shade = "light",
    height: int = 400,
) -> go.Figure:
    """Draw a spectrum with what the run makes of it.

    Parameters
    ----------
    spectrum : SourceSpectrum
    scaled, scaled_reconstruction : ndarray, shape (400,)
        Both on the min–max scale.
    options : SpectrumOptions
    laid_over : tuple of LaidOver
        At most `MAX_OVERLAYS`; in counts they are normalised to the same total.
    """
    grid = spectrum.grid
    binned = bin_counts(grid.edges_kev, spectrum.counts)
    figure = go.Figure()
    centres: NDArray[np.floating]
    shown: NDArray[np.floating]
    if options.scaled:
        centres = np.arange(len(scaled)) + 0.5 if options.by_bin else grid.centres_kev
        _add_line(figure, centres, scaled, INK[shade], "min–max spectrum", width=1.0)
        _add_line(figure, centres, scaled_reconstruction, LINE[shade], "reconstruction")
        for place, other in enumerate(laid_over):
            _add_overlay(figure, centres, smooth(other.scaled), other.name, place, shade)
        shown = np.concatenate([scaled, scaled_reconstruction])
        title = "min–max count rate"
    else:
        widths = np.ones(len(grid.widths_kev)) if options.by_bin else grid.widths_kev
        centres = np.arange(len(widths)) + 0.5 if options.by_bin else grid.centres_kev
        if options.background and np.any(spectrum.background > 0):
            _add_line(figure, centres, smooth(spectrum.background / widths), FAINT[shade], "background", dash="dot")
        model = np.maximum(smooth(spectrum.reconstruction / widths), 0)
        _add_line(figure, centres, model, LINE[shade], "reconstruction")
        total = float(np.sum(spectrum.counts))
        for place, other in enumerate(laid_over):
            ratio = total / max(float(np.sum(other.counts)), 1.0)
            _add_overlay(figure, centres, smooth(other.counts * ratio / widths, bins=9), other.name, place, shade)
        shown = _add_counts(figure, binned, options, shade)
        title = "counts per bin" if options.by_bin else "counts per keV"
        shown = np.concatenate([shown, model[model > _FLOOR * max(float(model.max()), 1e-9)]])
    _add_residuals(figure, spectrum, binned, options, shade)
    figure.update_layout(**_layout(options, shown, title, grid.edges_kev, height, shade))
    return figure


def residual_sigma(binned: BinnedCounts, model: NDArray[np.floating]) -> NDArray[np.float64]:
    """Counts minus a model (in counts, on the grid), in units of the error bar that faces it; shape (k,)."""
    expected = np.add.reduceat(np.asarray(model, dtype=np.float64), binned.first)
    difference = binned.counts - expected
    error = np.where(difference >= 0, np.maximum(binned.below, 1), binned.above)
    return difference / error


def _add_counts(figure: go.Figure, binned: BinnedCounts, options: SpectrumOptions, shade: Shade) -> NDArray[np.float64]:
    low, high = _edges(binned, options)
    middle = (low + high) / 2 if options.by_bin else np.sqrt(low * high)
    width = high - low
    density = binned.counts / width
    drawn = density > 0 if options.logarithmic else np.ones(len(density), bool)
    figure.add_trace(
        go.Scatter(
            x=middle[drawn],
            y=density[drawn],
            error_x=_bars((high - middle)[drawn], (middle - low)[drawn]),
            error_y=_bars((binned.above / width)[drawn], (binned.below / width)[drawn]),
            customdata=np.stack([binned.low_kev, binned.high_kev, binned.counts, binned.below, binned.above], 1)[drawn],
            hovertemplate=(
                "%{customdata[0]:.2f}–%{customdata[1]:.2f} keV<br>%{customdata[2]:.0f} counts "
                "(−%{customdata[3]:.1f} +%{customdata[4]:.1f})<extra></extra>"
            ),
            mode="markers",
            marker={"color": INK[shade], "size": 4.5},
            name="counts, 68% errors",
        )
    )
    return density[density > 0]


def _add_residuals(
    figure: go.Figure, spectrum: SourceSpectrum, binned: BinnedCounts, options: SpectrumOptions, shade: Shade
) -> None:
    low, high = _edges(binned, options)
    middle = (low + high) / 2 if options.by_bin else np.sqrt(low * high)
    figure.add_trace(
        go.Scatter(
            x=middle,
            y=residual_sigma(binned, spectrum.reconstruction),
            error_x=_bars(high - middle, middle - low),
            mode="markers",
            marker={"color": INK[shade], "size": 3.5},
            hovertemplate="%{y:+.1f}σ<extra></extra>",
            showlegend=False,
            name="residual",
            yaxis="y2",
        )
    )


def _edges(binned: BinnedCounts, options: SpectrumOptions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if options.by_bin:
        return binned.first.astype(np.float64), binned.stop.astype(np.float64)
    return binned.low_kev, binned.high_kev


def _bars(above: NDArray, below: NDArray) -> dict[str, object]:
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "width": 0, "thickness": 1}


def _add_line(
    figure: go.Figure,
    x: NDArray,
    y: NDArray,
    colour: str,
    name: str,
    *,
    dash: str = "solid",
    width: float = 1.6,
) -> None:
    drawn = np.where(np.asarray(y) > 0, y, np.nan)
    line = {"color": colour, "width": width, "dash": dash}
    figure.add_trace(go.Scatter(x=x, y=drawn, mode="lines", name=name, line=line, hoverinfo="skip"))


def _add_overlay(figure: go.Figure, x: NDArray, y: NDArray, name: str, place: int, shade: Shade) -> None:
    colour, dash = OVERLAY_COLOURS[shade][place], OVERLAY_DASHES[place]
    _add_line(figure, x, y, colour, name, dash=dash, width=1.4)


def _layout(
    options: SpectrumOptions,
    shown: NDArray[np.floating],
    title: str,
    edges_kev: NDArray[np.float64],
    height: int,
    shade: Shade,
) -> dict[str, object]:
    positive = shown[shown > 0]
    top, bottom = (float(positive.max()), float(positive.min())) if positive.size else (1.0, 0.1)
    if options.scaled:
        bottom = max(bottom, 0.003)
    if options.logarithmic:
        low, high = float(np.log10(bottom)) - 0.25, float(np.log10(top)) + 0.18
        low = min(low, high - 1)
        ticks = axis_ticks(low, high)
        vertical: dict[str, object] = {
            "type": "log",
            "range": [low, high],
            "tickvals": ticks,
            "exponentformat": "power",
        }
    else:
        vertical = {"type": "linear", "range": [0, 1.18 * top]}
    quiet = {"font": {"size": 13}, "standoff": 6}
    name = "bin of the survey's energy grid" if options.by_bin else "energy (keV)"
    across: dict[str, object] = {"showgrid": False, "anchor": "y2", "title": {"text": name, **quiet}}
    if options.by_bin:
        across |= {"type": "linear", "range": [0, len(edges_kev) - 1]}
    else:
        across |= {
            "type": "log",
            "range": [float(np.log10(edges_kev[0])), float(np.log10(edges_kev[-1]))],
            "tickvals": TICKS,
            "ticktext": [f"{t:g}" for t in TICKS],
        }
    zero = {"type": "line", "xref": "paper", "yref": "y2", "x0": 0, "x1": 1, "y0": 0, "y1": 0}
    return {
        "height": height,
        "margin": {"l": 58, "r": 8, "t": 6, "b": 42},
        "hoverlabel": {"align": "left"},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 13}},
        "xaxis": across,
        "yaxis": {"domain": _MAIN_SHARE, "title": {"text": title, **quiet}, "showgrid": False, **vertical},
        "yaxis2": {
            "domain": _RESIDUAL_SHARE,
            "title": {"text": "residual (σ)", **quiet},
            "range": [-4.4, 4.4],
            "tickvals": [-3, 0, 3],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [{**zero, "line": {"color": LINE[shade], "width": 1}}],
    }
