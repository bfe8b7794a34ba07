"""The Retrieval page, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from alignlab.services.evaluate import part
from alignlab.services.evaluate.retrieval_tables import setting
from alignlab.services.evaluate.retrieval_text import (
    ceiling_finding,
    confused_finding,
    first_finding,
    groups_finding,
    recall_finding,
)
from alignlab.services.workspace import Workspace
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.retrieval_page.ablations import show_ablations
from alignlab.ui.retrieval_page.confused import show_confused
from alignlab.ui.retrieval_page.groups_figure import FEWEST_DRAWN, groups_figure, groups_key
from alignlab.ui.retrieval_page.recall_figure import recall_figure, recall_key
from alignlab.ui.theme import shade

_PLOTLY = {"displayModeBar": False}
_LEFT, _RIGHT = ("class",), ("counts", "papers", "aspects")


def show(workspace: Workspace) -> None:
    """Draw the page."""
    with st.container(key="retrieval_body"):
        figures = part_figures(workspace, "retrieval")
        if figures is not None:
            _show_retrieval(workspace, figures)
        show_ablations(workspace)


def _show_retrieval(workspace: Workspace, figures: Mapping[str, Any]) -> None:
    found, groups, _ = part("retrieval").tables(figures)
    _lead(recall_finding(figures), ceiling_finding(figures))
    _curve(figures)
    show_table(found, key="retrieval")
    _part("For which sources it works")
    _lead(groups_finding(figures, (*_LEFT, *_RIGHT)))
    _by_group(figures)
    with st.expander("The same as a table"):
        show_table(groups, key="retrieval_groups")
    _part("The sources most confused")
    _lead(confused_finding(figures), first_finding(figures))
    n = figures["directions"]["spectrum_to_text"]["n_candidates"]
    show_confused(workspace, figures["confused"], n_candidates=n)
    _caption(
        f"{setting(figures)} Spectrum → text: the {len(figures['confused'])} sources whose own text comes last. "
        "Names lead to their sources."
    )


def _curve(figures: Mapping[str, Any]) -> None:
    st.html(recall_key(figures, shade=shade()))
    st.plotly_chart(recall_figure(figures, shade=shade()), key="retrieval_curve", config=_PLOTLY)
    ideal = " What the ideal readers know is said below the table." if figures["ceiling"] else ""
    _caption(
        f"{setting(figures)} Bands: 95% bootstrap intervals over the queries, {figures['n_bootstrap']:,} "
        f"resamples.{ideal}"
    )


def _by_group(figures: Mapping[str, Any]) -> None:
    st.html(groups_key(shade=shade()))
    for column, kinds in zip(st.columns(2, gap="medium"), (_LEFT, _RIGHT), strict=True):
        with column:
            figure = groups_figure(figures, kinds, shade=shade())
            st.plotly_chart(figure, key=f"retrieval_by_{kinds[0]}", config=_PLOTLY)
    _caption(
        f"{setting(figures)} Bars: 95% intervals after Wilson; beside each name the number of sources. Every query "
        f"searches all candidates. Groups of fewer than {FEWEST_DRAWN} sources stand in the table alone."
    )


def _part(title: str) -> None:
    st.html(f'<h2 class="al-retrieval-part">{escape(title)}</h2>')


def _lead(*sentences: str) -> None:
    st.html("".join(f'<p class="al-evaluate-lead">{escape(sentence)}</p>' for sentence in sentences))


def _caption(text: str) -> None:
    st.html(f'<p class="al-table-caption">{escape(text)}</p>')
