"""The pairs most confused, side by side: what was written about a source, and what came first instead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.opened import dataset_id
from alignlab.ui.result_rows import result_rows
from alignlab.ui.state import AtlasState

_FEW = 4


def show_confused(workspace: Workspace, pairs: Sequence[Mapping[str, Any]], *, n_candidates: int) -> None:
    """Draw the pairs, the worst first; a name leads to its source's page."""
    shown = pairs if len(pairs) <= _FEW or st.session_state.get("retrieval_all_pairs") else pairs[:_FEW]
    pressed = result_rows(pairs_html(shown, n_candidates=n_candidates), key="retrieval_confused")
    if len(pairs) > _FEW:
        st.toggle(f"All {len(pairs)} pairs", key="retrieval_all_pairs")
    if pressed is not None:
        AtlasState.of(dataset_id(workspace)).pick(pressed.index)
        st.switch_page("pages/source.py")


def pairs_html(pairs: Sequence[Mapping[str, Any]], *, n_candidates: int) -> str:
    """Pairs as HTML: the source's own texts on the left, those that came first for its spectrum on the right."""
    items = "".join(
        '<li class="al-retrieval-pair">'
        + _side(pair["source"], f"its own text has rank {pair['rank']:,.0f} of {n_candidates:,}")
        + _side(pair["first"], "the text that its spectrum finds first")
        + "</li>"
        for pair in pairs
    )
    return f'<ol class="al-retrieval-pairs" aria-label="The sources most confused">{items}</ol>'


def _side(source: Mapping[str, Any], role: str) -> str:
    name, go = escape(source["name"]), escape(json.dumps(["source", None, source["index"]]), quote=True)
    texts = "".join(
        f"<p><b>{escape(words.ASPECT_LABELS[aspect])}.</b> {escape(text)}</p>"
        for aspect, text in source["texts"].items()
    )
    return (
        f'<div><div class="al-retrieval-who"><button type="button" data-go="{go}" aria-label="Everything about {name}">'
        f"{name}</button> <span>{escape(source['class'] or 'unclassified')}</span> "
        f'<span class="al-dim">{source["counts"]:,} counts</span></div>'
        f'<div class="al-dim">{escape(role)}</div>{texts}</div>'
    )
