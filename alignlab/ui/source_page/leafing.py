"""From one source to the next, in an order of one's choice."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from alignlab.services.rankings import DEFAULT, SIMILARITY, Ranking, ranking_labels
from alignlab.services.subject import Subject
from alignlab.ui import address
from alignlab.ui.source_page.cached import ordered
from alignlab.ui.source_page.state import SourcePageState

_RANK = "rank"


def show_leafing(
    subject: Subject,
    state: SourcePageState,
    remembered: Subject | None,
    *,
    here: Callable[[], int],
    on_pick: Callable[[int], None],
) -> None:
    """Draw previous and next, the order, and the place in it.

    Parameters
    ----------
    subject : Subject
    state : SourcePageState
    remembered : Subject or None
        To order by similarity to.
    here : callable
        Gives the index of the source at the time of a press, which may be ahead of the one that is drawn.
    on_pick : callable
        Called with an index of the subject's survey.
    """
    labels = ranking_labels(subject, remembered)
    key = address.choice(_RANK, list(labels), DEFAULT)
    order = ordered(subject, key, remembered)
    with st.container(horizontal=True, vertical_alignment="center", key="source_leafing"):
        _step_button(order, subject, -1, here, on_pick)
        _step_button(order, subject, 1, here, on_pick)
        st.selectbox(
            "Order of the sources",
            list(labels),
            format_func=lambda name: f"by {labels[name]}",
            key=_RANK,
            label_visibility="collapsed",
            width=320,
        )
        st.caption(place_words(order, subject.index), width="content")
        _remember_button(subject, state, remembered)


def place_words(order: Ranking, index: int) -> str:
    """``12 of 7,676 by photon index``, or that the source has no place in this order."""
    place, n = order.place(index), len(order.rows)
    by = f"by {order.label}"
    return f"{place + 1:,} of {n:,} {by}" if place is not None else f"not among the {n:,} with a place {by}"


def _step_button(
    order: Ranking, subject: Subject, by: int, here: Callable[[], int], on_pick: Callable[[int], None]
) -> None:
    name, icon, key = (
        ("Next", ":material/chevron_right:", "right") if by > 0 else ("Previous", ":material/chevron_left:", "left")
    )

    def step() -> None:
        target = order.step(here(), by)
        if target is not None:
            on_pick(target)

    st.button(
        name,
        icon=icon,
        icon_position="right" if by > 0 else "left",
        key=f"source_{name.lower()}",
        shortcut=key,
        disabled=order.step(subject.index, by) is None,
        on_click=step,
    )


def _remember_button(subject: Subject, state: SourcePageState, remembered: Subject | None) -> None:
    same = remembered is not None and remembered.key == subject.key

    def press() -> None:
        state.remember(None if same else subject)
        if not same:
            address.choose(_RANK, SIMILARITY)

    st.button(
        "Forget it" if same else "Order by similarity to this one",
        key="source_remember",
        type="tertiary",
        icon=":material/bookmark_remove:" if same else ":material/bookmark_add:",
        on_click=press,
    )
