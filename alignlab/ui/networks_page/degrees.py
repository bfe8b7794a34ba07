"""The Networks page's section on degrees: how they are distributed, and which classes resemble many others."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from alignlab.services.discover.network_tables import (
    HIGH_PERCENTILE,
    ClassDegrees,
    DegreeDistribution,
    DegreeTable,
    degree_distribution,
    degree_table,
)
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.evaluate.experiment import GRID, lay_out, show_figure, show_head
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.spectrum_figure import FAINT, LINE
from alignlab.ui.theme import Shade, shade

#: A share among fewer sources says too little to be called the highest.
_FEWEST = 20


def show_degrees(workspace: Workspace, title: str, rows: NDArray[np.int64], degree: NDArray[np.int64]) -> None:
    """Draw the section.

    Parameters
    ----------
    workspace : Workspace
    title : str
        Of the network, for captions.
    rows : ndarray of int64, shape (n,)
        `source_index` of the network's sources.
    degree : ndarray of int64, shape (n,)
        Exact, whatever is drawn.
    """
    table, distribution = degree_table(workspace.survey, rows, degree), degree_distribution(degree)
    show_head("Degrees", degrees_finding(table, degree))
    of = f"Network: {title}, n = {len(rows):,}, survey {workspace.survey.name} ({workspace.survey.origin})"
    figure, by_class = st.columns([5, 7], gap="medium")
    with figure:
        show_figure(
            degree_figure(distribution, table.high_above, shade=shade()),
            f"Sources by number of edges, logarithmic bins, both axes logarithmic. {distribution.n_isolated:,} sources "
            f"have none and are not shown. Dotted: the {HIGH_PERCENTILE}th percentile. {of}.",
            key="networks_degrees",
        )
    with by_class:
        show_table(class_table(table, of), key="network_degrees")


def degrees_finding(table: DegreeTable, degree: NDArray[np.int64]) -> str:
    """The section in a sentence or two."""
    n, n_edges = len(degree), int(degree.sum()) // 2
    share = n_edges / (n * (n - 1) / 2)
    text = (
        f"{n:,} sources and {words.plural(n_edges, 'edge')}, {words.percent(share)} of all pairs; "
        f"on average {words.number(2 * n_edges / n)} edges a source."
    )
    told = [row for row in table.classes if row.source_class and row.n >= _FEWEST]
    if not told or table.n_high == 0:
        return text
    most, none = told[0], [row.source_class for row in told if row.n_high == 0]
    text += (
        f" Many edges (more than {table.high_above:,g}) are most frequent among {most.source_class}: "
        f"{_share(most)} of {most.n:,}"
    )
    return f"{text}; {_listed(none)}: none." if none else f"{text}."


def class_table(table: DegreeTable, of: str) -> Table:
    """Degrees by object type, as on the slides."""
    columns = (
        Column("source_class", "object type"),
        Column("n", "n", ",d"),
        Column("mean_degree", "mean degree ± error", ".3g"),
        Column("median_degree", "median", ".3g"),
        Column("isolated", "without an edge", ",d"),
        Column("high", "high degree", ",d"),
        Column("share_high", "share of high degree (95%)", ".1f", as_percent=True),
    )
    rows = [
        (
            Cell(row.source_class or "not classified"),
            Cell(row.n),
            Cell(_with_error(row)),
            Cell(row.median),
            Cell(row.n_isolated),
            Cell(row.n_high),
            Cell(row.share_high, *row.share_interval),
        )
        for row in table.classes
    ]
    caption = (
        f"High degree: more than {table.high_above:,g} edges, the {HIGH_PERCENTILE}th percentile of all "
        f"({table.n_high:,} sources). Errors of means are standard errors; intervals are Wilson's. {of}."
    )
    return Table(name="network-degrees", title="By object type", caption=caption, columns=columns, rows=rows)


def degree_figure(distribution: DegreeDistribution, high_above: float, *, shade: Shade) -> go.Figure:
    """Draw how many sources have how many edges."""
    low, high = distribution.low - 0.5, distribution.high + 0.5
    told = [
        f"{a:,} edges: {n:,} sources" if a == b else f"{a:,}–{b:,} edges: {n:,} sources"
        for a, b, n in zip(distribution.low, distribution.high, distribution.n_sources, strict=True)
    ]
    figure = go.Figure(
        go.Bar(
            x=np.sqrt(low * high), y=distribution.n_sources, width=high - low, marker={"color": LINE[shade]},
            customdata=told, hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    if high_above > 0:
        figure.add_vline(x=high_above, line={"color": FAINT[shade], "width": 1.2, "dash": "dot"})
    lay_out(figure, 330, shade=shade)
    figure.update_xaxes(
        type="log", title={"text": "degree (edges)", "standoff": 6}, showgrid=False,
        range=[np.log10(0.45), np.log10(1.1 * high[-1])], dtick=1,
    )  # fmt: skip
    most = max(2, int(distribution.n_sources.max(initial=1)))
    figure.update_yaxes(
        type="log", title={"text": "sources", "standoff": 6}, gridcolor=GRID[shade], dtick=1,
        range=[np.log10(0.7), np.log10(1.5 * most)],
    )  # fmt: skip
    figure.update_layout(margin={"t": 8}, showlegend=False)
    return figure


def _with_error(row: ClassDegrees) -> str:
    if not np.isfinite(row.mean_error) or row.mean_error == 0:
        return words.number(row.mean)
    decimals = max(0, 1 - int(np.floor(np.log10(row.mean_error))))
    return f"{row.mean:,.{decimals}f} ± {row.mean_error:,.{decimals}f}"


def _share(row: ClassDegrees) -> str:
    low, high = row.share_interval
    return f"{words.percent(row.share_high)} ({100 * low:.0f}–{100 * high:.0f}%)"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
