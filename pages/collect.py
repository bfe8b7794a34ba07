"""The Collect page: a survey from the archives, counted before it is fetched, and watched while it comes."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.collections import gathering_jobs, list_collections
from alignlab.ui.collect_page.form import show_form
from alignlab.ui.collect_page.shelf import show_collections
from alignlab.ui.page import page_workspace
from alignlab.ui.train_page.follow import show_jobs

_EMPTY = """<div class="al-empty">Nothing has been collected yet. Say what you want, press <b>Count</b> to see what
it would take, and <b>Collect</b> to have it fetched in the background. What has come is kept, come what may.</div>"""

workspace = page_workspace()
form, jobs = st.container(key="train_body").columns([4, 6], gap="large")
with form:
    show_form(workspace)
with jobs:
    try:
        show_jobs(workspace, find=lambda shown: gathering_jobs(shown.config), empty=_EMPTY)
        show_collections(workspace, list_collections(workspace.config))
    except AlignlabError as error:
        st.error(str(error))
