"""Tables and positions to TOPCAT, Aladin and DS9, and highlighted rows back: SAMP from the browser (Web Profile)."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from alignlab.services.workspace import Workspace
from alignlab.ui.frontend_build import read_bundle
from alignlab.ui.opened import dataset_id
from alignlab.ui.served_files import serve_file
from alignlab.ui.state import AtlasState

if TYPE_CHECKING:
    from astropy.table import Table

#: Up to so many rows a table is sent as text, which the simplest readers (DS9) want; above as BINARY2.
TEXT_UP_TO = 5000
#: A longer selection is not told to other programs row by row.
MOST_SELECTED = 10_000
#: Tables whose rows a session still knows when another program highlights one.
REMEMBERED = 8
VOTABLE = "application/x-votable+xml"
_SENT = "alignlab.samp.sent"
_PREPARED = "alignlab.samp.prepared"


@dataclass(frozen=True, eq=False, kw_only=True)
class Offer:
    """What can be sent from a place on a page.

    Attributes
    ----------
    what : str
        In words, short: ``412 sources``.
    rows : ndarray of int
        Indices of the sources in the order of the table's rows.
    overlay : str or None
        Survey of the sources where it is one that was laid over the map.
    make : callable
        Makes the table for a page's address; called when a person sends it.
    position : dict or None
        ``name``, ``ra`` and ``dec`` (ICRS, degrees) of the picked source.
    """

    what: str
    rows: NDArray[np.integer]
    overlay: str | None
    make: Callable[[str], Table]
    position: dict[str, Any] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sent:
    rows: NDArray[np.integer]
    overlay: str | None
    dataset: str


def samp_control(workspace: Workspace, offer: Offer, *, key: str) -> None:
    """Draw the SAMP button. It registers with the hub only when a person sends something.

    A row of a sent table that another program highlights becomes the picked source, rows that it selects become the
    selection; what is picked and selected here is told to the other programs likewise.

    Parameters
    ----------
    workspace : Workspace
    offer : Offer
    key : str
        Of the element, unique on the page.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """
    dataset = dataset_id(workspace)
    state = AtlasState.of(dataset)
    prepared = f"{_PREPARED}.{key}"

    def ask() -> None:
        asked = st.session_state[key].get("ask")
        if asked:
            table_id, path = _serve(offer, dataset, url=str(asked["url"]))
            st.session_state[prepared] = {
                "serial": asked["serial"],
                "id": table_id,
                "path": path,
                "name": f"alignlab: {workspace.survey.name}, {offer.what}",
            }

    def hear() -> None:
        heard = st.session_state[key].get("heard")
        sent = _sent().get(heard["table"]) if heard else None
        if sent is not None and sent.dataset == dataset:
            _obey(state, sent, heard["rows"], kind=heard["kind"], n=workspace.survey.n_sources)

    _component(read_bundle("samp"))(
        key=key,
        data={
            "what": offer.what,
            "position": offer.position,
            "prepared": st.session_state.get(prepared),
            "shown": {name: _shown(state, sent) for name, sent in _sent().items() if sent.dataset == dataset},
        },
        on_ask_change=ask,
        on_heard_change=hear,
        width="content",
        height="content",
    )


def position_of(name: str, ra: float, dec: float) -> dict[str, Any] | None:
    """A source's position as an `Offer` wants it; None where it is unknown."""
    known = math.isfinite(ra) and math.isfinite(dec)
    return {"name": name, "ra": float(ra), "dec": float(dec)} if known else None


def _serve(offer: Offer, dataset: str, *, url: str) -> tuple[str, str]:
    """Write the table and let the server hand it out; returns its id and its path."""
    from alignlab.services.table_files import prepared
    from alignlab.services.votable import votable_bytes

    serialization: Any = "tabledata" if len(offer.rows) <= TEXT_UP_TO else "binary2"
    contents = votable_bytes(prepared(offer.make(url)), serialization=serialization)
    table_id = f"alignlab-{hashlib.sha256(contents).hexdigest()[:16]}"
    known = _sent()
    known[table_id] = _Sent(rows=np.asarray(offer.rows), overlay=offer.overlay, dataset=dataset)
    known.move_to_end(table_id)
    while len(known) > REMEMBERED:
        known.popitem(last=False)
    return table_id, serve_file(contents, VOTABLE)


def _sent() -> OrderedDict[str, _Sent]:
    return st.session_state.setdefault(_SENT, OrderedDict())


def _shown(state: AtlasState, sent: _Sent) -> dict[str, Any]:
    """Which row of a sent table is picked and which are selected."""
    row: int | None = None
    if state.index is not None and state.overlay == sent.overlay:
        found = np.flatnonzero(sent.rows == state.index)
        row = int(found[0]) if found.size else None
    rows: list[int] = []
    if sent.overlay is None and state.selected.size:
        chosen = np.flatnonzero(state.selected[sent.rows])
        rows = chosen.tolist() if chosen.size <= MOST_SELECTED else []
    return {"row": row, "rows": rows}


def _obey(state: AtlasState, sent: _Sent, rows: list[int], *, kind: str, n: int) -> None:
    """Pick the highlighted row or select the rows; rows that the table does not have are passed over."""
    indices = [int(sent.rows[row]) for row in rows if 0 <= row < len(sent.rows)]
    if kind == "row" and indices:
        state.pick(indices[0], sent.overlay)
    elif kind == "list" and sent.overlay is None:
        mask = np.zeros(n, dtype=np.bool_)
        mask[indices] = True
        state.select(mask, how="rows selected in another program (SAMP)")


@cache
def _component(bundle: str) -> ComponentRenderer:
    return st.components.v2.component("alignlab_samp", js=bundle, isolate_styles=False)
