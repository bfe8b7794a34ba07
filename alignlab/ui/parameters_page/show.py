"""The Parameters page, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from alignlab.services.evaluate import part
from alignlab.services.evaluate.parameters_text import (
    accuracy_finding,
    basis,
    coverage_finding,
    errors_finding,
    heads_sentence,
    newer_heads,
)
from alignlab.services.workspace import Workspace
from alignlab.store.heads import head_ids
from alignlab.ui import address
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.parameters_page.accuracy_figure import accuracy_figure, overview_figure
from alignlab.ui.parameters_page.coverage_figure import coverage_figure
from alignlab.ui.parameters_page.errors_figure import errors_figure
from alignlab.ui.parameters_page.estimated import estimated
from alignlab.ui.parameters_page.fusion import show_fusion
from alignlab.ui.parameters_page.residual_map import best_map, map_words, residual_map
from alignlab.ui.theme import shade
from alignlab.variables import BY_NAME, VARIABLE_NAMES

_PLAIN = {"displayModeBar": False}


def show(workspace: Workspace) -> None:
    """Draw the page."""
    with st.container(key="parameters_body"):
        figures = part_figures(workspace, "parameters")
        if figures is not None:
            _show_errors(workspace, figures)
            _head("How near single estimates come", accuracy_finding(figures))
            _show_variable(workspace, figures)
            _show_overview(workspace, figures)
            _show_coverage(figures)
        show_fusion(workspace)


def _show_errors(workspace: Workspace, figures: Mapping[str, Any]) -> None:
    errors, averages, *_ = part("parameters").tables(figures)
    _head("How large the errors are", errors_finding(figures))
    st.plotly_chart(errors_figure(figures, shade=shade()), key="parameters_errors", config=_PLAIN)
    _caption(
        "Mean absolute errors over those of always answering the training mean; open: before alignment, filled: "
        "after; the bar is the mixture's 95% bootstrap interval; the tick, what neighbours are worth by chance "
        f"(values of the training sources dealt out anew); {_traced(figures)} {heads_sentence(figures)}"
    )
    if newer := newer_heads(figures, head_ids(workspace.run.folder)):
        _caption(newer)
    show_table(averages, key="parameters_average")
    show_table(errors, key="parameters")


def _show_coverage(figures: Mapping[str, Any]) -> None:
    _, _, *coverage = part("parameters").tables(figures)
    _head("Whether intervals hold what they promise", coverage_finding(figures))
    st.plotly_chart(coverage_figure(figures, shade=shade()), key="parameters_coverage_figure", config=_PLAIN)
    _caption(
        "Share of measured values within the intervals, with 95% binomial intervals; the bands are 3 points about what "
        f"is promised; {_traced(figures)}"
    )
    for table in coverage:
        show_table(table, key=table.name)


@st.fragment(key="parameters_variable")
def _show_variable(workspace: Workspace, figures: Mapping[str, Any]) -> None:
    name = address.choice("variable", VARIABLE_NAMES, VARIABLE_NAMES[0])
    st.selectbox(
        "Variable",
        VARIABLE_NAMES,
        format_func=lambda name: BY_NAME[name].label_with_unit,
        key="variable",
        width=320,
    )
    told, projection = estimated(figures, workspace.survey, name), best_map(workspace.run)
    left, right = st.columns(2, gap="large")
    left.plotly_chart(accuracy_figure(told, shade=shade()), key="parameters_accuracy", config=_PLAIN)
    if projection is None:
        right.caption("There is no map of this run yet: open the Atlas, which computes them.")
        where = ""
    else:
        right.plotly_chart(residual_map(told, projection, shade=shade()), key="parameters_map", config=_PLAIN)
        where = f" on the map ({map_words(projection)}) by how far apart they are, grey where not judged;"
    _caption(
        f"Estimates of {BY_NAME[name].label} by the mixture of experts against measured values, n = {len(told):,} with "
        f"a value;{where} {_traced(figures)}"
    )


def _show_overview(workspace: Workspace, figures: Mapping[str, Any]) -> None:
    every = [estimated(figures, workspace.survey, name) for name in VARIABLE_NAMES]
    st.plotly_chart(overview_figure(every, figures, shade=shade()), key="parameters_overview", config=_PLAIN)
    most, least = max(len(told) for told in every), min(len(told) for told in every)
    _caption(
        "Estimated (upwards) against measured values (to the right), each in its variable's unit; the more sources, "
        f"the stronger the colour, on a logarithmic scale; the 1% farthest out are cut off; {least:,} to {most:,} "
        f"sources a variable; {_traced(figures)}"
    )


def _head(title: str, finding: str) -> None:
    st.html(f'<h2 class="al-parameters-part">{escape(title)}</h2><p class="al-evaluate-lead">{escape(finding)}</p>')


def _caption(text: str) -> None:
    st.html(f'<p class="al-table-caption">{escape(text)}</p>')


def _traced(figures: Mapping[str, Any]) -> str:
    """What every figure is of, and where its sources come from."""
    told = figures["provenance"]
    return f"{basis(figures)}, survey {told['survey']} ({told['origin']}), run {told['run']}."
