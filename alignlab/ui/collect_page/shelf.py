"""The collections that are there: what each holds and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.collections import Gathered, lay_over_map, not_yet_seen, train_on
from alignlab.services.workspace import Workspace

_COLUMNS = {
    "sources": "sources", "detections": "detections", "matches": "identified", "papers": "papers",
    "products": "files", "summaries": "summaries",
}  # fmt: skip


def show_collections(workspace: Workspace, collections: Sequence[Gathered]) -> None:
    """Draw them as a table, one line each, and what can be done with surveys that nobody has looked at yet."""
    if not collections:
        return
    head = "".join(f"<th>{name}</th>" for name in (*_COLUMNS.values(), "state"))
    rows = "".join(_row(each) for each in collections)
    st.html(f'<h2 class="al-part">Collections</h2><table class="al-rows"><tr><th>name</th>{head}</tr>{rows}</table>')
    for survey in not_yet_seen(workspace.config, collections):
        with st.container(horizontal=True, vertical_alignment="center"):
            run = workspace.run.run_id
            if st.button(f"Lay {survey} over the map of {run}", key=f"collect_lay_{survey}", icon=":material/layers:"):
                _act(partial(lay_over_map, workspace, survey))
            if st.button(f"Train on {survey}", key=f"collect_train_{survey}", icon=":material/model_training:"):
                _act(partial(train_on, workspace.config, survey))


def _act(action: Callable[[], str]) -> None:
    try:
        st.toast(action())
    except AlignlabError as error:
        st.error(str(error))


def state_of(gathered: Gathered) -> str:
    """What has become of it, or what comes next."""
    if gathered.surveys:
        return f"survey {', '.join(gathered.surveys)}"
    if gathered.next_stage is None:
        return "complete"
    return f"{'stopped at' if gathered.is_begun else 'next:'} {gathered.next_stage.label.lower()}"


def _row(gathered: Gathered) -> str:
    counts = "".join(f"<td>{gathered.counts[place]:,}</td>" for place in _COLUMNS)
    return f"<tr><td>{escape(gathered.name)}</td>{counts}<td>{escape(state_of(gathered))}</td></tr>"
