"""Classes in clusters as a picture: shares of each class, clusters that stand for a class on the diagonal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.services.discover.cluster_quality import ClusterQuality
from alignlab.ui.colours import uniform_scale
from alignlab.ui.evaluate.experiment import lay_out
from alignlab.ui.theme import Shade

_ROW_HEIGHT = 30
#: With more clusters than these the shares are told by the pointer alone.
_NUMBERED = 24
_LEAST_SHOWN = 0.005
_NOISE = "none"
#: From the page's second colour, so that empty cells stay quiet, to the blue end of cividis or its like on dark.
_RAMP = {"light": ("f2f4f7", "8ba3c7", "123570"), "dark": ("1b222c", "2f6296", "b4d8ff")}
_ACCENT = {"light": "#b3125a", "dark": "#ff7aac"}


def column_order(quality: ClusterQuality) -> NDArray[np.intp]:
    """Clusters in the order of the classes that they stand for, one to one; then the others, the largest first."""
    class_of = quality.one_to_one.class_of
    return np.argsort(np.where(class_of < 0, len(quality.table.classes), class_of), kind="stable")


def matrix_figure(quality: ClusterQuality, names: Sequence[str], *, shade: Shade) -> go.Figure:
    """Draw the share of each class in each cluster, in percent; outlined the cluster that stands for the class.

    Parameters
    ----------
    quality : ClusterQuality
    names : sequence of str
        Of the clusters, for the pointer.
    shade : {"light", "dark"}
    """
    table, order = quality.table, column_order(quality)
    shares = 100 * table.shares[:, order]
    counts = table.counts[:, order]
    columns = [f"{cluster + 1}" for cluster in order]
    told_names = [names[cluster] for cluster in order]
    n = table.n_of_class
    if table.n_noise.any():
        shares = np.hstack([shares, 100 * (table.n_noise / np.maximum(n, 1))[:, None]])
        counts = np.hstack([counts, table.n_noise[:, None]])
        columns, told_names = [*columns, _NOISE], [*told_names, "in no cluster"]
    rows = [f"{name}  {size:,}" for name, size in zip(table.classes, n, strict=True)]
    colours = [f"#{colour}" for colour in uniform_scale(_RAMP[shade], n=32)]
    told = np.array(
        [
            [f"{name}<br>cluster {columns[k]}: {told_names[k]}<br>{counts[row, k]:,} of {n[row]:,}" for k in
             range(len(columns))]
            for row, name in enumerate(table.classes)
        ]
    )  # fmt: skip
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            customdata=told,
            zmin=0,
            zmax=100,
            colorscale=[[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)],
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate="%{customdata}: %{z:.1f}%<extra></extra>",
        )
    )
    _outline(figure, quality, order, shade)
    if len(columns) <= _NUMBERED:
        _write_shares(figure, shares, shade)
    lay_out(figure, _ROW_HEIGHT * len(rows) + 74, shade=shade)
    axis = {"showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True, "tickfont": {"size": 12}}
    figure.update_xaxes(
        **axis, tickvals=list(range(len(columns))), ticktext=columns, range=[-0.52, len(columns) - 0.48],
        title={"text": "cluster, those that stand for a class first", "standoff": 6, "font": {"size": 13}},
    )  # fmt: skip
    figure.update_yaxes(
        **axis, tickvals=list(range(len(rows))), ticktext=rows, range=[len(rows) - 0.48, -0.52], automargin=True
    )
    figure.update_layout(margin={"t": 8, "b": 40}, plot_bgcolor="rgba(0,0,0,0)")
    return figure


def _outline(figure: go.Figure, quality: ClusterQuality, order: NDArray[np.intp], shade: Shade) -> None:
    for column, cluster in enumerate(order):
        row = int(quality.one_to_one.class_of[cluster])
        if row >= 0:
            figure.add_shape(
                type="rect", x0=column - 0.49, x1=column + 0.49, y0=row - 0.48, y1=row + 0.48,
                line={"color": _ACCENT[shade], "width": 2.5},
            )  # fmt: skip


def _write_shares(figure: go.Figure, shares: NDArray[np.float64], shade: Shade) -> None:
    """Percent in each cell, in the ink that can be read on its colour; what rounds to 0 stays empty."""
    row, column = np.nonzero(shares >= 100 * _LEAST_SHOWN)
    ink = {"light": ("#16202c", "#ffffff"), "dark": ("#ffffff", "#16202c")}[shade]
    values = shares[row, column]
    figure.add_trace(
        go.Scatter(
            x=column,
            y=row,
            mode="text",
            text=[f"{value:.0f}" for value in values],
            textfont={"size": 12, "color": [ink[int(value > 50)] for value in values]},
            hoverinfo="skip",
            showlegend=False,
        )
    )
