"""The Outliers page from top to bottom: choices, then the desk with its queue, the source, and why it is strange."""

from __future__ import annotations

from html import escape

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.artefacts import ArtefactScores
from alignlab.services.discover.outlier_queue import BY_LABELS, OutlierQueue, planted_found
from alignlab.services.discover.outliers import COMBINED, METHODS, OutlierScores
from alignlab.services.source_names import find_source, source_label
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address, words
from alignlab.ui.opened import current_lab, dataset_id
from alignlab.ui.outliers_page import compare, subject
from alignlab.ui.outliers_page.cached import artefacts_of, outliers_of
from alignlab.ui.outliers_page.choices import Choices, choose
from alignlab.ui.outliers_page.desk import TALK, Desk
from alignlab.ui.outliers_page.queue import presses, show_queue
from alignlab.ui.outliers_page.state import OutliersPageState
from alignlab.ui.person import ask_person
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade

_SOURCE = "source"
_COMBINED_WORDS = "How surprising a source is by the two questions that find it strangest, of the five that are asked."
_LABELS_WORDS = "What your labels 0 to 5 say you look for; each label changes it. Without labels, all methods combined."


def show(workspace: Workspace) -> None:
    """Draw the page."""
    state = OutliersPageState.of(dataset_id(workspace))
    _follow_address(workspace, state)
    with st.container(key="outliers_body"):
        choices = choose(workspace)
        try:
            scores = outliers_of(workspace, choices.representation, choices.scope)
            if scores is None:
                return
            artefacts = artefacts_of(workspace, choices.weights)
        except AlignlabError as error:
            st.error(str(error))
            return
        _desk(workspace, current_lab(), state, choices, scores, artefacts)


@st.fragment
def _desk(
    workspace: Workspace,
    lab: Lab,
    state: OutliersPageState,
    choices: Choices,
    scores: OutlierScores,
    artefacts: ArtefactScores,
) -> None:
    """The part of the page that a key press draws again."""
    told = st.empty()
    left, right = st.columns([3, 10], gap="medium")
    with left:
        person = ask_person(key="outliers_person")
        place = st.container(key="outliers_queue_place")
        below = st.container()
    desk = Desk(
        workspace=workspace, lab=lab, state=state, choices=choices, scores=scores, artefacts=artefacts, person=person
    )
    labels = desk.labels()
    queue = desk.queue(labels)
    if state.index is None and len(queue.rows):
        best = queue.first_open(set())
        state.look_at(int(queue.rows[0]) if best is None else best)
    told.html(_ranking_words(desk, queue))
    colours = ClassColours(workspace.survey, shade())
    with right:
        if state.index is None:
            st.html('<div class="al-empty"><b>Nothing to look at</b><br>No source has this score.</div>')
        else:
            _tell_others(workspace, state.index)
            subject.show_reasons(desk, state.index, queue, labels, colours)
    # Not before the reasons: once the browser has heard of it, keys are obeyed, and a label is of what is seen.
    with place:
        _show_place(desk, queue, labels, colours)
    if state.index is not None:
        with right:
            subject.show_more(desk, state.index, colours)
    with below:
        compare.show_comparison(desk)


def _show_place(desk: Desk, queue: OutlierQueue, labels: dict[str, str], colours: ClassColours) -> None:
    """What the last key did, and the queue."""
    if desk.state.said:
        wrong = int(desk.state.wrong)
        st.html(f'<div class="al-outliers-said" data-wrong="{wrong}">{escape(desk.state.said)}</div>')
    if address.choice(TALK, ["0", "1"], "0") == "1":
        st.html('<span class="al-outliers-talk"></span>')
    show_queue(desk, queue, labels, colours, on_act=lambda: desk.obey(presses()))


def _follow_address(workspace: Workspace, state: OutliersPageState) -> None:
    def obey(name: str) -> None:
        try:
            state.look_at(find_source(workspace.survey, name))
        except AlignlabError as error:
            st.warning(str(error))

    address.follow(_SOURCE, obey)


def _tell_others(workspace: Workspace, index: int) -> None:
    """The source is picked on every page, and in the address."""
    atlas = AtlasState.of(dataset_id(workspace))
    if (atlas.overlay, atlas.index) != (None, index):
        atlas.pick(index)
    address.tell(_SOURCE, source_label(workspace.survey, index))


def _ranking_words(desk: Desk, queue: OutlierQueue) -> str:
    """What the ranking is, of how many, and on a simulated survey how well it does."""
    n, n_labelled = len(queue.rows), int(queue.labelled.sum())
    by = desk.choices.ranked_by
    what = {BY_LABELS: _LABELS_WORDS, COMBINED: _COMBINED_WORDS}.get(by) or METHODS[by].description
    parts = [f"<b>{words.plural(n, 'source')} ranked</b>", escape(what)]
    if n < desk.workspace.survey.n_sources:
        left_out = desk.workspace.survey.n_sources - n
        parts.append(f"{left_out:,} without this score are left out")
    if n_labelled:
        parts.append(f"{n_labelled:,} labelled by you")
    planted = planted_found(desk.workspace.survey, queue.rank)
    if planted is not None:
        artefacts = f", {planted.artefacts_found} of {planted.artefacts} planted artefacts" if planted.artefacts else ""
        parts.append(
            f"simulated: {planted.found} of {planted.planted} planted rarities{artefacts} "
            f"in the first 1% (n {planted.looked_at:,})"
        )
    return f'<div class="al-outliers-told">{" · ".join(parts)}</div>'
