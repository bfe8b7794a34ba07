"""The Search page: a name, coordinates, words, or a spectrum."""

from __future__ import annotations

import numpy as np
import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.search import DEFAULT_RADIUS_ARCMIN, search
from alignlab.services.search_hits import FoundSource
from alignlab.services.word_search import has_search_index
from alignlab.ui import search_page
from alignlab.ui.dropped import show_dropped
from alignlab.ui.opened import dataset_id
from alignlab.ui.page import page_workspace
from alignlab.ui.search_box import QUERY
from alignlab.ui.state import AtlasState

workspace = page_workspace()
state = AtlasState.of(dataset_id(workspace))
query = st.query_params.get(QUERY, "")


def select(sources: list[FoundSource]) -> None:
    """Make the sources the selection and show them on the map."""
    mask = np.zeros(workspace.survey.n_sources, dtype=np.bool_)
    mask[[source.index for source in sources]] = True
    state.select(mask, how=f"search for {query}")
    st.switch_page("pages/atlas.py")


with st.container(key="search_body"):
    if not query:
        search_page.show_examples(workspace)
    else:
        radius = st.session_state.setdefault(search_page.RADIUS, DEFAULT_RADIUS_ARCMIN)
        note = "Reading the survey's papers, once…" if not has_search_index(workspace) else "Searching…"
        try:
            with st.spinner(note):
                result = search(workspace, query, radius_arcmin=radius)
        except AlignlabError as error:
            st.error(str(error))
            st.stop()
        pressed = search_page.show_result(result, workspace, on_select=select)
        if pressed is not None:
            state.pick(pressed.index, pressed.overlay)
            st.switch_page(f"pages/{pressed.page}.py")
    show_dropped(workspace)
