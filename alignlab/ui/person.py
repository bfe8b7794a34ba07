"""The name of the person in front of the screen: asked once, kept by the browser, on every label and list."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from alignlab.errors import AlignlabError
from alignlab.services.discover.triage import check_person

_KEY, _FIELD = "alignlab.person", "alignlab.person_field"
#: Remembers a name in the browser, and tells it to a session that does not know it yet.
_REMEMBER_JS = """
export default function ({ data, setTriggerValue }) {
  if (!data) return;
  const name = "alignlab.person";
  if (data.person) {
    localStorage.setItem(name, data.person);
    // Whoever has told their name wants to go on with other keys.
    const field = document.activeElement;
    if (field?.matches?.("input") && field.value.trim() === data.person) field.blur();
  } else if (localStorage.getItem(name)) setTriggerValue("person", localStorage.getItem(name));
}
"""


def current_person() -> str:
    """The name that labels are given under; empty until somebody has told it."""
    return str(st.session_state.get(_KEY, ""))


def ask_person(*, key: str) -> str:
    """Draw the field for the name and return what is known; it outlasts pages, sessions and restarts of the app.

    Parameters
    ----------
    key : str
        Unique on the page.
    """
    field = f"{_FIELD}.{key}"

    def take() -> None:
        _call(st.session_state[field])

    def hear() -> None:
        told = st.session_state[f"{key}_remembered"].get("person")
        if told and not current_person():
            _call(told)

    st.session_state[field] = current_person()
    st.text_input(
        "Your name",
        key=field,
        max_chars=40,
        placeholder="your name, for labels and notes",
        label_visibility="collapsed",
        on_change=take,
    )
    _remember()(key=f"{key}_remembered", data={"person": current_person()}, on_person_change=hear, height=1)
    return current_person()


def _call(name: str) -> None:
    """Take over a name, if somebody can be called so; nobody goes on without one once it is known."""
    try:
        st.session_state[_KEY] = check_person(name)
    except AlignlabError as error:
        st.toast(str(error))


@cache
def _remember() -> ComponentRenderer:
    return st.components.v2.component("alignlab_person", js=_REMEMBER_JS, isolate_styles=False)
