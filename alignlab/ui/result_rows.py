"""Rows of results with buttons of their own, drawn as one element: fifty rows cost one message, not a hundred."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from alignlab.literature.word_index import spans_of
from alignlab.services.search_hits import FoundSource
from alignlab.ui import words

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  let rows = parentElement.querySelector(".al-results");
  if (!rows) {
    rows = document.createElement("div");
    rows.className = "al-results";
    parentElement.append(rows);
  }
  if (rows.dataset.digest !== data.digest) {
    rows.innerHTML = data.html;
    rows.dataset.digest = data.digest;
  }
  rows.onclick = (event) => {
    const button = event.target.closest("button[data-go]");
    if (button) setTriggerValue("go", button.dataset.go);
  };
}
"""


@dataclass(frozen=True)
class Pressed:
    """A button of a row that was pressed: where to go (``atlas`` or ``source``) and with which source."""

    page: str
    overlay: str | None
    index: int


def result_rows(html: str, *, key: str) -> Pressed | None:
    """Draw rows made by the functions of this module; says which button of them was pressed, once."""
    data = {"html": html, "digest": str(hash(html))}
    result = _component()(key=key, data=data, on_go_change=_nothing_more)
    pressed = result.get("go") if result else None
    return None if not pressed else Pressed(*json.loads(pressed))


def source_row(source: FoundSource, why: str, *, place: int) -> str:
    """One source: its place in the list, name, class, counts, why it was found (HTML), and two buttons."""
    kind = source.source_class or "unclassified"
    if source.overlay is not None:
        origin = "simulated" if source.simulated else "observed"
        kind += f' <span class="al-word">{origin} · {escape(source.overlay)}</span>'
    else:
        kind = escape(kind)
    counts = f"{source.counts:,.0f} counts" if np.isfinite(source.counts) else "counts unknown"
    return (
        f'<li class="al-result"><span class="al-place">{place}</span>'
        f'<div class="al-what"><b>{escape(source.name)}</b> <span>{kind}</span> '
        f'<span class="al-dim">{counts}</span></div>'
        f'<div class="al-go">{go_button("atlas", source, "Map")}{go_button("source", source, "Source")}</div>'
        f'<div class="al-why">{why}</div></li>'
    )


def go_button(page: str, source: FoundSource, label: str) -> str:
    """A button that leads to a page with a source picked."""
    target = escape(json.dumps([page, source.overlay, source.index]), quote=True)
    said = {"atlas": f"Show {source.name} on the map", "source": f"Everything about {source.name}"}[page]
    return f'<button type="button" data-go="{target}" aria-label="{escape(said, quote=True)}">{escape(label)}</button>'


def as_list(rows: Sequence[str], *, label: str) -> str:
    """Rows under one another, as a list with a name for screen readers."""
    return f'<ol aria-label="{escape(label, quote=True)}">{"".join(rows)}</ol>'


def marked(text: str, sought: Sequence[str]) -> str:
    """A text as HTML in which the words that were searched for are marked."""
    parts, end = [], 0
    for first, last in spans_of(text, sought):
        parts += [escape(text[end:first]), f"<mark>{escape(text[first:last])}</mark>"]
        end = last
    return "".join(parts) + escape(text[end:])


def similarity(label: str, value: float, after: str = "") -> str:
    """A cosine as a short bar with its number; ``–`` where there is none."""
    if not np.isfinite(value):
        return f'<span class="al-sim">{escape(label)} {words.MISSING}</span>'
    width = round(100 * max(0.0, min(1.0, value)))
    return (
        f'<span class="al-sim">{escape(label)} <i style="--w:{width}%"></i> {value:.2f}'
        f"{f' <span>{escape(after)}</span>' if after else ''}</span>"
    )


def _nothing_more() -> None:
    """A trigger only comes with the next run where somebody listens."""


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("alignlab_result_rows", js=_JS, isolate_styles=False)
