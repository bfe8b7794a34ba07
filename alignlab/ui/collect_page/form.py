"""What to gather, what that would take, and the button that begins."""

from __future__ import annotations

from html import escape

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.collections import absent_keys, lack_of_room
from alignlab.services.gather.stage import StagePlan
from alignlab.services.gather.stages import Stage, plan_stages, settings_of_all
from alignlab.services.gather.words import size
from alignlab.services.job_kinds.ingest import IngestRecipe
from alignlab.services.jobs import submit
from alignlab.services.workspace import Workspace
from alignlab.ui.collect_page.wish import EXTRACTIVE, WHERE, Wish
from alignlab.ui.copy_button import copy_button
from alignlab.ui.train_page.chosen import choose_job

_PLAN = "collect_plan"
_MODELS = (EXTRACTIVE, "openai:gpt-4o-mini", "openai:gpt-4o")
_SUMMARISERS = {EXTRACTIVE: "chosen sentences (offline)"}


def show_form(workspace: Workspace) -> None:
    """Draw the form; what it says can be counted, and begun as a job."""
    wish = _wish()
    for name, why in absent_keys().items():
        st.html(f'<p class="al-dim"><code>{name}</code> is not set where the app runs: {why}.</p>')
    if wish.missing:
        st.html(f'<p class="al-wrong">{wish.missing}</p>')
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Count", key="collect_count", disabled=bool(wish.missing)):
            _count(workspace, wish)
        # A whole catalogue is easily wished for: nobody begins without having seen what it takes.
        if st.button("Collect", type="primary", key="collect_start", disabled=not _counted(wish)):
            _start(workspace, wish)
        copy_button(wish.command, label="copy as command", key="collect_command")
    if plans := _counted(wish):
        _show_plan(workspace, plans)


def _counted(wish: Wish) -> list[tuple[Stage, StagePlan]]:
    """What was counted, as long as it is of what the form says; empty otherwise."""
    counted: tuple[Wish, list[tuple[Stage, StagePlan]]] | None = st.session_state.get(_PLAN)
    return counted[1] if counted is not None and counted[0] == wish else []


def _wish() -> Wish:
    name = st.text_input("Collection", "chandra", key="collect_name", help="Its survey gets the same name.")
    where = st.segmented_control("Where", WHERE, default=WHERE[0], required=True, key="collect_where")
    cone = names = ""
    if where == "Circle":
        cone = st.text_input("Right ascension, declination, radius (arcmin)", "83.8 -5.4 20", key="collect_cone")
    elif where == "Names":
        names = st.text_area("Names in the catalogue, one a line", key="collect_names", height=120)
    first, second = st.columns(2)
    least = first.number_input("Least significance", 0.0, 1000.0, 5.0, key="collect_significance")
    theta = second.number_input("Off axis at most (arcmin)", 0.0, 30.0, 5.0, key="collect_theta")
    summariser = first.selectbox(
        "Summaries", _MODELS, key="collect_summariser", format_func=lambda each: _SUMMARISERS.get(each, each)
    )
    max_usd = 0.0
    if summariser != EXTRACTIVE:
        max_usd = second.number_input("Budget (dollars; 0 for none)", 0.0, 10_000.0, 20.0, key="collect_usd")
    only = st.toggle("Only sources that papers tell of", True, key="collect_only")
    return Wish(
        name=name.strip(), where=where, cone=cone, names=names, min_significance=least, max_theta_arcmin=theta,
        summariser=summariser, max_usd=max_usd, only_with_texts=only,
    )  # fmt: skip


def _count(workspace: Workspace, wish: Wish) -> None:
    try:
        with st.spinner("asking the catalogue"):
            plans = list(plan_stages(wish.name, settings_of_all(wish.given), config=workspace.config))
    except AlignlabError as error:
        st.session_state.pop(_PLAN, None)
        st.error(str(error))
        return
    st.session_state[_PLAN] = (wish, plans)


def _start(workspace: Workspace, wish: Wish) -> None:
    try:
        recipe = IngestRecipe.of(settings_of_all(wish.given))
        submitted = submit("ingest", recipe, config=workspace.config, survey=wish.name)
    except AlignlabError as error:
        st.error(str(error))
        return
    choose_job(submitted.job)
    st.rerun()


def _show_plan(workspace: Workspace, plans: list[tuple[Stage, StagePlan]]) -> None:
    rows = "".join(_row(stage, plan) for stage, plan in plans)
    st.html(
        '<table class="al-rows"><tr><th>stage</th><th>to fetch</th><th>there</th><th>requests</th><th>size</th>'
        f"<th>at most</th></tr>{rows}</table>"
    )
    if lack := lack_of_room(workspace.config, [plan for _, plan in plans]):
        st.html(f'<p class="al-wrong">{lack}</p>')
    notes = dict.fromkeys(note for _, plan in plans for note in plan.notes)
    st.html("".join(f'<p class="al-dim">{escape(note)}</p>' for note in notes))


def _row(stage: Stage, plan: StagePlan) -> str:
    cells = [
        f"{plan.n_to_do:,} {escape(plan.what)}",
        f"{plan.n_there:,}",
        "–" if plan.n_requests is None else f"{plan.n_requests:,}",
        "–" if plan.n_bytes is None else size(plan.n_bytes),
        "–" if plan.usd is None else f"${plan.usd:,.2f}",
    ]
    return f"<tr><td>{stage.label}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
