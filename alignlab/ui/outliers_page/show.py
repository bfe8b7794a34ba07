"""The Outliers page from top to bottom."""

from __future__ import annotations

import streamlit as st

from alignlab.services.workspace import Workspace


def show(workspace: Workspace) -> None:
    """Draw the page."""
    st.html(f'<div class="al-empty">Outliers of run {workspace.run.run_id}: being built.</div>')
