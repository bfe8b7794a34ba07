"""The row above an interpretation: which source, another file, its position, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alignlab.services.drop import ACCEPTED
from alignlab.services.subject import Subject
from alignlab.ui.dropped import choose_files, dropped_surveys
from alignlab.ui.interpret_page.position import ask_position
from alignlab.ui.interpret_page.state import InterpretPageState
from alignlab.ui.source_page.text import plain
from alignlab.ui.take_away import copy_link

_HERE = "pages/interpret.py"
_WHICH, _MOST_PILLS = "interpret_which", 4


def show_choice(
    subject: Subject,
    state: InterpretPageState,
    *,
    on_pick: Callable[[int, str | None], None],
    on_leave: Callable[[], None],
) -> DeltaGenerator:
    """Draw the row; returns the place for the menu that saves.

    `on_pick` is called with the index and the overlay of another source, `on_leave` when the page is to be as it was
    before the first source.
    """
    workspace = subject.workspace
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="interpret_choice"):
        _switch(subject, on_pick)
        with st.popover("Another", icon=":material/upload_file:", help="Interpret another spectrum"):
            choose_files(workspace, label=f"{ACCEPTED}, or drop files anywhere on the page.", then=_HERE)
            st.button("Start again", key="interpret_leave", type="tertiary", on_click=on_leave)
        with st.popover("Position", icon=":material/my_location:", help="Where it is on the sky"):
            _position(subject, state)
        st.page_link("pages/atlas.py", label="Map", icon=":material/scatter_plot:")
        st.page_link("pages/source.py", label="Source", icon=":material/flare:")
        copy_link(key="interpret_link")
        return st.empty()


def _switch(subject: Subject, on_pick: Callable[[int, str | None], None]) -> None:
    """The sources of the session's drops, and the one that is shown, as switches; nothing where it is alone."""
    choices: dict[str, tuple[int, str | None, str]] = {}
    for applied in dropped_surveys(subject.workspace.run.digest):
        for index, name in enumerate(applied.survey.sources["name"]):
            choices[_key(index, applied.survey.name)] = index, applied.survey.name, str(name)
    shown = _key(subject.index, subject.overlay)
    choices.setdefault(shown, (subject.index, subject.overlay, subject.name))
    if len(choices) < 2:
        return
    st.session_state[_WHICH] = shown

    def follow() -> None:
        index, overlay, _ = choices[st.session_state[_WHICH]]
        on_pick(index, overlay)

    if len(choices) <= _MOST_PILLS:
        st.pills(
            "Source", list(choices), required=True, format_func=lambda key: plain(choices[key][2]), key=_WHICH,
            label_visibility="collapsed", on_change=follow,
        )  # fmt: skip
    else:
        st.selectbox(
            "Source", list(choices), format_func=lambda key: choices[key][2], key=_WHICH,
            label_visibility="collapsed", width=280, on_change=follow,
        )  # fmt: skip


def _key(index: int, overlay: str | None) -> str:
    return f"{index} {overlay or ''}"


def _position(subject: Subject, state: InterpretPageState) -> None:
    st.caption("Known sources near it become part of the evidence.")
    number = "_".join(map(str, subject.key))
    asked = ask_position(f"interpret_position_{number}", label="Position", known=state.position_of(subject))
    if asked != state.position_of(subject):
        if asked is None:
            state.positions.pop(subject.key, None)
        else:
            state.positions[subject.key] = asked
