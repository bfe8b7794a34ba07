"""The box in the header of every page: a name, coordinates or words."""

from __future__ import annotations

import importlib
import logging
import threading

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.search import MAX_QUERY_LENGTH
from alignlab.services.word_search import has_search_index, search_index
from alignlab.services.workspace import Workspace

#: Name of the query in the address of the Search page.
QUERY = "q"
SEARCH_PAGE = "pages/search.py"
PLACEHOLDER = "name, coordinates or words"
_BOX, _FORM, _SEEN = "search_text", "search_form", "alignlab.search_seen"
#: Seconds after which the index is built: the first page and its map are out by then.
_DELAY_S = 4.0
_logger = logging.getLogger(__name__)


def search_box(workspace: Workspace) -> None:
    """Draw the box; what is asked is answered by the Search page.

    The box shows the query of the address, so that it can be changed there.
    """
    _start_index(workspace)
    asked = st.query_params.get(QUERY, "")
    if asked and asked != st.session_state.get(_SEEN):
        st.session_state[_BOX] = asked[:MAX_QUERY_LENGTH]
    st.session_state[_SEEN] = asked
    with (
        st.container(key="search_box"),
        st.form(_FORM, border=False),
        st.container(horizontal=True, gap="small"),
    ):
        st.text_input(
            "Search for a name, coordinates or words",
            key=_BOX, placeholder=PLACEHOLDER, label_visibility="collapsed", max_chars=MAX_QUERY_LENGTH,
        )  # fmt: skip
        pressed = st.form_submit_button("Search", icon=":material/search:")
    query = st.session_state[_BOX].strip() if pressed else ""
    if query:
        ask(query)


def ask(query: str) -> None:
    """Go to the Search page with a query."""
    st.switch_page(SEARCH_PAGE, query_params={QUERY: query})


def _start_index(workspace: Workspace) -> None:
    """Build the index of the survey's papers in the background, so that the first search need not wait."""
    started: set[str] = _started()
    digest = workspace.survey.digest
    if digest not in started and not has_search_index(workspace):
        started.add(digest)
        # Only after the first page is out: both would wait for the same core.
        # The waiting may be cut short when the interpreter goes; the work, in compiled libraries, must not.
        timer = threading.Timer(_DELAY_S, threading.Thread(target=_build, args=(workspace,), daemon=False).start)
        timer.daemon = True
        timer.start()


@st.cache_resource(show_spinner=False)
def _started() -> set[str]:
    return set()


def _build(workspace: Workspace) -> None:
    # The first search by words needs the text head too, and torch takes seconds to import.
    importlib.import_module("alignlab.services.runs")
    try:
        search_index(workspace)
    except AlignlabError as error:
        # The search itself will say so to whoever asks; here nobody does.
        _logger.warning("The index of %s was not built: %s", workspace.survey.name, error)
