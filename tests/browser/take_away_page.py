"""A page with the row of actions, one with a single source, and one with neither."""

from __future__ import annotations

import numpy as np
import streamlit as st

from alignlab.ui import theme
from alignlab.ui.opened import current_workspace, dataset_id
from alignlab.ui.state import AtlasState
from alignlab.ui.take_away import send_source, take_away

st.set_page_config(layout="wide")
theme.apply_style()
workspace = current_workspace()
assert workspace is not None
state = AtlasState.of(dataset_id(workspace))
if not state.selected.size:
    state.selected = np.zeros(workspace.survey.n_sources, dtype=np.bool_)
    state.selected[10:60:2] = True
    state.how = "lasso on the map"
    state.pick(12)


def selection() -> None:
    take_away(workspace, state.selected_rows(), how=state.how)
    st.button("Pick 16", on_click=state.pick, args=(16,))


def source() -> None:
    st.write("one observed source")
    send_source(workspace, 0, "real-chandra")


pages = {
    "selection": st.Page(selection, default=True),
    "source": st.Page(source, url_path="source"),
    "other": st.Page(lambda: st.write("nothing to send here"), title="other", url_path="other"),
}
page = st.navigation(list(pages.values()))
st.html(f'<p id="state">{state.overlay or ""} {state.index} {state.selected_rows().tolist()} {state.how}</p>')
page.run()
