"""The selected sources of a network: which they are, and what can be done with them."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.follow_up import add_to_follow_up
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui.networks_page.encoding import EncodedNetwork
from alignlab.ui.networks_page.state import NetworksState
from alignlab.ui.person import ask_person
from alignlab.ui.selection_panel import class_counts
from alignlab.ui.state import AtlasState
from alignlab.ui.take_away import take_away

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network


def show_selection(
    workspace: Workspace, lab: Lab, shown: Network, encoded: EncodedNetwork, state: NetworksState, atlas: AtlasState
) -> None:
    """Draw who is selected and the row of actions; nothing while nobody is."""
    rows = state.shown(encoded)
    if rows.size == 0:
        return
    mask = _mask(workspace, rows)
    st.html(f'<div class="al-selected">{class_counts(workspace.survey.sources["source_class"], mask)}</div>')
    periphery = np.intersect1d(shown.graph.rows[~shown.core], rows)
    st.html(f'<div class="al-dim">{periphery.size:,} of them in the periphery · {escape(state.how)}</div>')
    with st.container(horizontal=True, vertical_alignment="center", key="networks_actions"):
        _send(workspace, lab, shown, encoded, state)
        if 0 < periphery.size < rows.size:
            st.button(
                f"Keep the periphery · {periphery.size:,}", key="networks_keep_periphery", type="tertiary",
                help="Of the selected sources, only those outside the network's core",
                on_click=partial(state.select, periphery, how=f"periphery among those {state.how}"),
            )  # fmt: skip
        if st.button(
            "Select on the Atlas", key="networks_to_atlas", icon=":material/scatter_plot:",
            on_click=partial(atlas.select, mask, how=f"network of {encoded.meta['title']}: {state.how}"),
        ):  # fmt: skip
            st.switch_page("pages/atlas.py")
        take_away(workspace, rows, how=f"network of {encoded.meta['title']}: {state.how}", key="networks_take")


def _send(workspace: Workspace, lab: Lab, shown: Network, encoded: EncodedNetwork, state: NetworksState) -> None:
    """The button that puts the selected sources on the follow-up list, with who wants so and why."""
    rows = state.shown(encoded)
    n = f"{rows.size:,} {'source' if rows.size == 1 else 'sources'}"
    with st.popover("Send to follow-up", icon=":material/bookmark_add:", help=f"Put {n} on the follow-up list"):
        person = ask_person(key="networks_person")
        key = f"networks_reason_{encoded.meta['graph']}_{state.how}"
        reason = st.text_input("Reason", _reason(shown, encoded, state), key=key, max_chars=400)
        st.button(
            f"Send {n}", key="networks_send", type="primary", disabled=not person,
            on_click=partial(_add, workspace, lab, rows, person, reason),
            help=None if person else "Say first who you are.",
        )  # fmt: skip
        st.page_link("pages/follow_up.py", label="The follow-up list", icon=":material/bookmark:")


def _reason(shown: Network, encoded: EncodedNetwork, state: NetworksState) -> str:
    chosen = np.isin(shown.graph.rows, state.selected)
    where = "periphery of" if not shown.core[chosen].any() else "core of" if shown.core[chosen].all() else "chosen in"
    return f"{where} the network {encoded.meta['title']}"


def _add(workspace: Workspace, lab: Lab, rows: np.ndarray, person: str, reason: str) -> None:
    names = [str(name) for name in workspace.survey.sources["name"].iloc[rows]]
    try:
        new = add_to_follow_up(lab, workspace.survey.name, names, person=person, reason=reason)
    except AlignlabError as error:
        st.toast(str(error))
        return
    there = len(set(names)) - new
    st.toast(f"{new:,} new on the follow-up list{f', {there:,} were there' if there else ''}.")


def _mask(workspace: Workspace, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(workspace.survey.n_sources, dtype=np.bool_)
    mask[rows] = True
    return mask
