"""Two runs side by side: figures, maps, sources whose surroundings changed, variables, recipes."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.compare_runs import RunComparison, compare_runs, is_compared
from alignlab.services.compare_runs_text import basis, variables_sentence
from alignlab.services.workspace import Workspace
from alignlab.store.run import Run
from alignlab.ui.runs_page.cached import opened_pair
from alignlab.ui.runs_page.changed_sources import show_changed_sources
from alignlab.ui.runs_page.figures import figures_table, recipe_table, variables_figure, variables_key
from alignlab.ui.runs_page.maps import show_maps
from alignlab.ui.runs_page.state import RunsPageState
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade


def show_comparison(workspace: Workspace, state: RunsPageState, atlas: AtlasState) -> None:
    """Draw the comparison that the state asks for; what is wrong with it is said in words."""
    if state.pair is None:
        if state.problem:
            st.warning(state.problem)
        return
    slot = st.empty()
    try:
        first, second = opened_pair(workspace, *state.pair)
        comparison = _compared(workspace, first, second, slot)
    except AlignlabError as error:
        slot.empty()
        st.warning(str(error))
        st.button("Close", key="runs_close", on_click=state.compare, args=(None,))
        return
    _show_head(comparison, state)
    left, right = st.columns([7, 4], gap="large")
    left.html(figures_table(comparison, shade=shade()))
    right.html(recipe_table(comparison))
    show_maps(workspace, first, second, atlas)
    show_changed_sources(workspace, comparison, atlas)
    st.html('<h2 class="al-runs-part">Variables: errors of the estimates</h2>')
    st.html(f'<p class="al-runs-note">{variables_sentence(comparison)} {variables_key(comparison, shade=shade())}</p>')
    st.plotly_chart(variables_figure(comparison, shade=shade()), key="runs_variables", config={"displayModeBar": False})


def _compared(workspace: Workspace, first: Run, second: Run, slot: st.delta_generator.DeltaGenerator) -> RunComparison:
    """Compare, with a bar where it takes longer than a moment."""
    survey = workspace.survey
    if is_compared(survey, first, second):
        return compare_runs(survey, first, second)
    bar = slot.progress(0.0, "Comparing: reading both runs")

    def on_step(done: int, total: int, info: str) -> bool:
        bar.progress(done / total, f"Comparing: {info}")
        return True

    comparison = compare_runs(survey, first, second, on_step=on_step)
    slot.empty()
    return comparison


def _show_head(comparison: RunComparison, state: RunsPageState) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="runs_compared"):
        st.html(f'<h2 class="al-runs-part">{comparison.second} against {comparison.first}</h2>', width="content")
        swapped = (comparison.second, comparison.first)
        st.button("Swap", key="runs_swap", icon=":material/swap_horiz:", type="tertiary",
                  on_click=state.compare, args=(swapped,))  # fmt: skip
        st.button("Close", key="runs_close", icon=":material/close:", type="tertiary",
                  on_click=state.compare, args=(None,))  # fmt: skip
    st.html(f'<p class="al-runs-note">{basis(comparison)}.</p>')
