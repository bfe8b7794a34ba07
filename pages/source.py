"""The Source page: everything known about one source."""

from __future__ import annotations

import streamlit as st

from alignlab.services.source_names import source_label
from alignlab.services.subject import subject_of
from alignlab.ui import address
from alignlab.ui.opened import current_lab, dataset_id
from alignlab.ui.page import page_workspace
from alignlab.ui.source_page import actions, header, leafing, light_curve, neighbours, papers, sky, spectrum, variables
from alignlab.ui.source_page.empty import show_empty
from alignlab.ui.source_page.state import SourcePageState
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade

workspace = page_workspace()
atlas = AtlasState.of(dataset_id(workspace))
problem = atlas.sync_with_address(workspace)
page = SourcePageState.of(dataset_id(workspace))
remembered = page.remembered_subject(workspace)
if problem:
    st.warning(problem)
if atlas.index is None:
    show_empty(workspace, on_pick=atlas.pick)
    st.stop()
subject = subject_of(workspace, atlas.index, atlas.overlay)
colours = ClassColours(workspace.survey, shade())
lab = current_lab()


def go(index: int, overlay: str | None = None) -> None:
    """Show another source. The address is told at once: a press may come before the browser knows the last one."""
    atlas.pick(index, overlay)
    address.tell("source", source_label(subject_of(workspace, index, overlay).survey, index))


def leaf(index: int) -> None:
    """Show another source of the same survey."""
    go(index, subject.overlay)


def here() -> int:
    """The source at the time of a press, if it is of the same survey."""
    return subject.index if atlas.index is None or atlas.overlay != subject.overlay else atlas.index


with st.container(key="source_body"):
    leafing.show_leafing(subject, page, remembered, here=here, on_pick=leaf)
    header.show_header(subject, colours, lab, on_pick=leaf)
    actions.show_actions(subject)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        spectrum.show_spectrum(subject, page)
        light_curve.show_light_curve(subject)
    with right:
        variables.show_variables(subject, colours)
    read, near = st.columns([4, 7], gap="large")
    with near:
        neighbours.show_neighbours(subject, page, colours, lab.labels(workspace.survey.name), on_pick=go)
        sky.show_sky(subject, page)
    with read:
        papers.show_papers(subject, on_pick=go)
