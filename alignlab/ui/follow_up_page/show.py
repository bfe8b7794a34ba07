"""The Follow-up page: what is worth observing again, why, and what one must know to do so."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.follow_up import FollowUp, add_to_follow_up, follow_up_list, open_follow_up_code
from alignlab.services.discover.observing import observing_essentials, visibility_in_words
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address, words
from alignlab.ui.follow_up_page.entry import show_entry
from alignlab.ui.follow_up_page.files import show_files
from alignlab.ui.opened import current_lab
from alignlab.ui.person import ask_person
from alignlab.ui.source_page.text import ClassColours, plain
from alignlab.ui.theme import shade

#: Name in the address of a list that was kept for a link.
LIST = "list"
#: Sources shown at first, and with each press of the button below them.
_PART = 25
_SHOWN = "follow_up_shown"


def show(workspace: Workspace) -> None:
    """Draw the page."""
    lab = current_lab()
    code = st.query_params.get(LIST, "")
    try:
        entries = open_follow_up_code(lab, workspace.survey, code) if code else follow_up_list(lab, workspace.survey)
    except AlignlabError as error:
        st.warning(str(error))
        code, entries = "", follow_up_list(lab, workspace.survey)
    with st.container(key="follow_up_body"):
        _show_head(workspace, lab, entries, code)
        if entries:
            _show_entries(workspace, lab, entries, is_copy=bool(code))
        else:
            _show_empty()


def _show_head(workspace: Workspace, lab: Lab, entries: list[FollowUp], code: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="follow_up_head"):
        what = f"List {code}, as it was kept for a link" if code else "Worth another observation"
        simulated = ", simulated" if workspace.is_simulated else ""
        st.html(
            f'<div class="al-follow-title"><h1>{what}</h1><span>{words.plural(len(entries), "source")}{simulated}'
            "</span></div>",
            width="stretch",
        )
    if code:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="follow_up_copy"):
            person = ask_person(key="follow_up_person")
            st.button("Show today's list", key="follow_up_today", on_click=address.write, args=(LIST, ""))
            st.button(
                "Add all of these to it",
                key="follow_up_take_over",
                disabled=not person or not entries,
                on_click=_take_over,
                args=(workspace, lab, entries, person),
            )
    show_files(workspace, lab, entries, code)


def _take_over(workspace: Workspace, lab: Lab, entries: list[FollowUp], person: str) -> None:
    """Every source of a kept list with its own reason, and back to today's list."""
    n_new = sum(
        add_to_follow_up(lab, workspace.survey.name, [entry.name], person=person, reason=entry.reason)
        for entry in entries
    )
    address.write(LIST, "")
    st.toast(f"{words.plural(n_new, 'source')} new on the list.")


def _show_entries(workspace: Workspace, lab: Lab, entries: list[FollowUp], *, is_copy: bool) -> None:
    shown = entries[: st.session_state.setdefault(_SHOWN, _PART)]
    rows = [entry.index for entry in shown if entry.index is not None]
    essentials = dict(zip(rows, observing_essentials(workspace.survey, rows), strict=True))
    colours = ClassColours(workspace.survey, shade())
    for place, entry in enumerate(shown):
        found = None if entry.index is None else essentials[entry.index]
        show_entry(workspace, lab, entry, found, colours, place=place, is_copy=is_copy)
    if len(shown) < len(entries):
        st.button(
            f"Show more ({len(entries) - len(shown):,} left)",
            key="follow_up_more",
            on_click=lambda: st.session_state.update({_SHOWN: len(shown) + _PART}),
        )
    st.caption(f"{plain(visibility_in_words())} Filled: the month counts.")


def _show_empty() -> None:
    st.html(
        '<div class="al-empty"><b>Nothing is on the list yet</b><br>Go through the Outliers and press f at what is '
        "worth another observation, press “Add to follow-up” on a Source page, or select sources on the Atlas. "
        "A list that a colleague has exported can be read in above.</div>"
    )
    with st.container(horizontal=True):
        st.page_link("pages/outliers.py", label="Outliers", icon=":material/auto_awesome:")
        st.page_link("pages/atlas.py", label="Atlas", icon=":material/scatter_plot:")
