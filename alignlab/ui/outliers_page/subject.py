"""The source that is looked at: its place in the ranking, what can be done with it, why it is strange, its card."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.outlier_queue import OutlierQueue
from alignlab.services.discover.triage import Triage
from alignlab.services.sources import source_card
from alignlab.services.subject import subject_of
from alignlab.ui.outliers_page.cached import by_class
from alignlab.ui.outliers_page.choices import RANKINGS
from alignlab.ui.outliers_page.class_figure import class_figure
from alignlab.ui.outliers_page.desk import Desk, percentile_words
from alignlab.ui.outliers_page.why import show_why
from alignlab.ui.source_card import show_source_card
from alignlab.ui.source_page.header import said_in_the_lab
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.take_away import copy_link
from alignlab.ui.theme import shade


def show_reasons(desk: Desk, index: int, queue: OutlierQueue, labels: Mapping[str, str], colours: ClassColours) -> None:
    """Draw what a judgement rests on: what the source is, its place, and why it is strange."""
    _show_head(desk, queue, index, labels, colours)
    try:
        show_why(desk.workspace, index, desk.scores, method=desk.choices.method, artefacts=desk.artefacts)
    except AlignlabError as error:
        st.error(str(error))


def show_more(desk: Desk, index: int, colours: ClassColours) -> None:
    """Draw what may be wanted besides: where its class lies, and its card with neighbours and papers."""
    classes, card = st.columns(2, gap="large")
    with classes:
        _show_classes(desk, index, colours)
    with card, st.container(key="outliers_card"):
        found = source_card(desk.workspace, index, representation=desk.choices.representation)
        show_source_card(found, desk.workspace, on_pick=desk.state.look_at)


def _show_head(desk: Desk, queue: OutlierQueue, index: int, labels: Mapping[str, str], colours: ClassColours) -> None:
    workspace, name = desk.workspace, desk.name(index)
    kind = str(workspace.survey.sources["source_class"].iloc[index] or "")
    label = labels.get(name)
    own = f'<span class="al-outliers-mine">your label {escape(label)}</span>' if label else ""
    st.html(
        f'<div class="al-outliers-head"><h1>{escape(name)}</h1>'
        f'<span><i class="al-class-dot" style="background: {colours.of(kind)}"></i>{escape(kind or "not classified")}'
        f"</span>{own}<small>{escape(place_words(desk, queue, index))}</small></div>"
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="outliers_actions"):
        listed = any(entry.source_name == name for entry in desk.lab.follow_ups(workspace.survey.name))
        st.button(
            "On the follow-up list" if listed else "Add to follow-up",
            icon=":material/bookmark_added:" if listed else ":material/bookmark_add:",
            key="outliers_follow_up",
            help="f: on the list, or off it again",
            on_click=desk.follow_up,
            args=(index,),
        )
        _show_note(desk, name)
        st.page_link("pages/atlas.py", label="Atlas", icon=":material/scatter_plot:")
        copy_link(key="outliers_link")
    if said := said_in_the_lab(desk.lab, subject_of(workspace, index)):
        st.html(said)


def place_words(desk: Desk, queue: OutlierQueue, index: int) -> str:
    """``rank 3 of 11,447 · stranger than 99.97% · loses 12% of its surprise as a likely artefact``."""
    n = int((queue.rank > 0).sum())
    if not queue.rank[index]:
        return f"no place by {RANKINGS[desk.choices.ranked_by]} among {n:,}"
    percentile = percentile_words(float(queue.percentile[index]), n)
    says = "more like what you look for" if desk.follows_labels else "stranger"
    parts = [f"rank {queue.rank[index]:,} of {n:,}", f"{says} than {percentile}%"]
    if queue.rank_by_score[index] != queue.rank[index]:
        parts.append(f"rank {queue.rank_by_score[index]:,} before artefacts were demoted")
    lowered = 100 * desk.choices.strength * float(np.nan_to_num(desk.artefacts.score[index]))
    if lowered >= 0.5:
        parts.append(f"loses {lowered:.0f}% of its surprise as a likely artefact")
    return " · ".join(parts)


def _show_note(desk: Desk, name: str) -> None:
    with st.popover("Note", icon=":material/edit_note:", disabled=not desk.person):
        field = "outliers_note"

        def keep() -> None:
            Triage(desk.lab, desk.workspace.survey.name, desk.person).note(name, st.session_state[field])
            st.session_state[field] = ""

        st.text_area(f"What you see in {name}", key=field, max_chars=2000)
        st.button("Keep note", type="primary", on_click=keep, key="outliers_keep_note")


def _show_classes(desk: Desk, index: int, colours: ClassColours) -> None:
    method = desk.choices.method
    found = by_class(desk.workspace, desk.scores, method)
    if not found:
        return
    st.html(f'<h2 class="al-outliers-part">{escape(RANKINGS[method])}, class by class</h2>')
    value = float(desk.scores.of(method)[index])
    st.plotly_chart(
        class_figure(found, value=value, colours=colours, shade=shade()),
        config={"displayModeBar": False},
        key="outliers_classes",
    )
    st.caption("Score: median (dot, with its error) and middle 68% (bar) of each class; the line is this source.")
