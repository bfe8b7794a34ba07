"""The app: ``streamlit run app.py``. Shows its pages, or builds the demo survey on first use."""

from __future__ import annotations

import streamlit as st

from alignlab.config import load_config
from alignlab.errors import AlignlabError
from alignlab.jobs.courtesy import tell_drawing
from alignlab.ui import address, first_use, header, theme
from alignlab.ui.opened import current_workspace, sweep, warm_up

st.set_page_config(page_title="alignlab", page_icon=str(theme.ICON), layout="wide")
theme.apply_style()

tell_drawing(load_config())
try:
    sweep()
    workspace = current_workspace()
except AlignlabError as error:
    st.error(str(error))
    st.stop()
if workspace is None:
    st.navigation([st.Page(first_use.show, title="First use")], position="hidden").run()
else:
    explore = [
        st.Page("pages/atlas.py", title="Atlas", icon=":material/scatter_plot:", default=True),
        st.Page("pages/source.py", title="Source", icon=":material/flare:"),
        st.Page("pages/search.py", title="Search", icon=":material/search:"),
        st.Page("pages/interpret.py", title="Interpret", icon=":material/query_stats:"),
        st.Page("pages/survey.py", title="Survey", icon=":material/list_alt:"),
    ]
    discover = [
        st.Page("pages/outliers.py", title="Outliers", icon=":material/auto_awesome:"),
        st.Page("pages/follow_up.py", title="Follow-up", icon=":material/bookmark:"),
        st.Page("pages/clusters.py", title="Clusters", icon=":material/bubble_chart:"),
        st.Page("pages/networks.py", title="Networks", icon=":material/hub:"),
        st.Page("pages/populations.py", title="Populations", icon=":material/groups:"),
    ]
    evaluate = [
        st.Page("pages/retrieval.py", title="Retrieval", icon=":material/manage_search:"),
        st.Page("pages/parameters.py", title="Parameters", icon=":material/straighten:"),
        st.Page("pages/latents.py", title="Latents", icon=":material/grid_on:"),
    ]
    lab = [
        st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
        st.Page("pages/runs.py", title="Runs", icon=":material/compare:"),
        st.Page("pages/collect.py", title="Collect", icon=":material/travel_explore:"),
    ]
    page = st.navigation({"Explore": explore, "Discover": discover, "Evaluate": evaluate, "Lab": lab})
    header.show(workspace, page_title=page.title)
    page.run()
    theme.footer(workspace)
    address.listen()
    tell_drawing(workspace.config)
    warm_up()
