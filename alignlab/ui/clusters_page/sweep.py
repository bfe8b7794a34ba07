"""How the number of clusters matters: agreement with the classes and silhouettes over all sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from alignlab.services.discover.cluster_sweep import Point, sweep_sizes
from alignlab.services.discover.cluster_tables import judged_points, sweep_table
from alignlab.services.job_kinds.clusters import SWEEP, ClusterJobRecipe
from alignlab.services.workspace import Workspace
from alignlab.ui.clusters_page import cached
from alignlab.ui.clusters_page.choose import Chosen
from alignlab.ui.evaluate.experiment import GRID, SECOND, lay_out, show_figure, show_head
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.job_offer import offer_job
from alignlab.ui.spectrum_figure import FAINT, INK, LINE
from alignlab.ui.theme import Shade, shade

_HEIGHT = 320


def show_sweep(workspace: Workspace, chosen: Chosen, *, caption: str) -> None:
    """Draw the sweep of the chosen method, or the offer to make it."""
    recipe = chosen.recipe
    points = cached.sweep(workspace, recipe)
    wanted = sweep_sizes(recipe, workspace.survey.n_sources)
    judged = judged_points(points, chosen.labelling, chosen.scope)
    show_head("How many clusters", sweep_finding(judged, chosen) if judged else "")
    if len(points) < len(wanted):
        job = ClusterJobRecipe(method=recipe.method, representation=recipe.representation, task=SWEEP)
        what = f"A sweep of {len(wanted)} sizes by the same method"
        offer_job(workspace, "clusters", job, what=what, key="clusters_sweep_job", verb="find")
    if not judged:
        return
    table = sweep_table(points, chosen.labelling, chosen.scope, caption=caption)
    show_figure(sweep_figure(judged, chosen, shade=shade()), table.caption, key="clusters_sweep")
    with st.expander("The same as a table"):
        show_table(table, key="clusters_sweep")


def sweep_finding(points: Sequence[Point], chosen: Chosen) -> str:
    """What the sweep says, in one sentence."""
    best = max(points, key=lambda point: _figures(point, chosen)["balanced_accuracy"])
    figures = _figures(best, chosen)
    separate = [point for point in points if point["silhouette"] is not None]
    said = (
        f"One cluster per class agrees best with {best['n_clusters']:,} clusters: "
        f"{100 * figures['balanced_accuracy']:.1f}% ({100 * figures['balanced_accuracy_low']:.1f}–"
        f"{100 * figures['balanced_accuracy_high']:.1f})"
    )
    if not separate:
        return f"{said}."
    apart = max(separate, key=lambda point: point["silhouette"])
    return f"{said}; they are most set apart with {apart['n_clusters']:,} (silhouette {apart['silhouette']:.2f})."


def sweep_figure(points: Sequence[Point], chosen: Chosen, *, shade: Shade) -> go.Figure:
    """Draw balanced accuracies with intervals, and other scores beside them; the chosen size is marked."""
    figure = make_subplots(cols=2, horizontal_spacing=0.09)
    sizes = [point["size"] for point in points]
    for name, label, colour in (
        ("many_to_one", "every cluster its class (many to one)", SECOND[shade]),
        ("balanced_accuracy", "one cluster per class (one to one)", LINE[shade]),
    ):
        _band(figure, sizes, [_figures(point, chosen) for point in points], name, label, colour)
    chance = 100 / _figures(points[0], chosen)["n_classes"]
    figure.add_hline(y=chance, line={"color": FAINT[shade], "width": 1, "dash": "dot"}, row=1, col=1,
                     annotation={"text": "chance", "font": {"size": 12, "color": FAINT[shade]}})  # fmt: skip
    for name, label, dash in (("ari", "ARI", "solid"), ("nmi", "NMI", "dash"), ("silhouette", "silhouette", "dot")):
        values = [(point if name == "silhouette" else _figures(point, chosen))[name] for point in points]
        figure.add_trace(
            go.Scatter(
                x=sizes, y=values, name=label, mode="lines+markers", marker={"size": 5},
                line={"color": INK[shade], "width": 1.6, "dash": dash},
                hovertemplate=f"{label} %{{y:.3f}}<extra></extra>",
            ),
            row=1, col=2,
        )  # fmt: skip
    lay_out(figure, _HEIGHT, shade=shade)
    what = "least sources of a cluster" if points[0]["method"] == "hdbscan" else "clusters asked for"
    for column in (1, 2):
        figure.add_vline(x=chosen.recipe.size, line={"color": FAINT[shade], "width": 1}, row=1, col=column)
        figure.update_xaxes(
            type="log", tickvals=sizes, title={"text": what, "standoff": 6, "font": {"size": 13}}, row=1, col=column
        )
    figure.update_xaxes(gridcolor=GRID[shade], zeroline=False)
    figure.update_yaxes(gridcolor=GRID[shade], zeroline=False, rangemode="tozero", tickfont={"size": 12})
    figure.update_yaxes(title={"text": "balanced accuracy", "font": {"size": 13}}, ticksuffix="%", row=1, col=1)
    figure.update_layout(hovermode="x")
    return figure


def _band(
    figure: go.Figure, sizes: Sequence[int], told: Sequence[dict[str, float]], name: str, label: str, colour: str
) -> None:
    value, low, high = ([100 * one[f"{name}{end}"] for one in told] for end in ("", "_low", "_high"))
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": name}
    figure.add_trace(go.Scatter(x=sizes, y=low, **edge), row=1, col=1)
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    fill = f"rgba({red},{green},{blue},0.18)"
    figure.add_trace(go.Scatter(x=sizes, y=high, fill="tonexty", fillcolor=fill, **edge), row=1, col=1)
    limits = [f"{a:.1f}–{b:.1f}" for a, b in zip(low, high, strict=True)]
    figure.add_trace(
        go.Scatter(
            x=sizes, y=value, name=label, mode="lines+markers", line={"color": colour, "width": 2}, marker={"size": 6},
            legendgroup=name, customdata=limits, hovertemplate="%{y:.1f}% (%{customdata})<extra></extra>",
        ),
        row=1, col=1,
    )  # fmt: skip


def _figures(point: Point, chosen: Chosen) -> dict[str, Any]:
    figures: dict[str, Any] = point["against"][chosen.labelling][chosen.scope]
    return figures
