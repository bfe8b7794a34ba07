"""The Interpret page, from top to bottom, each part filled as soon as its evidence is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alignlab.services.interpret.contract import Interpretation, Stage
from alignlab.services.source_names import source_label
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import Workspace
from alignlab.ui import address
from alignlab.ui.interpret_page import classes, findings, papers, place, spectrum, variables
from alignlab.ui.interpret_page.ask import show_ask
from alignlab.ui.interpret_page.choose import show_choice
from alignlab.ui.interpret_page.empty import show_invitation
from alignlab.ui.interpret_page.head import head_html
from alignlab.ui.interpret_page.ready import get_ready
from alignlab.ui.interpret_page.save import show_no_save, show_save
from alignlab.ui.interpret_page.skeleton import block
from alignlab.ui.interpret_page.state import InterpretPageState
from alignlab.ui.interpret_page.unfolding import Unfolding
from alignlab.ui.opened import dataset_id
from alignlab.ui.source_page.cached import distributions
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade

Draw = Callable[[Interpretation], None]


@dataclass(frozen=True)
class Part:
    """A part of the page.

    Attributes
    ----------
    stage : str
        With which its evidence comes.
    title : str
        Shown above its skeleton.
    height : int
        Of its skeleton, in pixels; 0 for a part that may not come at all.
    draw : callable
        Draws it, given the interpretation.
    """

    stage: Stage
    title: str
    height: int
    draw: Draw


def show(workspace: Workspace) -> None:
    """Draw the page for the source that is picked, else the invitation to drop one."""
    atlas, state = AtlasState.of(dataset_id(workspace)), InterpretPageState.of_session()
    problem = atlas.sync_with_address(workspace)

    def pick(index: int, overlay: str | None = None) -> None:
        atlas.pick(index, overlay)
        address.tell("source", source_label(subject_of(workspace, index, overlay).survey, index))

    def leave() -> None:
        atlas.index, atlas.overlay = None, None
        address.tell("source", "")

    def go(index: int, overlay: str | None) -> None:
        atlas.pick(index, overlay)
        st.switch_page("pages/source.py")

    with st.container(key="interpret_body"):
        if problem:
            st.warning(problem)
        if atlas.index is None:
            get_ready(workspace)
            show_invitation(workspace, state, on_pick=pick)
            return
        subject = subject_of(workspace, atlas.index, atlas.overlay)
        unfolding = state.unfolding(subject)
        save = show_choice(subject, state, on_pick=pick, on_leave=leave)
        _show_unfolding(subject, unfolding, state, save, on_go=go)


def _show_unfolding(
    subject: Subject,
    unfolding: Unfolding,
    state: InterpretPageState,
    save: DeltaGenerator,
    *,
    on_go: Callable[[int, str | None], None],
) -> None:
    head = st.empty()
    parts = _parts(subject, on_go)
    slots = _lay_out(parts, unfolding)
    with save.container():
        show_no_save()
    drawn: set[str] = set()
    while True:
        interpretation, n_come = unfolding.interpretation, unfolding.n_come
        head.html(head_html(subject, interpretation, is_finished=unfolding.is_finished))
        if interpretation is not None:
            for name, part in parts.items():
                if part.stage in interpretation.stages and name not in drawn:
                    with slots[name].container():
                        part.draw(interpretation)
                    drawn.add(name)
        if unfolding.is_finished:
            break
        unfolding.wait_beyond(n_come)
    for name in parts.keys() - drawn:
        slots[name].empty()
    if unfolding.interpretation is not None:
        with save.container():
            show_save(subject, unfolding.interpretation)
        if unfolding.interpretation.paragraph is None:
            show_ask(subject, state)
    if unfolding.problem:
        st.error(unfolding.problem)
        st.button("Try again", key="interpret_again", on_click=state.forget, args=(subject,))


def _parts(subject: Subject, on_go: Callable[[int, str | None], None]) -> Mapping[str, Part]:
    workspace, colours = subject.workspace, ClassColours(subject.workspace.survey, shade())

    def html(make: Callable[[Interpretation], str]) -> Draw:
        def draw(found: Interpretation) -> None:
            if text := make(found):
                st.html(text)

        return draw

    def table(found: Interpretation) -> str:
        return variables.variables_html(found, distributions(workspace), shade=shade())

    return {
        "map": Part("place", "", place.MAP_HEIGHT, lambda found: place.show_map(subject, found)),
        "place": Part(
            "place", "Where it lies", 280, lambda found: place.show_place(subject, found, colours, on_go=on_go)
        ),
        "spectrum": Part(
            "place", "Its spectrum beside the nearest ones", spectrum.HEIGHT,
            lambda found: spectrum.show_spectrum(subject, found.neighbours),
        ),
        "classes": Part(
            "classes", "What class it may be", 260, html(lambda found: classes.classes_html(found, colours))
        ),
        "variables": Part("variables", "Variables, measured and estimated", 420, html(table)),
        "papers": Part("papers", "Papers most aligned with its spectrum", 360, html(papers.papers_html)),
        "differences": Part(
            "differences", "What distinguishes it from its neighbours", 160, html(findings.differences_html)
        ),
        "suggestions": Part("suggestions", "What to look at next", 160, html(findings.suggestions_html)),
        "paragraph": Part("paragraph", "", 0, html(findings.paragraph_html)),
        "digest": Part("suggestions", "Digest", 160, html(findings.digest_html)),
        "limits": Part("suggestions", "", 0, html(findings.limits_html)),
        "evidence": Part("suggestions", "", 0, html(findings.evidence_html)),
    }  # fmt: skip


def _lay_out(parts: Mapping[str, Part], unfolding: Unfolding) -> dict[str, DeltaGenerator]:
    """Make a place for every part, in the order of reading; what has not come yet has its skeleton there."""
    slots: dict[str, DeltaGenerator] = {}
    has_come = unfolding.interpretation.stages if unfolding.interpretation else ()

    def place_for(*names: str) -> None:
        for name in names:
            part = parts[name]
            slots[name] = st.empty()
            if part.height and part.stage not in has_come:
                slots[name].html(block(part.title, height=part.height))

    first, second = st.columns([5, 7], gap="large")
    with first:
        place_for("map")
    with second:
        place_for("place")
    first, second = st.columns([7, 5], gap="large")
    with first:
        place_for("spectrum")
    with second:
        place_for("classes")
    place_for("variables")
    first, second = st.columns([7, 5], gap="large")
    with first:
        place_for("papers")
    with second:
        place_for("differences", "suggestions", "limits")
    place_for("paragraph", "digest", "evidence")
    return slots
