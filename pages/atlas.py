"""The Atlas: the latent map, the card of the picked source, and the table of the selected ones."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.sources import applied_source_card, source_card
from alignlab.ui import map_choice, selection_table
from alignlab.ui import source_card as cards
from alignlab.ui.latent_map import MapEvent, latent_map, map_marks
from alignlab.ui.opened import current_workspace, dataset_id, encoded_map
from alignlab.ui.state import AtlasState

workspace = current_workspace()
if workspace is None:
    st.switch_page("app.py")
state = AtlasState.of(dataset_id(workspace))
problem = state.sync_with_address(workspace)
body = st.container(key="atlas_body")
map_column, card_column = body.columns([7, 3], gap="medium")

with map_column:
    choice = map_choice.choose_map(workspace)
    encoded = encoded_map(workspace, choice.representation, choice.shown_method)

    def on_event(event: MapEvent) -> None:
        if event.pick is not None:
            overlay, index = encoded.locate(event.pick)
            state.pick(index, overlay)
        state.select(event.selected)

    try:
        latent_map(encoded, key="atlas_map", on_event=on_event)
    except AlignlabError as error:
        st.error(str(error))

with card_column:
    card = None
    if problem:
        st.warning(problem)
    if state.index is None:
        cards.empty_card()
    elif state.overlay is None:
        card = source_card(workspace, state.index, representation=choice.representation)
    else:
        card = applied_source_card(workspace, state.overlay, state.index, representation=choice.representation)
    if card is not None:
        cards.show_source_card(card, workspace, on_pick=state.pick)

pick = None if state.index is None else encoded.row_of(state.overlay, state.index)
map_marks(encoded, pick=pick, neighbours=[n.index for n in card.neighbours] if card else [])
selection_table.show_selection(workspace, state)
