"""The queue as the browser draws it, and the keyboard that works on it.

To the browser: `rows` of the part that is shown, `current` source, `obeyed` serial, `values` that labels can have.
Back: trigger ``act``, a list of presses ``{serial, do, value, source}``, in which each press stands until a serial not
below its own was obeyed. `do` is ``label``, ``undo``, ``follow``, ``go``, ``step``, ``next``, ``page`` or
``talk``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from alignlab.services.discover.artefacts import CONCERNS, ArtefactScores
from alignlab.services.discover.outlier_queue import OutlierQueue
from alignlab.services.discover.triage import UNSURE, VALUES
from alignlab.services.workspace import Workspace
from alignlab.ui.frontend_build import read_bundle
from alignlab.ui.outliers_page.desk import PART, Desk, percentile_words
from alignlab.ui.source_page.text import ClassColours

_KEY = "outliers_queue"
#: A concern is marked in the queue from here on.
_MARKED = 0.3
_SHORT = {UNSURE: "u"}


def show_queue(
    desk: Desk, queue: OutlierQueue, labels: Mapping[str, str], colours: ClassColours, *, on_act: Callable[[], None]
) -> None:
    """Draw the part of the queue that is shown; `on_act` is called before the page runs again.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """
    first = desk.first_shown(queue)
    rows = queue_rows(desk.workspace, queue, queue.rows[first : first + PART].tolist(), labels, desk.artefacts, colours)
    last = first + len(rows)
    data = {
        "rows": rows,
        "version": hashlib.sha256(json.dumps([rows, first]).encode()).hexdigest()[:16],
        "current": desk.state.index,
        "obeyed": desk.state.obeyed,
        "first": first,
        "n": len(queue.rows),
        "range": f"{first + 1:,}–{last:,} of {len(queue.rows):,}" if rows else "nothing to look at",
        "person": desk.person,
        "values": [[value, _SHORT.get(value, value)] for value in VALUES],
    }
    _component(read_bundle("triage"))(key=_KEY, data=data, on_act_change=on_act)


def presses() -> list[dict[str, Any]]:
    """What was pressed, in a callback."""
    found = st.session_state[_KEY].get("act")
    return list(found) if found else []


def queue_rows(
    workspace: Workspace,
    queue: OutlierQueue,
    indices: list[int],
    labels: Mapping[str, str],
    artefacts: ArtefactScores,
    colours: ClassColours,
) -> list[dict[str, Any]]:
    """What the browser draws of each source."""
    chosen = workspace.survey.sources.iloc[indices]
    names, kinds = chosen["name"].astype(str).tolist(), chosen["source_class"].fillna("").astype(str).tolist()
    marked = marked_concerns(artefacts, indices)
    rows = []
    for index, name, kind, concerns in zip(indices, names, kinds, marked, strict=True):
        percentile = percentile_words(float(queue.percentile[index]), len(queue.rows))
        label = labels.get(name, "")
        told = [f"{name}, {kind or 'not classified'}, rank {queue.rank[index]:,}, stranger than {percentile}%"]
        told += [f"may be an artefact: {', '.join(concerns)}"] if concerns else []
        told += [f"labelled {label}"] if label else []
        rows.append(
            {
                "index": index,
                "rank": f"{queue.rank[index]:,}",
                "name": name,
                "kind": kind,
                "colour": colours.of(kind),
                "percentile": percentile,
                "concerns": concerns,
                "label": _SHORT.get(label, label),
                "told": "; ".join(told),
            }
        )
    return rows


def marked_concerns(artefacts: ArtefactScores, indices: list[int]) -> list[list[str]]:
    """Labels of the concerns that weigh on each of some sources."""
    found: list[list[str]] = [[] for _ in indices]
    for name, values in artefacts.concerns.items():
        weighs = np.nan_to_num(values[indices]) * artefacts.weights[name] >= _MARKED
        for place in np.flatnonzero(weighs):
            found[place].append(CONCERNS[name].label)
    return found


@cache
def _component(bundle: str) -> ComponentRenderer:
    # Streamlit would take code of a single line for the name of a file.
    return st.components.v2.component("alignlab_triage", js=f"// triage\n{bundle}", isolate_styles=False)
