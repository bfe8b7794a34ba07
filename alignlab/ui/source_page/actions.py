"""What can be taken away from the Source page: its row, its neighbours, its papers, its place for other programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from alignlab.services.subject import Subject
from alignlab.ui.follow_up_button import follow_up_button
from alignlab.ui.take_away import copy_link, send_source, take_table

if TYPE_CHECKING:
    from astropy.table import Table


def show_actions(subject: Subject) -> None:
    """Draw the row of actions."""
    workspace, index, overlay = subject.workspace, subject.index, subject.overlay
    stem = f"alignlab-{re.sub(r'[^A-Za-z0-9.+-]+', '_', subject.name)}"

    def row(url: str) -> Table:
        from alignlab.services.export import export_overlay_table, export_table

        if overlay is None:
            return export_table(workspace, np.array([index]), url=url, selection=subject.name)
        return export_overlay_table(workspace, overlay, np.array([index]), url=url, selection=subject.name)

    def neighbours(url: str) -> Table:
        from alignlab.services.export import neighbours_table

        return neighbours_table(workspace, index, overlay=overlay, url=url)

    def papers(url: str) -> Table:
        from alignlab.services.export import papers_table

        return papers_table(workspace, index, overlay=overlay, url=url)

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="source_actions"):
        take_table(row, name=stem, what="everything measured and estimated", key="take_row", label="Its row")
        take_table(
            neighbours, name=f"{stem}-neighbours", what="its neighbours", key="take_neighbours", label="Neighbours"
        )
        if len(subject.survey.papers_of(index)):
            take_table(papers, name=f"{stem}-papers", what="its papers", key="take_papers", label="Papers")
        send_source(workspace, index, overlay)
        if overlay is None:
            follow_up_button(workspace, [subject.name], key="source_follow_up")
        copy_link(key="source_link")
