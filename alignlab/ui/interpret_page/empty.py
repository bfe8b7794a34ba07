"""The Interpret page before it has a source: what may be dropped, and a source to try it with."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from alignlab.services.drop import ACCEPTED
from alignlab.services.workspace import Workspace
from alignlab.ui.dropped import choose_files
from alignlab.ui.interpret_page.position import ask_position
from alignlab.ui.interpret_page.state import InterpretPageState

_HERE = "pages/interpret.py"


def show_invitation(workspace: Workspace, state: InterpretPageState, *, on_pick: Callable[[int], None]) -> None:
    """Say what may be dropped, ask for a position, and offer a source that the run has never seen."""
    with st.container(key="interpret_invitation", horizontal_alignment="center"):
        st.html(
            '<div class="al-invite"><span aria-hidden="true">★</span><h1>What is your source?</h1><p>Drop its spectrum '
            f"anywhere on this page. You get its place among {workspace.survey.n_sources:,} "
            f"{escape(workspace.survey.origin)} sources, its class, its variables and the papers that it is most like, "
            "each with the evidence.</p></div>"
        )
        choose_files(workspace, label=f"{ACCEPTED}. At most {workspace.config.max_upload_mb} MB each.", then=_HERE)
        state.next_position = ask_position(
            "interpret_next_position", label="Position, where its file gives none", known=state.next_position
        )
        _offer_example(workspace, on_pick)


def example_source(workspace: Workspace) -> int | None:
    """A source to try the page with: of the test split the one with the most counts; None where there is none."""
    sources = workspace.survey.sources
    held_out = np.flatnonzero((sources["split"] == "test") & (sources["counts"] > 0))
    return int(held_out[sources["counts"].iloc[held_out].argmax()]) if len(held_out) else None


def _offer_example(workspace: Workspace, on_pick: Callable[[int], None]) -> None:
    index = example_source(workspace)
    if index is None:
        return
    origin = workspace.survey.origin
    name = escape(str(workspace.survey.sources["name"].iloc[index]))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center", key="interpret_try"):
        st.button(
            "Try it with a held-out source", key="interpret_example", icon=":material/flare:", on_click=on_pick,
            args=(index,),
        )  # fmt: skip
        st.html(
            f'<span class="al-dim">{name}, {escape(origin)}, of the test split: the run has never seen it.</span>',
            width="content",
        )
