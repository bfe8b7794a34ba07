"""The Train page: a recipe to fill in, the queue, and a training to watch."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.ui.page import page_workspace
from alignlab.ui.train_page.follow import show_jobs
from alignlab.ui.train_page.form import show_form

workspace = page_workspace()
form, jobs = st.container(key="train_body").columns([4, 6], gap="large")
with form:
    try:
        show_form(workspace)
    except AlignlabError as error:
        st.error(str(error))
with jobs:
    try:
        show_jobs(workspace)
    except AlignlabError as error:
        st.error(str(error))
