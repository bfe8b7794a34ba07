"""What a person has selected on the Networks page: it holds while thresholds and subsets change."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import AlignlabError
from alignlab.services.selections import keep_for_link, kept_selection
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address
from alignlab.ui.latent_map import pack_selection
from alignlab.ui.networks_page.encoding import EncodedNetwork

_KEY = "alignlab.networks"
#: In the address; the Atlas's selection has a name of its own there.
_SELECTED = "network_selection"
BY_HAND = "chosen in the drawing"


@dataclass
class NetworksState:
    """State of the page.

    Attributes
    ----------
    dataset : str
        The survey's rows that everything refers to.
    selected : ndarray of int64
        `source_index` of the selected sources, ascending; those that the present network lacks wait.
    how : str
        How they were selected, in words: for exports and reasons.
    command : dict or None
        What the drawing is to select, obeyed once.
    graph : str
        The graph that the command was made for.
    """

    dataset: str = ""
    selected: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    how: str = ""
    command: dict[str, Any] | None = None
    graph: str = ""

    @classmethod
    def of(cls, dataset: str) -> NetworksState:
        """The session's state for these rows."""
        state: NetworksState = st.session_state.setdefault(_KEY, cls())
        if state.dataset != dataset:
            state = st.session_state[_KEY] = cls(dataset=dataset)
        return state

    def select(self, rows: ArrayLike, *, how: str) -> None:
        """Select sources, in the drawing too."""
        self.selected, self.how = np.unique(np.asarray(rows, dtype=np.int64)), how
        self.graph = ""

    def selected_in_drawing(self, encoded: EncodedNetwork, mask: NDArray[np.bool_]) -> None:
        """Take a selection from the drawing, which shows it already."""
        rows = np.sort(encoded.rows[mask])
        if not np.array_equal(rows, self.shown(encoded)):
            self.selected, self.how = rows, BY_HAND
        self.graph = encoded.meta["graph"]

    def shown(self, encoded: EncodedNetwork) -> NDArray[np.int64]:
        """The selected sources that this network holds."""
        return self.selected[np.isin(self.selected, encoded.rows)]

    def sync_with_address(self, workspace: Workspace, lab: Lab) -> str:
        """Follow a selection named in the address, or keep the present one and name it there.

        Returns
        -------
        str
            What is wrong with the name in the address; empty where nothing is.
        """
        survey = workspace.survey
        problems: list[str] = []

        def obey(name: str) -> None:
            try:
                mask = kept_selection(lab, survey.name, name, survey.n_sources)
            except AlignlabError as error:
                problems.append(str(error))
            else:
                self.select(np.flatnonzero(mask), how="from a link")

        address.follow(_SELECTED, obey)
        if not problems:
            mask = np.zeros(survey.n_sources, dtype=np.bool_)
            mask[self.selected] = True
            address.tell(_SELECTED, keep_for_link(lab, survey.name, mask) if mask.any() else "")
        return " ".join(problems)

    def follow(self, encoded: EncodedNetwork) -> None:
        """Have the drawing select what is selected, where it does not know: after a choice elsewhere or a new graph."""
        if self.graph == encoded.meta["graph"]:
            return
        mask = np.isin(encoded.rows, self.selected)
        self.command = {"serial": time.time_ns() // 1_000_000, "selection": pack_selection(mask)}
        self.graph = encoded.meta["graph"]
