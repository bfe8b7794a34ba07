"""The latent map as a Streamlit element. What goes to the browser and what comes back: ``frontend/README.md``."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from alignlab.ui.frontend_build import read_bundle
from alignlab.ui.map_encoding import EncodedMap

#: Hand the map in the same page what is small and changes often, and the second map: the table is large and does not.
_HAND_OVER_JS = """
export default function ({{ data }}) {{
  if (!data) return;
  window.{store} = {{ ...window.{store}, [data.key]: data }};
  window.dispatchEvent(new CustomEvent("{event}", {{ detail: data }}));
}}
"""


@dataclass(frozen=True, eq=False)
class MapEvent:
    """What a person did on the map.

    Attributes
    ----------
    pick : int or None
        Row that was clicked.
    selected : ndarray of bool, shape (n,)
        Which of the survey's own sources are selected.
    lasso : str
        Code of the lasso that gives exactly this selection; empty where it was made otherwise.
    """

    pick: int | None
    selected: NDArray[np.bool_]
    lasso: str


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What the page tells the map without sending the table again.

    Attributes
    ----------
    pick : int or None
        Row of the source in the card.
    fly : bool
        Whether it was picked elsewhere, so that the map should go there.
    neighbours : list of int
        Rows of its neighbours.
    labelled : str
        Bitset of the sources that somebody labelled.
    layout : str
        ``one`` map, ``two`` maps or the ``wall`` of all variables.
    present : bool
        Whether it is shown to an audience.
    command : dict or None
        What to change in the browser, with a growing `serial`: it is obeyed once.
    """

    pick: int | None
    fly: bool
    neighbours: list[int]
    labelled: str
    layout: str
    present: bool
    command: dict[str, Any] | None


def latent_map(
    encoded: EncodedMap, *, key: str, on_event: Callable[[MapEvent], None], on_enlarge: Callable[[], None]
) -> bool:
    """Draw the map.

    Parameters
    ----------
    encoded : EncodedMap
    key : str
    on_event : callable
        Called before the page runs again whenever a person picks or selects.
    on_enlarge : callable
        Called likewise when one picture of the wall is to become the map.

    Returns
    -------
    bool
        Whether the browser has asked for the library that writes PDF files.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """

    def receive() -> None:
        view = st.session_state[key].get("view")
        if view and view["dataset"] == encoded.dataset:
            # A row beyond the survey's own means an overlay, which is another one when the overlays have changed.
            pick = view["pick"] if view["pick"] is None or view["pick"] < encoded.n or _same_rows(view) else None
            on_event(MapEvent(pick, unpack_selection(view["selection"], encoded.n), view["lasso"]))

    def _same_rows(view: dict[str, Any]) -> bool:
        return view["rows"] == encoded.meta["rows"]

    def ask() -> None:
        st.session_state[f"{key}.needs_pdf"] = True

    _map_component(read_bundle())(
        key=key,
        data={"table": encoded.table, "meta": encoded.meta},
        on_view_change=receive,
        on_layout_change=on_enlarge,
        on_need_change=ask,
        height="content",
    )
    return bool(st.session_state.get(f"{key}.needs_pdf"))


def map_marks(encoded: EncodedMap, marks: Marks) -> None:
    """Tell the map what is picked, how to lay itself out and what to change."""
    data = {name: encoded.meta[name] for name in ("key", "dataset", "rows", "geometry")} | asdict(marks)
    hand_over("alignlab_map_marks", "alignlabMarks", "alignlab:marks")(key="alignlab_map_marks", data=data, height=1)


def second_map(encoded: EncodedMap, second: EncodedMap) -> None:
    """Hand over the coordinates of a second map, which shows the same rows beside the first."""
    names = ("key", "dataset", "rows", "title", "geometry")
    data = {name: second.meta[name] for name in names} | {"table": second.table.select(["x", "y"])}
    if second.meta["rows"] != encoded.meta["rows"]:
        raise ValueError("both maps must show the same rows")
    hand_over("alignlab_second_map", "alignlabSecond", "alignlab:second")(
        key="alignlab_second_map", data=data, height=1
    )


def pack_selection(mask: NDArray[np.bool_]) -> str:
    """A mask as a base64 bitset (bit *i* of byte *b* is row 8 b + *i*); empty where nothing is set."""
    return base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode() if mask.any() else ""


def unpack_selection(bits: str, n: int) -> NDArray[np.bool_]:
    """Read a base64 bitset into a mask of shape (n,); the inverse of `pack_selection`."""
    if not bits:
        return np.zeros(n, dtype=np.bool_)
    packed = np.frombuffer(base64.b64decode(bits), dtype=np.uint8)
    return np.unpackbits(packed, count=n, bitorder="little").astype(np.bool_)


@cache
def _map_component(bundle: str) -> ComponentRenderer:
    return st.components.v2.component("alignlab_latent_map", js=bundle, isolate_styles=False)


@cache
def hand_over(name: str, store: str, event: str) -> ComponentRenderer:
    """An element that shows nothing: its data goes to ``window.<store>[data.key]`` and is told by an event."""
    return st.components.v2.component(name, js=_HAND_OVER_JS.format(store=store, event=event), isolate_styles=False)
