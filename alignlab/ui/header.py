"""The top line of every page: where one is, the search box, the way back to a run, and into a presentation."""

from __future__ import annotations

import streamlit as st

from alignlab.services.workspace import Workspace
from alignlab.ui import presentation, pulse, theme
from alignlab.ui.dropped import drop_zone
from alignlab.ui.opened import current_lab
from alignlab.ui.runs_page.previous import back_button
from alignlab.ui.search_box import search_box


def show(workspace: Workspace, *, page_title: str) -> None:
    """Draw it."""
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        theme.brand(workspace)
        search_box(workspace)
        pulse.show(workspace)
        if page_title != "Runs":
            back_button(workspace)
        presentation.scenes_menu(workspace, current_lab(), on_atlas=page_title == "Atlas")
    drop_zone(workspace, then="pages/interpret.py" if page_title == "Interpret" else "pages/atlas.py")
