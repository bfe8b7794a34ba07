"""What a person has picked and selected: one typed object per session, the shareable part also in the address."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.sources import find_source
from alignlab.services.workspace import Workspace

_KEY = "alignlab.atlas"
_SOURCE = "source"


@dataclass
class AtlasState:
    """State of the Atlas page.

    Attributes
    ----------
    overlay : str or None
        Survey of the picked source where it is one that was laid over the map.
    index : int or None
        Picked source; None while nothing is picked.
    selected : ndarray of bool
        Mask over the survey's sources; empty while nothing is selected.
    dataset : str
        The rows that both refer to.
    """

    overlay: str | None = None
    index: int | None = None
    selected: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    dataset: str = ""
    _address: str | None = None

    @classmethod
    def of(cls, dataset: str) -> AtlasState:
        """The session's state for these rows; picks made on other rows are forgotten."""
        state: AtlasState = st.session_state.setdefault(_KEY, cls())
        if state.dataset != dataset:
            state = st.session_state[_KEY] = cls(dataset=dataset)
        return state

    def pick(self, index: int, overlay: str | None = None) -> None:
        """Put a source into the card."""
        self.index, self.overlay = index, overlay

    def select(self, mask: NDArray[np.bool_]) -> None:
        """Make the sources of `mask` the selection."""
        self.selected = mask

    def selected_rows(self) -> NDArray[np.intp]:
        """Indices of the selected sources."""
        return np.flatnonzero(self.selected)

    def sync_with_address(self, workspace: Workspace) -> str:
        """Follow a source named in the page's address, or write the picked one there.

        Returns
        -------
        str
            What is wrong with the name in the address; empty where nothing is.
        """
        asked = st.query_params.get(_SOURCE)
        if asked and asked != self._address:
            self._address = asked
            try:
                self.pick(*_find(workspace, asked))
            except AlignlabError as error:
                self.index = None
                return str(error)
        elif self.index is not None:
            survey = workspace.survey if self.overlay is None else _overlays(workspace)[self.overlay]
            name = str(survey.sources["name"].iloc[self.index])
            self._address = name
            if asked != name:
                st.query_params[_SOURCE] = name
        return ""


def _overlays(workspace: Workspace) -> dict:
    return {applied.survey.name: applied.survey for applied in workspace.overlays}


def _find(workspace: Workspace, name: str) -> tuple[int, str | None]:
    """A source by its name in the survey itself, else in the surveys laid over it."""
    try:
        return find_source(workspace.survey, name), None
    except AlignlabError:
        for overlay, survey in _overlays(workspace).items():
            if name in set(survey.sources["name"]):
                return find_source(survey, name), overlay
        raise
