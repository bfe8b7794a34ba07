"""What every page begins with: the workspace to draw, inside the app's own frame."""

from __future__ import annotations

import runpy
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from alignlab.services.workspace import Workspace
from alignlab.ui.opened import current_workspace

_APP = Path(__file__).resolve().parents[2] / "app.py"


def page_workspace() -> Workspace:
    """The workspace that this page draws; a page that is run without ``app.py`` around it runs that instead.

    A server whose very first request is for a page's own address runs the file in ``pages/`` alone, in Streamlit's
    old mode, which ends for good once ``app.py`` has called ``st.navigation``.
    """
    if PagesManager.uses_pages_directory:
        runpy.run_path(str(_APP))
        st.stop()
    workspace = current_workspace()
    if workspace is None:
        st.switch_page("app.py")
    return workspace
