"""The choices that need the server: how many maps, what each is made of, and how it is projected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from alignlab.services.maps import FIRST_MAPS, INSTANT_METHOD, METHOD_LABELS, available_maps, start_missing_maps
from alignlab.services.workspace import Workspace
from alignlab.store.run import METHODS
from alignlab.ui import address, words

_DEFAULT_METHODS = ("umap", "tsne", "pca")
LAYOUTS = {"one": "1 map", "two": "2 maps", "wall": "20 variables"}


@dataclass(frozen=True)
class MapChoice:
    """A map that was asked for, and the one that can be shown now.

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


@dataclass(frozen=True)
class MapsChoice:
    """What the Atlas shows.

    Attributes
    ----------
    layout : str
        A key of `LAYOUTS`.
    first : MapChoice
    second : MapChoice or None
        Beside it where there are two.
    """

    layout: str
    first: MapChoice
    second: MapChoice | None


def choose_maps(workspace: Workspace) -> MapsChoice:
    """Offer layout, representation and projection; a map that does not exist yet is computed in the background."""
    available = available_maps(workspace.run)
    method = next(method for method in _DEFAULT_METHODS if method in available["both"])
    with st.container(horizontal=True, vertical_alignment="center", key="atlas_controls"):
        layout = address.choice("view", list(LAYOUTS), "one")
        st.segmented_control(
            "Layout",
            list(LAYOUTS),
            required=True,
            format_func=LAYOUTS.__getitem__,
            key="view",
            label_visibility="collapsed",
            width="content",
            help="One map, two maps side by side, or one map in each of the 20 variables",
        )
        first = _choose_map(available, "both", method)
        if layout != "two":
            _follow_computation(workspace, first)
    if layout != "two":
        return MapsChoice(layout, first, None)
    with st.container(horizontal=True, vertical_alignment="center", key="atlas_controls_second"):
        st.caption("beside it", width="content")
        other = "tsne" if method == "umap" and "tsne" in available["both"] else INSTANT_METHOD
        second = _choose_map(available, "both", other, suffix="2")
        _follow_computation(workspace, first, second)
    return MapsChoice(layout, first, second)


def enlarge() -> None:
    """Show one map instead of the wall."""
    address.choose("view", "one")


def _choose_map(available: dict[str, list[str]], representation: str, method: str, *, suffix: str = "") -> MapChoice:
    which = "of the second map" if suffix else "of the map"
    representation = address.choice(f"representation{suffix}", list(words.REPRESENTATION_LABELS), representation)
    st.segmented_control(
        f"Representation {which}",
        list(words.REPRESENTATION_LABELS),
        required=True,
        format_func=words.REPRESENTATION_LABELS.__getitem__,
        key=f"representation{suffix}",
        label_visibility="collapsed",
        width="content",
    )
    method = address.choice(f"projection{suffix}", METHODS, method)
    st.segmented_control(
        f"Projection {which}",
        list(METHODS),
        required=True,
        format_func=METHOD_LABELS.__getitem__,
        key=f"projection{suffix}",
        label_visibility="collapsed",
        width="content",
    )
    shown = method if method in available[representation] else INSTANT_METHOD
    return MapChoice(representation, method, shown)


def _follow_computation(workspace: Workspace, *choices: MapChoice) -> None:
    """Say how far a missing map is, and open it when it is ready. Once a run exists its first maps are computed."""
    missing = tuple((c.representation, c.method) for c in choices if c.method != c.shown_method)
    first = start_missing_maps(workspace)
    progress = start_missing_maps(workspace, missing) if missing else first
    if progress is None:
        return
    if progress.error:
        st.caption(f"Maps could not be computed: {progress.error}")
        if st.button("Try again", key="retry_maps"):
            start_missing_maps(workspace, missing or FIRST_MAPS, retry=True)
            st.rerun()
        return
    _poll(workspace, missing)


@st.fragment(run_every=timedelta(seconds=1))
def _poll(workspace: Workspace, missing: tuple[tuple[str, str], ...]) -> None:
    progress = start_missing_maps(workspace, missing) if missing else start_missing_maps(workspace)
    if progress is None:
        st.rerun(scope="app")
    silent = progress.message in ("", "starting")
    label = METHOD_LABELS[missing[0][1]] if missing else "maps"
    text = f"{label if silent else progress.message.partition(':')[0]} {progress.fraction:.0%}"
    st.caption(f"{text}, PCA meanwhile" if missing else f"computing {text}")
