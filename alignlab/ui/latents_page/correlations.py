"""The Latents page's section on single latents and single variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from alignlab.services.evaluate import part
from alignlab.services.evaluate.latents_tables import LABELS, of_split, size
from alignlab.services.workspace import Workspace
from alignlab.ui import address, words
from alignlab.ui.evaluate.experiment import Dot, Dots, Panel, dot_figure, show_figure, show_head
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.latents_page.findings import correlations_finding
from alignlab.ui.latents_page.heat_map import heat_map
from alignlab.ui.theme import Shade, shade
from alignlab.variables import BY_NAME

_OF, _COEFFICIENT = "latents_of", "latents_coefficient"
_MAPPED = ("both", "spectrum_aligned", "text_aligned", "spectrum")
_COEFFICIENTS = {"spearman": "Spearman's ρ", "pearson": "Pearson's r"}
#: Representation → colour and whether it is open: before alignment.
_LOOKS = {
    "spectrum": ("line", True),
    "spectrum_aligned": ("line", False),
    "text": ("second", True),
    "text_aligned": ("second", False),
}


def show_correlations(workspace: Workspace) -> None:
    """Draw which latents follow which variables, or the offer to compute it."""
    figures = part_figures(workspace, "latents")
    if figures is None:
        return
    means, best, top = part("latents").tables(figures)
    show_head("What single latents follow", correlations_finding(figures))
    _show_heat_map(figures)
    show_table(means, key=means.name)
    show_figure(
        best_figure(figures, shade=shade()),
        "Largest |ρ| of any latent with each variable, with 95% bootstrap interval; open: before alignment. Chance: "
        "below this in 95% of shuffles, mean over the variables (both). "
        f"n = {min(figures['n']):,} to {max(figures['n']):,} a variable, {of_split(figures)}.",
        key="latents_best_figure",
    )
    show_table(best, key=best.name)
    show_table(top, key=top.name)


@st.fragment(key="latents_heat")
def _show_heat_map(figures: Mapping[str, Any]) -> None:
    representation = address.choice(_OF, _MAPPED, _MAPPED[0])
    coefficient = address.choice(_COEFFICIENT, list(_COEFFICIENTS), "spearman")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Latents of", _MAPPED, required=True, format_func=LABELS.__getitem__, key=_OF,
            label_visibility="collapsed", width="content",
        )  # fmt: skip
        st.segmented_control(
            "Coefficient", list(_COEFFICIENTS), required=True, format_func=_COEFFICIENTS.__getitem__,
            key=_COEFFICIENT, label_visibility="collapsed", width="content",
        )  # fmt: skip
    show_figure(
        heat_map(figures, representation, coefficient, shade=shade()),
        f"{_COEFFICIENTS[coefficient]} of each latent of {LABELS[representation]}, with each variable; the dot is the "
        f"variable's best latent. n = {min(figures['n']):,} to {max(figures['n']):,} a variable, {of_split(figures)}.",
        key="latents_heat_map",
    )


def best_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw the strength of each variable's best latent, before and after alignment."""
    found = figures["representations"]
    rows = [BY_NAME[name].label for name in figures["variables"]]
    kinds = []
    for name, (colour, is_open) in _LOOKS.items():
        dots = [
            Dot(row=BY_NAME[pair["variable"]].label, told=_told(name, pair), is_open=is_open, **size(pair["spearman"]))
            for pair in found[name]["best"]
        ]
        kinds.append(Dots(name=LABELS[name], colour=colour, panels=[dots]))
    chances = [chance for chance in found["both"]["chance"]["variables"].values() if chance is not None]
    lines = {"chance": sum(chances) / len(chances)} if chances else {}
    figure = dot_figure(rows, [Panel(title="|ρ| of the best latent", lines=lines)], kinds, shade=shade)
    figure.update_xaxes(rangemode="tozero")
    return figure


def _told(representation: str, pair: Mapping[str, Any]) -> str:
    value, low, high = (words.number(pair["spearman"][key], digits=2) for key in ("value", "low", "high"))
    return (
        f"<b>{BY_NAME[pair['variable']].label}</b>, n = {pair['n']:,}<br>{LABELS[representation]}, latent "
        f"{pair['latent']}<br>ρ = {value} ({low} to {high})"
    )
