"""Every latent's correlation with every variable as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.evaluate.latents_tables import latent_name
from alignlab.ui.colours import missing_colour, scale
from alignlab.ui.evaluate.experiment import lay_out
from alignlab.ui.theme import Shade
from alignlab.variables import BY_NAME

_ROW_HEIGHT = 22
#: Fewer latents than this are named below the picture, all others by the pointer.
_NAMED = 40


def heat_map(figures: Mapping[str, Any], representation: str, coefficient: str, *, shade: Shade) -> go.Figure:
    """Draw variables downwards and latents across, ordered by the variable that each follows best.

    Parameters
    ----------
    figures : mapping
        Of the part ``latents``.
    representation : str
        One whose coefficients are kept, or ``both``.
    coefficient : {"spearman", "pearson"}
    shade : {"light", "dark"}
    """
    rho, names = coefficients(figures, representation, coefficient)
    order = by_best_variable(rho)
    rho, names = rho[order], [names[place] for place in order]
    labels = [BY_NAME[name].label for name in figures["variables"]]
    best = np.nan_to_num(np.abs(rho), nan=-1).argmax(axis=0)
    known = [column for column in range(rho.shape[1]) if np.isfinite(rho[:, column]).any()]
    colours = [f"#{colour}" for colour in scale("diverging", shade)]
    symbol = {"spearman": "ρ", "pearson": "r"}[coefficient]
    figure = go.Figure(
        [
            go.Heatmap(
                z=rho.T,
                x=names,
                y=labels,
                zmin=-1,
                zmax=1,
                colorscale=[[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)],
                colorbar={"title": {"text": symbol, "side": "top"}, "thickness": 10, "tickvals": [-1, -0.5, 0, 0.5, 1]},
                hovertemplate=f"latent %{{x}}<br>%{{y}}<br>{symbol} = %{{z:.2f}}<extra></extra>",
                hoverongaps=False,
            ),
            go.Scatter(
                x=[names[best[column]] for column in known],
                y=[labels[column] for column in known],
                mode="markers",
                marker={"symbol": "circle", "size": 5, "color": "#ffffff", "line": {"width": 1.2, "color": "#16202c"}},
                hoverinfo="skip",
            ),
        ]
    )
    lay_out(figure, _ROW_HEIGHT * len(labels) + 60, shade=shade)
    figure.update_xaxes(
        title={"text": f"{len(names)} latents, by the variable that each follows best", "standoff": 6}, ticks="",
        showticklabels=len(names) < _NAMED, showgrid=False, categoryorder="array", categoryarray=names,
        range=[-0.5, len(names) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(
        showgrid=False, automargin=True, ticks="", tickfont={"size": 12}, range=[len(labels) - 0.5, -0.5]
    )
    figure.update_layout(margin={"t": 8, "pad": 0}, showlegend=False, plot_bgcolor=f"#{missing_colour(shade)}")
    return figure


def coefficients(
    figures: Mapping[str, Any], representation: str, coefficient: str
) -> tuple[NDArray[np.float64], list[str]]:
    """The coefficients (n_latents, n_variables) of a representation, and its latents' names."""
    found = figures["representations"]
    kept = ["spectrum_aligned", "text_aligned"] if representation == "both" else [representation]
    rho = np.vstack([np.array(found[name][coefficient], dtype=np.float64) for name in kept])
    n_spectrum = found["spectrum_aligned"]["n_latents"]
    if representation == "both":
        return rho, [latent_name(place, n_spectrum) for place in range(len(rho))]
    return rho, [str(place) for place in range(len(rho))]


def by_best_variable(rho: NDArray[np.float64]) -> NDArray[np.intp]:
    """Order of the latents: by the place of the variable that each follows best, the strongest of each first."""
    strength = np.nan_to_num(np.abs(rho), nan=0)
    return np.lexsort((-strength.max(axis=1), strength.argmax(axis=1)))
