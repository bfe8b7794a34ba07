"""Sources whose surroundings differ most between two runs, and outliers that one of them has alone."""

from __future__ import annotations

import json
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.analysis.neighbour_change import K_OUTLIER, OUTLIER_PERCENT
from alignlab.services.compare_runs import RunComparison
from alignlab.services.source_names import source_label
from alignlab.services.workspace import Workspace
from alignlab.ui.result_rows import result_rows
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade

_MOST_CHANGED = 40
_NAME, _SOURCE = "atlas", "source"


def show_changed_sources(workspace: Workspace, comparison: RunComparison, atlas: AtlasState) -> None:
    """Draw three lists; a name marks its source on both maps, its button opens the Source page."""
    found = comparison.neighbours
    colours = ClassColours(workspace.survey, shade())
    n = len(found.jaccard)
    st.html(
        '<h2 class="al-runs-part">Sources</h2><p class="al-runs-note">'
        f"Of all {n:,} sources, in both: nearest {found.k} by cosine; outliers are the {OUTLIER_PERCENT:g}% farthest "
        f"from their nearest {K_OUTLIER}, with the share of sources that are nearer to theirs, before → after. "
        "Press a name to mark it on the maps.</p>"
    )
    lists = (
        (
            "Neighbours changed most",
            f"median overlap {np.median(found.jaccard):.2f}",
            found.most_changed(_MOST_CHANGED),
            "changed",
        ),
        ("Outliers gained", f"{len(found.gained)}, only in {comparison.second}", found.gained, "gained"),
        ("Outliers lost", f"{len(found.lost)}, only in {comparison.first}", found.lost, "lost"),
    )
    for box, (title, facts, rows, key) in zip(st.columns(3, gap="medium"), lists, strict=True):
        with box:
            st.html(f'<div class="al-column-head"><b>{title}</b> <span class="al-dim">{escape(facts)}</span></div>')
            told = [_told(comparison, int(row), key) for row in rows]
            _show_list(workspace, atlas, rows, told, colours, title=title, key=key)


def _told(comparison: RunComparison, row: int, key: str) -> str:
    """What is worth saying about a source in a list: shared neighbours, or its place among the farthest."""
    found = comparison.neighbours
    if key == "changed":
        shared = round(2 * found.k * found.jaccard[row] / (1 + found.jaccard[row]))
        return f"{shared} of {found.k} shared"
    before, after = (_percentile(values, row) for values in (found.first_distance, found.second_distance))
    return f"{before} → {after}%"


def _percentile(values: NDArray[np.float64], row: int) -> str:
    """Share of the sources that are nearer to theirs, rounded down."""
    return f"{np.floor(1000 * (values < values[row]).mean()) / 10:.1f}"


def _show_list(
    workspace: Workspace,
    atlas: AtlasState,
    rows: NDArray[np.intp],
    told: list[str],
    colours: ClassColours,
    *,
    title: str,
    key: str,
) -> None:
    if not len(rows):
        st.html('<div class="al-empty">None.</div>')
        return
    items = "".join(
        _item(workspace, int(row), text, colours, picked=atlas.overlay is None and atlas.index == row)
        for row, text in zip(rows, told, strict=True)
    )
    html = f'<ul class="al-changed" aria-label="{escape(title, quote=True)}">{items}</ul>'
    pressed = result_rows(html, key=f"runs_{key}")
    if pressed is None:
        return
    atlas.pick(pressed.index, on_map=True)
    if pressed.page == _SOURCE:
        st.switch_page("pages/source.py")
    st.rerun()


def _item(workspace: Workspace, row: int, told: str, colours: ClassColours, *, picked: bool) -> str:
    survey = workspace.survey
    name = escape(source_label(survey, row))
    source_class = str(survey.sources["source_class"].iloc[row])
    go, show = (escape(json.dumps([page, None, row]), quote=True) for page in (_SOURCE, _NAME))
    return (
        f'<li{" class=al-picked" if picked else ""}><i style="background: {colours.of(source_class)}"></i>'
        f'<button type="button" data-go="{show}" aria-label="Mark {name} on the maps">{name}</button>'
        f'<span class="al-dim">{escape(source_class or "unclassified")}</span><span>{escape(told)}</span>'
        f'<button type="button" data-go="{go}" aria-label="Everything about {name}">Open</button></li>'
    )
