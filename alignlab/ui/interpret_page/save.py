"""Taking the interpretation away: as PDF for people, as Markdown for notes."""

from __future__ import annotations

import re
from functools import partial

import streamlit as st

from alignlab.services.interpret.contract import Interpretation
from alignlab.services.interpret_report import to_markdown, to_pdf
from alignlab.services.subject import Subject


def show_save(subject: Subject, interpretation: Interpretation) -> None:
    """Draw the menu; a file is made when somebody asks for it."""
    stem = f"alignlab-{re.sub(r'[^A-Za-z0-9.+-]+', '_', subject.name).strip('_.')[:60] or 'source'}"
    with st.popover("Save", icon=":material/download:", key="interpret_save"), st.container(gap="xxsmall"):
        st.download_button(
            "PDF · .pdf", partial(to_pdf, interpretation, subject), f"{stem}.pdf", "application/pdf",
            key="interpret_pdf", type="tertiary", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Markdown · .md", partial(to_markdown, interpretation), f"{stem}.md", "text/markdown",
            key="interpret_markdown", type="tertiary", on_click="ignore",
        )  # fmt: skip


def show_no_save() -> None:
    """What stands in the menu's place while the interpretation is being found."""
    st.button(
        "Save", icon=":material/download:", disabled=True, key="interpret_save_later", help="As soon as it is complete"
    )
