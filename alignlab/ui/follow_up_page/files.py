"""The follow-up list as a file, as a link, and a colleague's list read in."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from alignlab.errors import AlignlabError
from alignlab.services.discover.follow_up import FollowUp, follow_up_code
from alignlab.services.discover.follow_up_files import FollowUpFormat, follow_up_bytes, import_follow_up
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address
from alignlab.ui.person import ask_person, current_person
from alignlab.ui.samp import VOTABLE
from alignlab.ui.take_away import copy_link, page_address

_FILES: tuple[tuple[FollowUpFormat, str, str, str], ...] = (
    ("votable", ".vot", VOTABLE, "VOTable"),
    ("csv", ".csv", "text/csv", "CSV"),
    ("markdown", ".md", "text/markdown", "Markdown"),
)
_UPLOAD, _SAID = "follow_up_upload", "follow_up_imported"


def show_files(workspace: Workspace, lab: Lab, entries: list[FollowUp], code: str) -> None:
    """Draw the row of actions for the list that is shown."""
    from_page = page_address()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="follow_up_actions"):
        for file_format, suffix, mime, label in _FILES:
            st.download_button(
                label,
                data=partial(follow_up_bytes, workspace, entries, file_format, url=from_page),
                file_name=f"alignlab-{workspace.survey.name}-follow-up{suffix}",
                mime=mime,
                key=f"follow_up_{file_format}",
                icon=":material/download:",
                disabled=not entries,
                on_click="ignore",
            )
        if code:
            copy_link(key="follow_up_link")
        else:
            st.button(
                "Keep for a link",
                icon=":material/link:",
                key="follow_up_share",
                disabled=not entries,
                help="Keeps the list as it is now under a code; its address can then be copied",
                on_click=lambda: address.write("list", follow_up_code(lab, workspace.survey)),
            )
            _show_import(workspace, lab)


def _show_import(workspace: Workspace, lab: Lab) -> None:
    """A file is read as soon as it is there, before the list is drawn."""

    def read() -> None:
        uploaded = st.session_state[_UPLOAD]
        st.session_state[_SAID] = None if uploaded is None else _import(workspace, lab, uploaded)

    with st.popover("Read in a list", icon=":material/upload_file:", key="follow_up_import"):
        person = ask_person(key="follow_up_import_person")
        st.file_uploader("A list that was exported as VOTable or CSV", key=_UPLOAD, on_change=read, disabled=not person)
        if said := st.session_state.get(_SAID):
            text, is_wrong = said
            (st.error if is_wrong else st.success)(text)


def _import(workspace: Workspace, lab: Lab, uploaded: UploadedFile) -> tuple[str, bool]:
    """Take over a file; returns what to say, and whether it went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(uploaded.name).name
        path.write_bytes(uploaded.getvalue())
        try:
            found = import_follow_up(lab, workspace.survey, path, person=current_person())
        except AlignlabError as error:
            return str(error).replace(f"{folder}/", ""), True
    return found.sentence, False
