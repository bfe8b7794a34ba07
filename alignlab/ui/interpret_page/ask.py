"""Asking a language model for a paragraph: offered only where one can be asked, and never done unasked."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from alignlab.literature.llm_client import address_of, has_key
from alignlab.services.subject import Subject
from alignlab.ui.interpret_page.state import InterpretPageState

_DEFAULT = "gpt-4o-mini"


def show_ask(subject: Subject, state: InterpretPageState) -> None:
    """Draw the field for a model and the button; nothing where there is no key."""
    if not has_key():
        return

    def ask() -> None:
        if model := str(st.session_state["interpret_model"]).strip():
            state.models[subject.key] = model

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="interpret_ask"):
        st.button("Have a paragraph written", key="interpret_write", icon=":material/notes:", on_click=ask)
        st.text_input("Model", _DEFAULT, key="interpret_model", label_visibility="collapsed", width=200)
        host = urlsplit(address_of()).hostname
        st.caption(f"The evidence on this page is sent to {host}, which may cost money.", width="content")
