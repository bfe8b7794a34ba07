"""The two choices that need the server: what the map is made of, and how it is projected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from alignlab.services.maps import FIRST_MAPS, INSTANT_METHOD, METHOD_LABELS, available_maps, start_missing_maps
from alignlab.services.workspace import Workspace
from alignlab.store.run import METHODS
from alignlab.ui import words

_DEFAULT_METHODS = ("umap", "tsne", "pca")


@dataclass(frozen=True)
class MapChoice:
    """The map that was asked for, and the one that can be shown now.

    Attributes
    ----------
    representation, method : str
        Asked for.
    shown_method : str
        The same method once its map is computed; PCA until then.
    """

    representation: str
    method: str
    shown_method: str


def choose_map(workspace: Workspace) -> MapChoice:
    """Offer representation and projection; a map that does not exist yet is computed in the background."""
    available = available_maps(workspace.run)
    with st.container(horizontal=True, vertical_alignment="center", key="atlas_controls"):
        representation = st.segmented_control(
            "Representation",
            list(words.REPRESENTATION_LABELS),
            default="both",
            required=True,
            format_func=words.REPRESENTATION_LABELS.__getitem__,
            key="representation",
            bind="query-params",
            label_visibility="collapsed",
            width="content",
        )
        method = st.segmented_control(
            "Projection",
            list(METHODS),
            default=_first_method(available["both"]),
            required=True,
            format_func=METHOD_LABELS.__getitem__,
            key="projection",
            bind="query-params",
            label_visibility="collapsed",
            width="content",
        )
        shown = method if method in available[representation] else INSTANT_METHOD
        _follow_computation(workspace, representation, method)
    return MapChoice(representation, method, shown)


def _first_method(available: list[str]) -> str:
    return next(method for method in _DEFAULT_METHODS if method in available)


def _follow_computation(workspace: Workspace, representation: str, method: str) -> None:
    """Say how far a missing map is, and open it when it is ready. Once a run exists its first maps are computed."""
    wanted = ((representation, method),)
    asked_missing = method != INSTANT_METHOD and method not in available_maps(workspace.run)[representation]
    first = start_missing_maps(workspace)
    progress = start_missing_maps(workspace, wanted) if asked_missing else first
    if progress is None:
        return
    if progress.error:
        st.caption(f"Maps could not be computed: {progress.error}")
        if st.button("Try again", key="retry_maps"):
            start_missing_maps(workspace, wanted if asked_missing else FIRST_MAPS, retry=True)
            st.rerun()
        return
    _poll(workspace, representation, method, asked_missing)


@st.fragment(run_every=timedelta(seconds=1))
def _poll(workspace: Workspace, representation: str, method: str, asked_missing: bool) -> None:
    wanted = ((representation, method),) if asked_missing else None
    progress = start_missing_maps(workspace, wanted) if wanted else start_missing_maps(workspace)
    if progress is None:
        st.rerun(scope="app")
    silent = progress.message in ("", "starting")
    text = f"{METHOD_LABELS[method] if silent else progress.message.partition(':')[0]} {progress.fraction:.0%}"
    st.caption(f"{text}, PCA meanwhile" if asked_missing else f"computing {text}")
