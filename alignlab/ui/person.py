"""The name of the person in front of the screen: asked once, kept by the browser, on every label and list."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_KEY, _FIELD = "alignlab.person", "alignlab.person_field"
#: Remembers a name in the browser, and tells it to a session that does not know it yet.
_REMEMBER_JS = """
export default function ({ data, setTriggerValue }) {
  if (!data) return;
  const name = "alignlab.person";
  if (data.person) localStorage.setItem(name, data.person);
  else if (localStorage.getItem(name)) setTriggerValue("person", localStorage.getItem(name));
}
"""


def current_person() -> str:
    """The name that labels are given under; empty until somebody has told it."""
    return str(st.session_state.get(_KEY, ""))


def ask_person(*, key: str, label: str = "Your name") -> str:
    """Draw the field for the name and return what is known; it outlasts pages, sessions and restarts of the app.

    Parameters
    ----------
    key : str
        Unique on the page.
    label : str
    """
    field = f"{_FIELD}.{key}"

    def take() -> None:
        st.session_state[_KEY] = st.session_state[field].strip()

    def hear() -> None:
        if not current_person():
            st.session_state[_KEY] = st.session_state[f"{key}_remembered"].get("person") or ""

    st.session_state[field] = current_person()
    st.text_input(label, key=field, max_chars=40, placeholder="for your labels and notes", on_change=take)
    _remember()(key=f"{key}_remembered", data={"person": current_person()}, on_person_change=hear, height=1)
    return current_person()


@cache
def _remember() -> ComponentRenderer:
    return st.components.v2.component("alignlab_person", js=_REMEMBER_JS, isolate_styles=False)
