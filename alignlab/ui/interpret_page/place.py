"""Where the source lies: the small map, whether it is inside what the run has seen, and its nearest sources."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from alignlab.services.interpret.contract import Interpretation, KnownSource, NeighbourEvidence, Place
from alignlab.services.map_place import map_place
from alignlab.services.subject import Subject
from alignlab.ui.interpret_page.cite import Citations, anchor, mark
from alignlab.ui.interpret_page.map_figure import map_figure
from alignlab.ui.result_rows import as_list, result_rows
from alignlab.ui.source_page.svg import mini_spectrum
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.theme import shade

MAP_HEIGHT = 330


def show_map(subject: Subject, interpretation: Interpretation) -> None:
    """Draw the small map."""
    place = map_place(subject)
    figure = map_figure(
        subject.workspace, place, subject.name, interpretation.neighbours, shade=shade(), height=MAP_HEIGHT
    )
    st.plotly_chart(figure, config={"displayModeBar": False}, key="interpret_map")
    st.html(
        f'<p class="al-dim al-map-note">★ this source, by its spectrum · ○ its nearest · {place.label} of all '
        f"{len(place.x):,} sources, in the colours of their classes</p>"
    )


def show_place(
    subject: Subject, interpretation: Interpretation, colours: ClassColours, *, on_go: Callable[[int, str | None], None]
) -> None:
    """Say whether it is inside what the run has seen, what is known near its position, what is nearest by spectrum.

    `on_go` is called with the index and the overlay of a source that was pressed.
    """
    place = interpretation.place
    if place is not None:
        cite = Citations(interpretation)
        word, kind = ("inside what the run has seen", "in") if place.is_inside else ("outside what it has seen", "out")
        chip = f'<b class="al-inside al-{kind}">{word}</b>' if math.isfinite(place.p_value) else ""
        st.html(
            f'<h2 class="al-part">Where it lies</h2><p class="al-place-line" id="{anchor(place.id)}">{chip}'
            f"{mark(place.id)}</p><p>{cite.linked(place.statement)}</p>{_alone(place)}"
        )
    rows = [_known(known) for known in interpretation.known_sources]
    rows += [_neighbour(subject, neighbour, colours) for neighbour in interpretation.neighbours]
    if not rows:
        return
    pressed = result_rows(as_list(rows, label="Nearest sources"), key="interpret_neighbours")
    if pressed is not None:
        on_go(pressed.index, pressed.overlay)


def _alone(place: Place) -> str:
    """What its strangeness is made of, each with a p-value of its own."""
    known = [f"{words} p = {p:.2g}" for words, p in place.parts if math.isfinite(p)]
    return f'<p class="al-dim">{escape("; ".join(known))}</p>' if known else ""


def _known(known: KnownSource) -> str:
    what = f"{known.source_class or 'not classified'}, survey {known.survey_name} ({known.survey_origin})"
    return (
        f'<li class="al-nearest al-known" id="{anchor(known.id)}"><span class="al-pin">⌖</span>'
        f"{_name(known.name, known.index, known.overlay)}<span>{escape(what)}</span>"
        f'<span class="al-figure">{known.separation_arcsec:.1f}″</span>{mark(known.id)}</li>'
    )


def _neighbour(subject: Subject, neighbour: NeighbourEvidence, colours: ClassColours) -> str:
    drawing = mini_spectrum(np.asarray(subject.workspace.survey.spectra[neighbour.index]), shade=shade())
    dot = f'<i class="al-class-dot" style="background: {colours.of(neighbour.source_class)}"></i>'
    return (
        f'<li class="al-nearest" id="{anchor(neighbour.id)}">{drawing}{_name(neighbour.name, neighbour.index, None)}'
        f"<span>{dot}{escape(neighbour.source_class or 'not classified')}</span>"
        f'<span class="al-figure" title="cosine similarity">{neighbour.similarity:.3f}</span>{mark(neighbour.id)}</li>'
    )


def _name(name: str, index: int, overlay: str | None) -> str:
    target = escape(json.dumps(["source", overlay, index]), quote=True)
    said = escape(f"Everything about {name}", quote=True)
    return f'<button type="button" class="al-name" data-go="{target}" aria-label="{said}">{escape(name)}</button>'
