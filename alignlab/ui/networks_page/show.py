"""The Networks page from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.network_recipe import NetworkRecipe
from alignlab.services.sources import source_card
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.networks_page.choices import choose, subset_label
from alignlab.ui.networks_page.computed import DegreesOnly, encoded_network, network_of, outlier_scores_of
from alignlab.ui.networks_page.drawing import NetworkEvent, network_drawing, network_marks
from alignlab.ui.networks_page.encoding import EncodedNetwork
from alignlab.ui.networks_page.export import show_export
from alignlab.ui.networks_page.periphery import show_periphery
from alignlab.ui.networks_page.selection import show_selection
from alignlab.ui.networks_page.state import NetworksState
from alignlab.ui.opened import current_lab, dataset_id
from alignlab.ui.source_card import show_source_card
from alignlab.ui.state import AtlasState

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

_NOTHING = """
<div class="al-empty"><b>No source picked</b><br>Click a node to see its spectrum, papers and neighbours.
Shift-click adds to the selection; drag with Shift, or take the lasso, to select many; a class in the legend selects it.
</div>
"""


def show(workspace: Workspace) -> None:
    """Draw the page."""
    lab, atlas = current_lab(), AtlasState.of(dataset_id(workspace))
    state = NetworksState.of(dataset_id(workspace))
    problems = [atlas.sync_with_address(workspace), state.sync_with_address(workspace, lab)]
    with st.container(key="networks_body"):
        for problem in filter(None, problems):
            st.warning(problem)
        recipe = choose(workspace, lab, atlas)
        title = title_of(recipe)
        try:
            shown = network_of(workspace, lab, recipe)
        except AlignlabError as error:
            st.error(str(error))
            return
        # By now torch is there, which this module's figures are computed with.
        from alignlab.ui.networks_page.degrees import show_degrees

        if isinstance(shown, DegreesOnly):
            st.warning(shown.problem)
            show_degrees(workspace, title, shown.rows, shown.degree)
            return
        scores = outlier_scores_of(workspace, recipe)
        encoded = encoded_network(workspace, lab, shown, title=title, scores=scores)
        drawing, card = st.columns([7, 3], gap="medium")
        with drawing:
            _draw(encoded, state, atlas)
            show_selection(workspace, lab, shown, encoded, state, atlas)
        with card:
            _show_card(workspace, recipe, shown, atlas)
        show_degrees(workspace, title, shown.graph.rows, shown.degree)
        show_periphery(workspace, shown, scores, state, title=title, on_pick=atlas.pick)
        show_export(workspace, shown)


def title_of(recipe: NetworkRecipe) -> str:
    """What a network is, in a line: ``variable … · both · similarity ≥ 0.90``."""
    joined = f"{recipe.k} nearest{' of each other' if recipe.mutual else ''}"
    if recipe.threshold is not None:
        joined = f"similarity ≥ {recipe.threshold:.2f}"
    return f"{subset_label(recipe.subset)} · {words.REPRESENTATION_LABELS[recipe.representation]} · {joined}"


def _draw(encoded: EncodedNetwork, state: NetworksState, atlas: AtlasState) -> None:
    def on_event(event: NetworkEvent) -> None:
        if event.pick is not None and int(encoded.rows[event.pick]) != atlas.index:
            atlas.pick(int(encoded.rows[event.pick]))
        state.selected_in_drawing(encoded, event.selected)

    state.follow(encoded)
    try:
        network_drawing(encoded, key="networks_drawing", on_event=on_event)
    except AlignlabError as error:
        st.error(str(error))
    picked = atlas.index if atlas.overlay is None else None
    network_marks(encoded, pick=encoded.position_of(picked), command=state.command)


def _show_card(workspace: Workspace, recipe: NetworkRecipe, shown: Network, atlas: AtlasState) -> None:
    if atlas.index is None or atlas.overlay is not None:
        st.html(_NOTHING)
        return
    st.html(_standing(shown, atlas.index))
    st.page_link("pages/atlas.py", label="On the Atlas", icon=":material/scatter_plot:")
    card = source_card(workspace, atlas.index, representation=recipe.representation)
    show_source_card(card, workspace, on_pick=atlas.pick)


def _standing(shown: Network, index: int) -> str:
    """Where the picked source stands in the network, in words."""
    found = (shown.graph.rows == index).nonzero()[0]
    if not found.size:
        return '<div class="al-networks-standing">Not in this network.</div>'
    place = int(found[0])
    degree = int(shown.degree[place])
    if degree == 0:
        return '<div class="al-networks-standing">Joined with nobody in this network.</div>'
    share = (shown.degree < degree).mean()
    part = "core" if shown.core[place] else "periphery"
    joined = "source" if degree == 1 else "sources"
    return (
        f'<div class="al-networks-standing"><b>{part}</b> · joined with {degree:,} {joined}, '
        f"more than {100 * share:.0f}% of {shown.graph.n_nodes:,} · community {int(shown.community[place]) + 1}</div>"
    )
