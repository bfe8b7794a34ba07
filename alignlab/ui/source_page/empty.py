"""The Source page before a source is picked."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from alignlab.services.rankings import COUNTS, ranking
from alignlab.services.subject import subject_of
from alignlab.services.workspace import Workspace


def show_empty(workspace: Workspace, *, on_pick: Callable[[int], None]) -> None:
    """Say what to do, and offer a way to begin."""
    st.html(
        '<div class="al-empty"><b>No source picked</b><br>Pick a point on the Atlas, search for a name, or begin '
        "with the source that has the most counts.</div>"
    )
    brightest = int(ranking(subject_of(workspace, 0), COUNTS).rows[0])
    name = str(workspace.survey.sources["name"].iloc[brightest])
    with st.container(horizontal=True):
        st.button(f"Begin with {name}", key="source_begin", type="primary", on_click=on_pick, args=(brightest,))
        st.page_link("pages/atlas.py", label="Atlas", icon=":material/scatter_plot:")
        st.page_link("pages/search.py", label="Search", icon=":material/search:")
