"""The button that puts sources on the follow-up list, from any page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.follow_up import add_to_follow_up, remove_from_follow_up
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.opened import current_lab
from alignlab.ui.person import ask_person


def follow_up_button(workspace: Workspace, names: Sequence[str], *, key: str, reason: str = "") -> None:
    """Draw it; one source that is on the list can be taken off again.

    Parameters
    ----------
    workspace : Workspace
    names : sequence of str
        Sources of the run's survey.
    key : str
        Unique on the page.
    reason : str
        Suggested: the person may change it.
    """
    listed = {entry.source_name for entry in current_lab().follow_ups(workspace.survey.name)} & set(names)
    if len(names) == 1 and listed:
        st.button(
            "On the follow-up list",
            icon=":material/bookmark_added:",
            key=f"{key}_off",
            help="Press to take it off",
            on_click=_remove,
            args=(workspace, names),
        )
        return
    popover = st.popover("Add to follow-up", icon=":material/bookmark_add:", on_change="rerun", key=key)
    if popover.open:
        with popover:
            _show_form(workspace, names, len(listed), key=key, reason=reason)


def _show_form(workspace: Workspace, names: Sequence[str], n_listed: int, *, key: str, reason: str) -> None:
    person = ask_person(key=f"{key}_person")
    field = f"{key}_reason"
    st.text_area(
        "Why it is worth an observation" if len(names) == 1 else "Why they are worth an observation",
        value=reason,
        key=field,
        max_chars=2000,
    )
    what = words.plural(len(set(names)), "source")
    st.button(
        f"Put {what} on the list",
        type="primary",
        key=f"{key}_add",
        disabled=not person,
        on_click=_add,
        args=(workspace, names, person, field),
    )
    if n_listed:
        st.caption(f"{n_listed:,} of them on it already: they stay as they are.")


def _add(workspace: Workspace, names: Sequence[str], person: str, field: str) -> None:
    reason = st.session_state[field]
    try:
        n_new = add_to_follow_up(current_lab(), workspace.survey.name, names, person=person, reason=reason)
    except AlignlabError as error:
        st.toast(str(error))
    else:
        st.toast(f"{words.plural(n_new, 'source')} new on the follow-up list.")


def _remove(workspace: Workspace, names: Sequence[str]) -> None:
    remove_from_follow_up(current_lab(), workspace.survey.name, names)
