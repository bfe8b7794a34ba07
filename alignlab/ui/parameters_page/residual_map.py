"""Where in the latent map estimates go wrong: sources coloured by how far the measured value lies from the estimate."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from alignlab.services.maps import METHOD_LABELS
from alignlab.store.projections import Projection
from alignlab.store.run import Run
from alignlab.ui import words
from alignlab.ui.colours import missing_colour, scale
from alignlab.ui.parameters_page.accuracy_figure import HEIGHT, source_words
from alignlab.ui.parameters_page.estimated import MOST_HALF_WIDTHS, Estimated
from alignlab.ui.parameters_page.look import lay_out
from alignlab.ui.theme import Shade

#: The map of both modalities by the method that keeps neighbourhoods best, else what there is.
_WANTED = (("both", "umap"), ("both", "tsne"), ("both", "pca"))


def best_map(run: Run) -> Projection | None:
    """The map to draw on; None where none has been computed."""
    there = run.projections()
    chosen = next((pair for pair in (*_WANTED, *there) if pair in there), None)
    return run.projection(*chosen) if chosen else None


def map_words(projection: Projection) -> str:
    """Which map it is: ``UMAP of both``."""
    return f"{METHOD_LABELS[projection.method]} of {words.REPRESENTATION_LABELS[projection.representation]}"


def residual_map(told: Estimated, projection: Projection, *, shade: Shade) -> go.Figure:
    """Draw all sources of the map faintly, and the judged ones by their residual."""
    places = projection.coordinates
    others = np.setdiff1d(np.arange(len(places)), told.rows)
    order = np.argsort(np.abs(told.half_widths), kind="stable")
    colours = scale("diverging", shade)
    figure = go.Figure()
    figure.add_trace(
        go.Scattergl(
            x=places[others, 0], y=places[others, 1], mode="markers", hoverinfo="skip", name="not judged",
            marker={"size": 2.5, "color": f"#{missing_colour(shade)}"}, showlegend=False,
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scattergl(
            x=places[told.rows[order], 0],
            y=places[told.rows[order], 1],
            mode="markers",
            showlegend=False,
            marker={
                "size": 5.5,
                "color": told.half_widths[order],
                "cmin": -MOST_HALF_WIDTHS,
                "cmax": MOST_HALF_WIDTHS,
                "colorscale": [[i / (len(colours) - 1), f"#{colour}"] for i, colour in enumerate(colours)],
                "colorbar": {
                    "title": {"text": "measured less estimated,<br>in half-widths of<br>the 68% interval"},
                    "thickness": 12,
                    "len": 0.8,
                    "tickvals": [-3, -2, -1, 0, 1, 2, 3],
                    "ticktext": ["≤ −3", "−2", "−1", "0", "1", "2", "≥ 3"],
                },
            },
            customdata=[source_words(told, int(row)) for row in order],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    lay_out(figure, HEIGHT, shade=shade)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure
