"""What every interpretation rests on, prepared while a person is still looking for their file."""

from __future__ import annotations

import threading

import streamlit as st

from alignlab.services.interpret.ground import prepare
from alignlab.services.workspace import Workspace


def get_ready(workspace: Workspace) -> None:
    """Begin to prepare it, once per survey and run; returns at once."""
    _get_ready(workspace, workspace.survey.digest, workspace.run.digest)


@st.cache_resource(max_entries=4, show_spinner=False)
def _get_ready(_workspace: Workspace, survey: str, run: str) -> None:
    del survey, run  # only there to be part of the key
    # No daemon: a thread inside a compiled library when the interpreter goes takes the whole process down with it.
    threading.Thread(target=prepare, args=(_workspace,)).start()
