"""The collections that are there: what each holds and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from alignlab.services.collections import Gathered

_COLUMNS = {
    "sources": "sources", "detections": "detections", "matches": "identified", "papers": "papers",
    "products": "files", "summaries": "summaries",
}  # fmt: skip


def show_collections(collections: Sequence[Gathered]) -> None:
    """Draw them as a table, one line each."""
    if not collections:
        return
    head = "".join(f"<th>{name}</th>" for name in (*_COLUMNS.values(), "state"))
    rows = "".join(_row(each) for each in collections)
    st.html(f'<h2 class="al-part">Collections</h2><table class="al-rows"><tr><th>name</th>{head}</tr>{rows}</table>')


def state_of(gathered: Gathered) -> str:
    """What has become of it, or what comes next."""
    if gathered.surveys:
        return f"survey {', '.join(gathered.surveys)}"
    if gathered.next_stage is None:
        return "complete"
    return f"{'stopped at' if gathered.is_begun else 'next:'} {gathered.next_stage.label.lower()}"


def _row(gathered: Gathered) -> str:
    counts = "".join(f"<td>{gathered.counts[place]:,}</td>" for place in _COLUMNS)
    return f"<tr><td>{escape(gathered.name)}</td>{counts}<td>{escape(state_of(gathered))}</td></tr>"
