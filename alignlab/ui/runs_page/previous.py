"""The way back to the run that was shown before."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.run_shelf import previous_run_id, promote
from alignlab.services.workspace import Catalogue, Workspace

_SEEN = "alignlab.run_seen"


def back_button(workspace: Workspace, *, always: bool = False, key: str = "back_to_run") -> None:
    """Draw "Back to <the run before>", one press away.

    Parameters
    ----------
    workspace : Workspace
    always : bool
        Also where the run has not changed since this session began.
    key : str
        Of the button.
    """
    seen = st.session_state.setdefault(_SEEN, workspace.run.run_id)
    if not always and seen == workspace.run.run_id:
        return
    catalogue = Catalogue(workspace.config)
    before = previous_run_id(catalogue, workspace.survey.name)
    if before is None:
        return
    st.button(
        f"Back to {before}",
        key=key,
        icon=":material/undo:",
        type="tertiary",
        help=f"Every page shows {workspace.run.run_id} now",
        on_click=show_run,
        args=(workspace, before),
    )


def show_run(workspace: Workspace, run_id: str) -> None:
    """Make a run the one that every page shows, and say so: in a callback."""
    try:
        promote(Catalogue(workspace.config), workspace.survey.name, run_id)
    except AlignlabError as error:
        st.toast(str(error), icon=":material/error:")
    else:
        st.toast(f"Every page shows {run_id} now.", icon=":material/check:")
