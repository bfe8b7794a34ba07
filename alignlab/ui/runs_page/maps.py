"""The map of one run beside that of the other: the same sources, hovered, picked and filtered together."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.maps import INSTANT_METHOD, METHOD_LABELS
from alignlab.services.workspace import Workspace
from alignlab.store.run import METHODS, Run
from alignlab.ui import address
from alignlab.ui.latent_map import MapEvent, Marks, latent_map, map_marks, second_map
from alignlab.ui.pdf_export import mount_pdf
from alignlab.ui.runs_page.cached import REPRESENTATION, encoded_pair
from alignlab.ui.state import AtlasState

_METHOD = "compared_map"


def show_maps(workspace: Workspace, first: Run, second: Run, atlas: AtlasState) -> None:
    """Draw both maps; a source that is picked on one is marked on both, and is the Atlas's pick as well."""
    methods = shared_methods(first, second)
    with st.container(horizontal=True, vertical_alignment="center", key="runs_maps_head"):
        st.html('<h2 class="al-runs-part">Maps</h2>', width="content")
        method = address.choice(_METHOD, methods, methods[0])
        if len(methods) > 1:
            st.segmented_control(
                "Projection of both maps",
                methods,
                required=True,
                format_func=METHOD_LABELS.__getitem__,
                key=_METHOD,
                label_visibility="collapsed",
                width="content",
            )
        turned = "The second is turned to lie as the first does."
        only = "" if len(methods) > 1 else " UMAP and t-SNE are offered once both runs have them."
        st.caption(turned + only, width="content")
    encoded, beside = encoded_pair(workspace, first, second, method)

    def on_event(event: MapEvent) -> None:
        if event.pick is not None:
            atlas.pick(event.pick, on_map=True)

    try:
        if latent_map(encoded, key="runs_map", on_event=on_event, on_enlarge=lambda: None):
            mount_pdf()
    except AlignlabError as error:
        st.error(str(error))
        return
    second_map(encoded, beside)
    picked = atlas.index if atlas.overlay is None else None
    map_marks(
        encoded,
        Marks(pick=picked, fly=False, neighbours=[], labelled="", layout="two", present=False, command=None),
    )


def shared_methods(first: Run, second: Run) -> list[str]:
    """Projections that both runs have, the best to look at first; PCA always."""
    computed = [m for m in METHODS if all(run.has_projection(REPRESENTATION, m) for run in (first, second))]
    return sorted({*computed, INSTANT_METHOD}, key=lambda method: (method == INSTANT_METHOD, METHODS.index(method)))
