"""The Runs page: what the survey's runs are worth, two of them compared, and which one pages show."""

from __future__ import annotations

import streamlit as st

from alignlab.services.run_shelf import disk_use, list_runs
from alignlab.services.workspace import Catalogue
from alignlab.ui.opened import dataset_id
from alignlab.ui.page import page_workspace
from alignlab.ui.runs_page.actions import say_what_was_done, show_actions
from alignlab.ui.runs_page.comparison import show_comparison
from alignlab.ui.runs_page.state import RunsPageState
from alignlab.ui.runs_page.table import disk_line, show_table
from alignlab.ui.state import AtlasState

workspace = page_workspace()
state = RunsPageState.of_session()
catalogue = Catalogue(workspace.config)
runs = list_runs(catalogue, workspace.survey.name)

with st.container(key="runs_body"):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<h2 class="al-runs-part">Runs of {workspace.survey.name}</h2>', width="content")
        st.caption(disk_line(disk_use(catalogue.config), len(runs)), width="content")
    say_what_was_done()
    ticked = show_table(runs)
    show_actions(workspace, runs, ticked, state)
    show_comparison(workspace, state, AtlasState.of(dataset_id(workspace)))
