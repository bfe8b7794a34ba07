"""The look that pages share: a small style sheet for what Streamlit's theme options do not reach, header and footer."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Literal

import streamlit as st

from alignlab.services.workspace import Workspace

Shade = Literal["light", "dark"]

_STYLE = Path(__file__).with_name("style.css")
#: The page's icon; a local file, since named icons would be fetched from the network.
ICON = Path(__file__).with_name("icon.svg")


def shade() -> Shade:
    """Whether the person sees the light or the dark theme."""
    return "dark" if st.context.theme.type == "dark" else "light"


def apply_style() -> None:
    """Add the shared style sheet to the page."""
    st.html(_STYLE)


def header(workspace: Workspace) -> None:
    """The line that says where one is: name of the program, survey, and whether it is simulated."""
    word = "simulated" if workspace.is_simulated else "observed"
    st.html(
        f'<div class="al-head"><b>alignlab</b><span class="al-dim">{escape(workspace.survey.name)}</span>'
        f'<span class="al-word">{word}</span></div>'
    )


def footer(workspace: Workspace) -> None:
    """The line that every number on the page can be traced by."""
    st.html(f'<div class="al-foot">{escape(workspace.provenance)}</div>')
