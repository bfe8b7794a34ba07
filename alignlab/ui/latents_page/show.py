"""The Latents page, from top to bottom."""

from __future__ import annotations

import streamlit as st

from alignlab.services.workspace import Workspace
from alignlab.ui.latents_page.compression import show_compression
from alignlab.ui.latents_page.correlations import show_correlations
from alignlab.ui.latents_page.formulas import show_formulas
from alignlab.ui.latents_page.neighbours import show_neighbours


def show(workspace: Workspace) -> None:
    """Draw the page."""
    with st.container(key="latents_body"):
        show_correlations(workspace)
        show_formulas(workspace)
        show_neighbours(workspace)
        show_compression(workspace)
