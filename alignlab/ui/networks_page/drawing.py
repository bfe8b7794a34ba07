"""The drawing of a network as a Streamlit element. What goes there and what comes back: ``frontend/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from alignlab.ui.frontend_build import read_bundle
from alignlab.ui.latent_map import hand_over, unpack_selection
from alignlab.ui.networks_page.encoding import EncodedNetwork


@dataclass(frozen=True, eq=False)
class NetworkEvent:
    """What a person did on the drawing.

    Attributes
    ----------
    pick : int or None
        Position of the node that was clicked.
    selected : ndarray of bool, shape (n,)
        Which nodes are selected.
    """

    pick: int | None
    selected: NDArray[np.bool_]


def network_drawing(encoded: EncodedNetwork, *, key: str, on_event: Callable[[NetworkEvent], None]) -> None:
    """Draw the network.

    Parameters
    ----------
    encoded : EncodedNetwork
    key : str
    on_event : callable
        Called before the page runs again whenever a person picks or selects.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """

    def receive() -> None:
        view = st.session_state[key].get("view")
        if view and view["graph"] == encoded.meta["graph"]:
            on_event(NetworkEvent(view["pick"], unpack_selection(view["selection"], len(encoded.rows))))

    _component(read_bundle("network"))(
        key=key,
        data={"nodes": encoded.nodes, "edges": encoded.edges, "meta": encoded.meta},
        on_view_change=receive,
        height="content",
    )


def network_marks(encoded: EncodedNetwork, *, pick: int | None, command: dict[str, Any] | None) -> None:
    """Tell the drawing which node is picked and, once, what to select, without sending the graph again.

    Parameters
    ----------
    encoded : EncodedNetwork
    pick : int or None
        Position of the picked node; one that was picked elsewhere is flown to.
    command : dict or None
        ``serial`` and ``selection``, a bitset over the nodes: obeyed once.
    """
    data = {"key": encoded.meta["key"], "graph": encoded.meta["graph"], "pick": pick, "command": command}
    hand_over("alignlab_network_marks", "alignlabNetwork", "alignlab:network")(
        key="alignlab_network_marks", data=data, height=1
    )


@cache
def _component(bundle: str) -> ComponentRenderer:
    return st.components.v2.component("alignlab_network", js=bundle, isolate_styles=False)
