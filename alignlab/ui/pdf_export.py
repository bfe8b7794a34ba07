"""The browser's PDF writer, handed over when the first figure is wanted as PDF."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from alignlab.ui.frontend_build import read_bundle


def mount_pdf() -> None:
    """Hand the PDF writer to the page, which then sets ``window.alignlabPdf`` and fires ``alignlab:pdf-ready``.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """
    _component(read_bundle("pdf"))(key="alignlab_pdf", height=1)


@cache
def _component(bundle: str) -> ComponentRenderer:
    return st.components.v2.component("alignlab_pdf", js=bundle, isolate_styles=False)
