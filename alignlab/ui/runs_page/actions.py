"""What can be done with the runs that are ticked: show one, compare two, delete."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.run_shelf import ShelvedRun, delete_run, lay_over, not_laid_over, why_kept
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.ui.runs_page.previous import back_button, show_run
from alignlab.ui.runs_page.state import RunsPageState
from alignlab.ui.runs_page.table import size

_SAID = "alignlab.runs_said"


def show_actions(
    workspace: Workspace, runs: Sequence[ShelvedRun], ticked: Sequence[ShelvedRun], state: RunsPageState
) -> None:
    """Draw the row of actions under the table."""
    with st.container(horizontal=True, vertical_alignment="center", key="runs_actions"):
        pair = pair_to_compare(runs, ticked)
        if pair:
            label = f"Compare {pair[1]} with {pair[0]}"
            st.button(label, key="runs_compare", icon=":material/compare:", type="primary",
                      on_click=state.compare, args=(pair,))  # fmt: skip
        if len(ticked) == 1:
            _show_single(workspace, ticked[0])
        elif not pair:
            st.caption(_advice(runs, ticked), width="content")
        back_button(workspace, always=True, key="runs_back")
        _offer_overlays(workspace)


def pair_to_compare(runs: Sequence[ShelvedRun], ticked: Sequence[ShelvedRun]) -> tuple[str, str] | None:
    """Which run is compared with which: two that are ticked, or the one with the run that pages show.

    The run that pages show is the first, else the older one; the second is judged against it.
    """
    usable = [run for run in ticked if not run.problem]
    if len(ticked) == 1:
        usable += [run for run in runs if run.is_active and run not in ticked and not run.problem]
    if len(usable) != 2 or len(ticked) > 2:
        return None
    first, second = sorted(usable, key=lambda run: (not run.is_active, run.created_utc, run.run_id))
    return first.run_id, second.run_id


def _offer_overlays(workspace: Workspace) -> None:
    """Observed surveys that lay over the run before are laid over this one too, if somebody wants it."""
    names = not_laid_over(Catalogue(workspace.config), workspace.survey.name)
    if names:
        st.button(
            f"Lay {', '.join(names)} over {workspace.run.run_id}", key="runs_lay_over", icon=":material/layers:",
            type="tertiary", on_click=_lay_over, args=(workspace, names),
        )  # fmt: skip


def _lay_over(workspace: Workspace, names: list[str]) -> None:
    try:
        lay_over(Catalogue(workspace.config), workspace.survey.name, names)
    except AlignlabError as error:
        st.session_state[_SAID] = str(error)
    else:
        st.session_state[_SAID] = "It is being done in the background; the Train page shows how far it is."


def _advice(runs: Sequence[ShelvedRun], ticked: Sequence[ShelvedRun]) -> str:
    if len(ticked) > 2:
        return "Tick two runs to compare them."
    if ticked:
        return "A damaged run cannot be compared. Tick it alone to delete it."
    if len(runs) == 1:
        return "One run so far. Train another to compare it with this one."
    return "Tick a run to show or delete it, two to compare them."


def _show_single(workspace: Workspace, run: ShelvedRun) -> None:
    if not run.is_active and not run.problem:
        st.button(
            "Show on every page", key="runs_promote", icon=":material/visibility:",
            on_click=show_run, args=(workspace, run.run_id),
        )  # fmt: skip
    if run.is_active:
        st.caption("Every page shows this run.", width="content")
    elif st.button("Delete…", key="runs_delete", icon=":material/delete:"):
        _ask_to_delete(workspace, run)


@st.dialog("Delete this run?")
def _ask_to_delete(workspace: Workspace, run: ShelvedRun) -> None:
    catalogue = Catalogue(workspace.config)
    if reason := why_kept(catalogue, run):
        st.warning(reason)
        return
    st.markdown(
        f"**{run.run_id}** with its maps and all that was laid over it: {size(run.disk_bytes)} are freed. "
        "Everything in it can be made again by training with the same recipe and seed."
    )
    with st.container(horizontal=True):
        sure = st.button(
            f"Delete {run.run_id}", key="runs_delete_yes", type="primary", on_click=_delete, args=(workspace, run)
        )
        if st.button("Keep it", key="runs_delete_no") or sure:
            st.rerun()


def _delete(workspace: Workspace, run: ShelvedRun) -> None:
    try:
        freed = delete_run(Catalogue(workspace.config), run.survey, run.run_id)
    except AlignlabError as error:
        st.session_state[_SAID] = str(error)
    else:
        st.session_state[_SAID] = f"{run.run_id} is deleted; {size(freed)} are free again."


def say_what_was_done() -> None:
    """Tell, once, what became of a press."""
    if said := st.session_state.pop(_SAID, ""):
        st.toast(said)
