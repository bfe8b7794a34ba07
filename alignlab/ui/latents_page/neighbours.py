"""The Latents page's section on how alike neighbours are."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from alignlab.services.evaluate import part
from alignlab.services.evaluate.latents_tables import LABELS, of_split
from alignlab.services.workspace import Workspace
from alignlab.ui import address, words
from alignlab.ui.evaluate.experiment import Dot, Dots, Panel, dot_figure, show_figure, show_head
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.latents_page.findings import neighbours_finding, variables_finding
from alignlab.ui.theme import Shade, shade
from alignlab.variables import BY_NAME

_K = "spread_among"
_MEAN = "mean of the variables"
#: Representation → colour, symbol, and whether it is open: before alignment.
_LOOKS = {
    "spectrum": ("line", "circle", True),
    "spectrum_aligned": ("line", "circle", False),
    "text": ("second", "circle", True),
    "text_aligned": ("second", "circle", False),
    "both": ("ink", "diamond", False),
}


def show_neighbours(workspace: Workspace) -> None:
    """Draw how alike neighbours are before and after alignment, or the offer to compute it."""
    figures = part_figures(workspace, "neighbours")
    if figures is None:
        return
    _show_spread(figures)
    for table in part("neighbours").tables(figures):
        show_table(table, key=table.name)


@st.fragment(key="latents_neighbours")
def _show_spread(figures: Mapping[str, Any]) -> None:
    numbers = list(figures["k"])
    k = address.choice(_K, numbers, "10" if "10" in numbers else numbers[0])
    show_head("How alike neighbours are", neighbours_finding(figures, k))
    st.segmented_control(
        "Neighbours", numbers, required=True, format_func="{} neighbours".format, key=_K,
        label_visibility="collapsed", width="content",
    )  # fmt: skip
    told = figures["k"][k]
    show_figure(
        spread_figure(figures, k, shade=shade()),
        "Left: spread of each variable among neighbours, of that among random sources; open: before alignment. Right: "
        "after less before alignment (both: less the spectrum before); left of zero, neighbours are more alike. 95% "
        f"bootstrap intervals. n = {min(told['n']):,} to {max(told['n']):,} a variable, neighbours from "
        f"{figures['n_neighbours_from']:,} training sources, {of_split(figures)}.",
        key="latents_spread",
    )
    st.html(f'<p class="al-latents-where">{escape(variables_finding(figures, k))}</p>')


def spread_figure(figures: Mapping[str, Any], k: str, *, shade: Shade) -> go.Figure:
    """Draw the spread among `k` neighbours in every representation, and how alignment changed it."""
    told = figures["k"][k]
    labels = [BY_NAME[name].label for name in figures["variables"]]
    kinds = []
    for name, (colour, symbol, is_open) in _LOOKS.items():
        panels = [_dots(told["spread"][name], labels, LABELS[name], is_open=is_open)]
        if name in told["change"]:
            panels.append(_dots(told["change"][name], labels, f"change, {LABELS[name]}", is_open=False))
        else:
            panels.append([])
        kinds.append(Dots(name=LABELS[name], colour=colour, symbol=symbol, panels=panels))
    panels_drawn = [
        Panel(title="spread / that of random sources", lines={"random": 1.0}),
        Panel(title="change by alignment", lines={"": 0.0}),
    ]
    return dot_figure([_MEAN, *labels], panels_drawn, kinds, shade=shade)


def _dots(figures: Mapping[str, Any], labels: list[str], kind: str, *, is_open: bool) -> list[Dot]:
    rows = [(_MEAN, figures["mean"]), *zip(labels, figures["variables"], strict=True)]
    return [
        Dot(
            row=row, value=figure["value"], low=figure["low"], high=figure["high"], is_open=is_open,
            told=f"<b>{escape(row)}</b><br>{kind}<br>{_ranged(figure)}",
        )
        for row, figure in rows
        if figure["value"] is not None
    ]  # fmt: skip


def _ranged(figure: Mapping[str, Any]) -> str:
    value, low, high = (words.number(figure[key], digits=2) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
