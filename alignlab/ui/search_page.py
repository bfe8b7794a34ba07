"""What the Search page shows: a query's readings, each with its hits and why they were found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import streamlit as st

from alignlab.services.position_search import RADII_ARCMIN
from alignlab.services.search import SearchResult, example_queries
from alignlab.services.search_hits import FoundSource, NameReading, PaperHit, PositionReading, WordHit, WordsReading
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.result_rows import Pressed, as_list, go_button, marked, result_rows, similarity, source_row
from alignlab.ui.search_box import ask

RADIUS, SHOW = "search_radius", "search_show"
SHOWS = {"all": "all", "said": "papers say so", "silent": "no paper says so"}
#: Rows shown at once; the rest one press away.
_FIRST_ROWS = 25
_HOW_NAMES = {"exact": "this name", "begins": "begins so", "part": "part of the name", "obsid": "this ObsID"}
_ORDER_NOTE = (
    "Ordered by reciprocal ranks: of the best paper's words (TF-IDF), and of the spectrum's cosine with the place of "
    "the words in the shared space."
)


def show_examples(workspace: Workspace) -> None:
    """What stands on the page before anybody has asked: three queries to press."""
    st.html('<div class="al-search-head"><b>Search</b> a name, coordinates with a cone, or words.</div>')
    _show_examples(workspace)


def show_result(
    result: SearchResult, workspace: Workspace, *, on_select: Callable[[list[FoundSource]], None]
) -> Pressed | None:
    """Draw the readings of a query, the likeliest first; says which button of a row was pressed.

    Parameters
    ----------
    result : SearchResult
    workspace : Workspace
    on_select : callable
        Called with all sources that are listed, when they are to be shown on the map.
    """
    head = st.container(horizontal=True, vertical_alignment="center", key="search_head")
    for note in result.notes:
        st.warning(note)
    listed: list[FoundSource] = []
    pressed: Pressed | None = None
    for reading in result.order:
        shown: list[FoundSource] = []
        if reading == "name" and result.name:
            shown, press = _show_names(result.name)
        elif reading == "position" and result.position:
            shown, press = _show_position(result.position)
        elif result.words:
            shown, press = _show_words(result.words, workspace)
        listed += shown
        pressed = pressed or press
    if result.is_empty:
        _show_nothing(result, workspace)
    unique = list({(source.overlay, source.index): source for source in listed}.values())
    with head:
        n = words.plural(len(unique), "source")
        st.html(
            f'<div class="al-search-head"><b>{escape(result.query)}</b> <span class="al-dim">{n} listed</span></div>'
        )
        own = [source for source in unique if source.overlay is None]
        if len(own) > 1 and st.button(
            f"Show {len(own)} on the map", key="search_select", icon=":material/scatter_plot:"
        ):
            on_select(own)
    return pressed


def _show_names(reading: NameReading) -> tuple[list[FoundSource], Pressed | None]:
    more = f", the first {len(reading.hits)} shown" if reading.n_found > len(reading.hits) else ""
    _heading("Name", f"{words.plural(reading.n_found, 'source')}{more}")
    rows = [
        source_row(hit.source, f'<span class="al-dim">{_HOW_NAMES[hit.how]}</span>', place=place)
        for place, hit in enumerate(reading.hits, start=1)
    ]
    pressed = _rows(rows, label="Sources by name", key="search_names")
    return [hit.source for hit in reading.hits], pressed


def _show_position(reading: PositionReading) -> tuple[list[FoundSource], Pressed | None]:
    with st.container(horizontal=True, vertical_alignment="center", key="search_cone"):
        place = f"{reading.ra:.5f}° {reading.dec:+.5f}°".replace("-", "−")
        _heading("Position", f"{place} · read as {reading.read_as}", alone=False)
        st.selectbox(
            "Radius of the cone", RADII_ARCMIN, key=RADIUS, format_func=_radius_words, label_visibility="collapsed",
            width=120,
        )  # fmt: skip
        st.html(f'<span class="al-dim">{words.plural(reading.n_found, "source")} within</span>')
    rows = [
        source_row(hit.source, f"{_distance_words(hit.separation_arcsec)} away", place=place)
        for place, hit in enumerate(reading.hits, start=1)
    ]
    if reading.hits:
        pressed = _rows(rows, label="Sources near the position, the nearest first", key="search_near")
        return [hit.source for hit in reading.hits], pressed
    if reading.nearest is None:
        st.caption("No source here has a position.")
        return [], None
    why = f"the nearest source of all, {_distance_words(reading.nearest.separation_arcsec)} away"
    return [], _rows([source_row(reading.nearest.source, why, place=1)], label="The nearest source", key="search_near")


def _show_words(reading: WordsReading, workspace: Workspace) -> tuple[list[FoundSource], Pressed | None]:
    _show_unknown(reading)
    if not reading.known:
        return [], None
    said = f"{words.plural(reading.n_papers, 'paper')} with any of: {', '.join(reading.known)}"
    _heading("Words", f"{said}; {reading.n_sources_said:,} of {workspace.survey.n_sources:,} sources are in them")
    for note in reading.notes:
        st.caption(note)
    left, right = st.container(key="search_words").columns([6, 5], gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html('<div class="al-search-part">Sources</div>')
            show = st.segmented_control(
                "Which sources", list(SHOWS), key=SHOW, format_func=SHOWS.__getitem__, default="all",
                label_visibility="collapsed",
            )  # fmt: skip
        hits = _chosen(reading, show or "all")
        rows = [source_row(hit.source, _why(hit, workspace), place=place) for place, hit in enumerate(hits, start=1)]
        pressed = _rows(rows, label="Sources that fit the words, best first", key=f"search_sources_{show}")
        if not hits:
            st.caption("No source is left with this choice.")
        st.caption(_ORDER_NOTE)
    with right:
        word = " (simulated)" if workspace.is_simulated else ""
        of = f"{len(reading.papers):,} of {reading.n_papers:,}" if reading.n_papers > len(reading.papers) else ""
        st.html(f'<div class="al-search-part">Papers{word} <span class="al-dim">{of}</span></div>')
        papers = [_paper_row(paper, place) for place, paper in enumerate(reading.papers, start=1)]
        press = _rows(papers, label="Papers, best first", key="search_papers")
    return [hit.source for hit in hits], pressed or press


def _chosen(reading: WordsReading, show: str) -> Sequence[WordHit]:
    if show == "silent":
        return reading.silent
    return [hit for hit in reading.hits if show == "all" or hit.is_said]


def _why(hit: WordHit, workspace: Workspace) -> str:
    """Which words stand in which paper of it, and how near its spectrum and its text are."""
    if hit.is_said:
        held = " ".join(f"<mark>{escape(word)}</mark>" for word in hit.words)
        said = f"{held} in “{escape(hit.paper_title)}”"
    elif hit.source.overlay is not None:
        said = '<span class="al-dim">no papers are known for it</span>'
    elif workspace.survey.n_papers[hit.source.index]:
        said = '<span class="al-dim">no paper of it says so</span>'
    else:
        said = '<span class="al-dim">no paper about it</span>'
    if not np.isfinite(hit.spectrum_similarity):
        return said
    rank = f"no. {hit.spectrum_rank:,} of {workspace.survey.n_sources:,}"
    text = similarity("text", hit.text_similarity) if np.isfinite(hit.text_similarity) else ""
    return f'{said}<div class="al-sims">{similarity("spectrum", hit.spectrum_similarity, rank)}{text}</div>'


def _paper_row(paper: PaperHit, place: int) -> str:
    sources = " ".join(go_button("source", source, source.name) for source in paper.sources)
    more = f' <span class="al-dim">and {paper.n_sources - len(paper.sources)} more</span>' * (
        paper.n_sources > len(paper.sources)
    )
    return (
        f'<li class="al-result"><span class="al-place">{place}</span>'
        f'<div class="al-what"><b>{marked(paper.title, paper.words)}</b> '
        f'<span class="al-dim">{paper.year} · {escape(paper.identifier)}</span></div>'
        f'<div class="al-why"><p class="al-abstract">{marked(paper.abstract, paper.words)}</p>'
        f'<div class="al-about">{sources}{more}</div></div></li>'
    )


def _show_unknown(reading: WordsReading) -> None:
    """Words that no paper holds, with the nearest ones that some do, to press."""
    for word, nearest in reading.unknown.items():
        with st.container(horizontal=True, vertical_alignment="center", key=f"search_unknown_{word}"):
            st.html(
                f"No paper holds <b>{escape(word)}</b>{'. Nearest:' if nearest else ', nor a word like it.'}",
                width="content",
            )
            for near in nearest:
                if st.button(near, key=f"search_near_{word}_{near}", type="tertiary"):
                    ask(" ".join([*reading.known, *reading.common, near]))
    if reading.common and not reading.known:
        st.info(
            f"{', '.join(reading.common)}: in nearly every paper, so they tell nothing. Add a word that says more, "
            "such as a class or a feature of the spectrum."
        )


def _show_nothing(result: SearchResult, workspace: Workspace) -> None:
    if result.position is None:
        st.caption("Nothing is called so and no paper says so. Try a part of the name, coordinates, or one of these:")
        _show_examples(workspace)
    else:
        st.caption(f"No source lies within {_radius_words(result.position.radius_arcmin)} of {result.query}.")


def _show_examples(workspace: Workspace) -> None:
    with st.container(key="search_examples"):
        for place, query in enumerate(example_queries(workspace)):
            if st.button(query, key=f"search_example_{place}", icon=":material/search:", type="tertiary"):
                ask(query)


def _rows(rows: Sequence[str], *, label: str, key: str) -> Pressed | None:
    """The first rows, and the rest on demand."""
    wanted = f"{key}_all"
    shown = rows if st.session_state.get(wanted) else rows[:_FIRST_ROWS]
    pressed = result_rows(as_list(shown, label=label), key=key) if rows else None
    if len(shown) < len(rows):
        st.button(
            f"Show all {len(rows)}", key=f"{key}_more", type="tertiary",
            on_click=lambda: st.session_state.__setitem__(wanted, True),
        )  # fmt: skip
    return pressed


def _heading(kind: str, facts: str, *, alone: bool = True) -> None:
    html = f'<div class="al-search-kind"><b>{escape(kind)}</b> <span class="al-dim">{escape(facts)}</span></div>'
    st.html(html, width="stretch" if alone else "content")


def _radius_words(arcmin: float) -> str:
    if arcmin < 1:
        return f"{60 * arcmin:g} arcsec"
    return f"{arcmin:g} arcmin" if arcmin < 60 else f"{arcmin / 60:g}°"


def _distance_words(arcsec: float) -> str:
    if arcsec < 100:
        return f"{words.number(arcsec)} arcsec" if arcsec else "0 arcsec"
    return f"{words.number(arcsec / 60)} arcmin" if arcsec < 3600 else f"{words.number(arcsec / 3600)}°"
