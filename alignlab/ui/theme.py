"""The look that pages share: a small style sheet for what Streamlit's theme options do not reach, header and footer."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

import streamlit as st

from alignlab.services.workspace import Workspace

Shade = Literal["light", "dark"]

_STYLES = sorted((Path(__file__).parent / "styles").glob("*.css"))
#: The page's icon; a local file, since named icons would be fetched from the network.
ICON = Path(__file__).with_name("icon.svg")


def shade() -> Shade:
    """Whether the person sees the light or the dark theme."""
    return "dark" if st.context.theme.type == "dark" else "light"


def apply_style() -> None:
    """Add the shared style sheets to the page."""
    st.html(f"<style>{_style_sheet()}</style>")


@cache
def _style_sheet() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in _STYLES)


def brand(workspace: Workspace) -> None:
    """The words that say where one is: name of the program, survey, and whether it is simulated."""
    word = escape(workspace.survey.origin)
    st.html(
        f'<div class="al-head"><b>alignlab</b><span class="al-dim">{escape(workspace.survey.name)}</span>'
        f'<span class="al-word">{word}</span></div>',
        width="content",
    )


def footer(workspace: Workspace) -> None:
    """The line that every number on the page can be traced by."""
    st.html(f'<div class="al-foot">{escape(workspace.provenance)}</div>')
