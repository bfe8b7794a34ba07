"""Neighbours on the Source page by spectrum, by text and by both, side by side: where they differ is science."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from alignlab.services.neighbours import Neighbour, NeighbourColumn, NeighbourColumns, neighbour_columns
from alignlab.services.subject import Subject
from alignlab.ui import words
from alignlab.ui.source_page.state import SourcePageState
from alignlab.ui.source_page.svg import mini_spectrum
from alignlab.ui.source_page.text import ClassColours, plain
from alignlab.ui.theme import shade

_TITLES = {"spectrum": "Spectrum", "text": "Text", "both": "Both"}


def show_neighbours(
    subject: Subject,
    state: SourcePageState,
    colours: ClassColours,
    labels: dict[str, dict[str, str]],
    *,
    on_pick: Callable[[int], None],
) -> None:
    """Draw the three columns; `on_pick` is called with a neighbour that was pressed, `labels` are the Lab's."""
    with st.container(horizontal=True, vertical_alignment="center", key="source_neighbours_head"):
        st.html('<h2 class="al-part">Neighbours</h2>', width="content")
        before = st.toggle("before alignment", key="neighbours_before")
    columns = neighbour_columns(subject, aligned=not before)
    st.html(f'<div class="al-agreement">{escape(agreement_words(columns))}</div>')
    found = columns.times_found()
    for place, (box, column) in enumerate(zip(st.columns(3, gap="medium"), columns.columns, strict=True)):
        with box, st.container(key=f"source_neighbours_{place}", gap=None):
            st.html(_column_head(column))
            for neighbour in column.neighbours:
                marks = "".join(
                    f"<b>also by {_TITLES[other.key].lower()}</b>"
                    for other in columns.columns
                    if other is not column and neighbour.index in {n.index for n in other.neighbours}
                )
                shared = found[neighbour.index] > 1
                _show_neighbour(subject, state, neighbour, column.key, colours, labels, marks, shared, on_pick)
    st.caption("Cosine distance. Tick one to lay its spectrum over; press its name to go to it.")


def agreement_words(columns: NeighbourColumns) -> str:
    """How many neighbours spectrum and text share, in a sentence."""
    spectrum, text = columns.columns[:2]
    if not text.neighbours:
        return "It has no text to compare before alignment."
    n, of = columns.n_shared, min(len(spectrum.neighbours), len(text.neighbours))
    shared = f"{n or 'None'} of {of} shared by spectrum and text"
    if text.by_spectrum:
        return f"{shared}; it has no text, so its spectrum is compared with the others' texts."
    if n == 0:
        return f"{shared}: what it looks like and what is written of it point to different sources."
    return f"{shared}."


def _column_head(column: NeighbourColumn) -> str:
    where = words.REPRESENTATION_LABELS[column.representation]
    if column.by_spectrum:
        where = "its spectrum → texts" if column.key == "text" else "its spectrum → both"
    title = f'<b>{_TITLES[column.key]}</b> <span class="al-dim">{escape(where)}</span>'
    empty = "" if column.neighbours else '<div class="al-dim">nothing to compare</div>'
    return f'<div class="al-column-head">{title}</div>{empty}'


def _show_neighbour(
    subject: Subject,
    state: SourcePageState,
    neighbour: Neighbour,
    column: str,
    colours: ClassColours,
    labels: dict[str, dict[str, str]],
    marks: str,
    shared: bool,
    on_pick: Callable[[int], None],
) -> None:
    index, key = neighbour.index, f"{column}_{neighbour.index}"
    with st.container(horizontal=True, vertical_alignment="center", gap=None, key=f"neighbour_row_{key}"):
        # Several columns may hold the same source: what is ticked is kept in one place and each box follows it.
        st.session_state[f"lay_{key}"] = index in state.laid_over
        st.checkbox(
            f"Lay the spectrum of {plain(neighbour.name)} over ({column})",
            key=f"lay_{key}",
            label_visibility="collapsed",
            on_change=state.lay_over,
            args=(index,),
        )
        st.button(plain(neighbour.name), key=f"go_{key}", type="tertiary", on_click=on_pick, args=(index,))
    said = " · ".join(f"{escape(value)} ({escape(person)})" for person, value in labels.get(neighbour.name, {}).items())
    dot = f'<i class="al-class-dot" style="background: {colours.of(neighbour.source_class)}"></i>'
    drawing = mini_spectrum(np.asarray(subject.workspace.survey.spectra[index]), shade=shade())
    st.html(
        f'<div class="al-neighbour{" al-shared" if shared else ""}">{drawing}<div>{dot}'
        f"{escape(neighbour.source_class or 'not classified')} · {neighbour.cosine_distance:.3f}{marks}"
        f"{f'<em>{said}</em>' if said else ''}</div></div>"
    )
