"""What a person has picked and selected: one typed object per session, the shareable part also in the address."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.selections import keep_for_link, kept_selection
from alignlab.services.source_names import find_source, source_label
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address
from alignlab.ui.latent_map import pack_selection

_KEY = "alignlab.atlas"
_SOURCE, _SELECTION = "source", "selection"
_BY_HAND, _BY_LASSO = "chosen one by one or by class", "lasso on the map"
#: Parts of the address that the browser keeps: what a scene or a link leaves out goes back to its default.
BROWSER_SETTINGS = ("colour", "stretch", "palette", "order", "filter", "lasso", "camera", "duplicates")


@dataclass
class AtlasState:
    """State of the Atlas page.

    Attributes
    ----------
    overlay : str or None
        Survey of the picked source where it is one that was laid over the map.
    index : int or None
        Picked source; None while nothing is picked.
    fly : bool
        Whether it was picked elsewhere than on the map, which should then go there.
    selected : ndarray of bool
        Mask over the survey's sources; empty while nothing is selected.
    how : str
        How the selection was made, in words: for exports.
    saved_as : str
        Name of the selection in the Lab; empty where it has none.
    dataset : str
        The rows that both refer to.
    command : dict or None
        What the browser is to change, obeyed once.
    """

    overlay: str | None = None
    index: int | None = None
    fly: bool = False
    selected: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    how: str = ""
    saved_as: str = ""
    dataset: str = ""
    command: dict[str, Any] | None = None

    @classmethod
    def of(cls, dataset: str) -> AtlasState:
        """The session's state for these rows; picks made on other rows are forgotten."""
        state: AtlasState = st.session_state.setdefault(_KEY, cls())
        if state.dataset != dataset:
            state = st.session_state[_KEY] = cls(dataset=dataset)
        return state

    def pick(self, index: int, overlay: str | None = None, *, on_map: bool = False) -> None:
        """Put a source into the card; one that was not picked `on_map` is flown to."""
        self.index, self.overlay, self.fly = index, overlay, not on_map

    def pick_by_name(self, workspace: Workspace, name: str) -> None:
        """Put the source of this name into the card: one of the survey itself, else of those laid over it.

        Raises
        ------
        AlignlabError
            If there is none, or several begin so.
        """
        self.pick(*_find(workspace, name))

    def select(self, mask: NDArray[np.bool_], *, how: str = _BY_HAND, saved_as: str = "") -> None:
        """Make the sources of `mask` the selection, on the map too."""
        self.selected, self.how, self.saved_as = mask, f"saved selection {saved_as}" if saved_as else how, saved_as
        self.order(selection=pack_selection(mask))

    def clear_selection(self) -> None:
        """Select nothing."""
        self.select(np.zeros_like(self.selected), how="")

    def order(self, **changes: Any) -> None:
        """Have the browser change something of its own: see ``frontend/README.md``."""
        self.command = {"serial": time.time_ns() // 1_000_000, **changes}

    def selected_on_map(self, mask: NDArray[np.bool_], *, lasso: str) -> None:
        """Take a selection from the map, which shows it already."""
        if self.saved_as and np.array_equal(mask, self.selected):
            return
        self.selected, self.saved_as = mask, ""
        self.how = _BY_LASSO if lasso else _BY_HAND

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
        problems: list[str] = []

        def obey(name: str) -> None:
            try:
                # A link's own camera says where to look: going to the source would show another picture.
                self.pick(*_find(workspace, name), on_map=True)
            except AlignlabError as error:
                self.index = None
                problems.append(str(error))

        address.follow(_SOURCE, obey)
        if self.index is not None:
            survey = workspace.survey if self.overlay is None else _overlays(workspace)[self.overlay]
            address.tell(_SOURCE, source_label(survey, self.index))
        return " ".join(problems)

    def sync_selection(self, workspace: Workspace, lab: Lab) -> str:
        """Follow a selection named in the address; name the present one there unless a lasso in the address tells it.

        Returns
        -------
        str
            What is wrong with the name in the address; empty where nothing is.
        """
        survey = workspace.survey
        problems: list[str] = []

        def obey(name: str) -> None:
            try:
                self.select(kept_selection(lab, survey.name, name, survey.n_sources), saved_as=name)
            except AlignlabError as error:
                problems.append(str(error))

        address.follow(_SELECTION, obey)
        if problems:
            return " ".join(problems)
        if self.selected.any() and self.how != _BY_LASSO and not self.saved_as:
            self.saved_as = keep_for_link(lab, survey.name, self.selected)
        address.tell(_SELECTION, self.saved_as)
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
