"""The Atlas: the latent map, the card of the picked source, and what can be done with the selected ones."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.sources import applied_source_card, source_card
from alignlab.ui import map_choice, presentation, selection_panel
from alignlab.ui import source_card as cards
from alignlab.ui.latent_map import MapEvent, Marks, latent_map, map_marks, second_map
from alignlab.ui.map_trust import show_trust
from alignlab.ui.opened import current_lab, dataset_id, encoded_map
from alignlab.ui.page import page_workspace
from alignlab.ui.pdf_export import mount_pdf
from alignlab.ui.state import AtlasState

workspace = page_workspace()
lab = current_lab()
state = AtlasState.of(dataset_id(workspace))
problems = [state.sync_with_address(workspace), state.sync_selection(workspace, lab)]
presenting = presentation.show_scene(workspace, lab, state)
body = st.container(key="atlas_body")
map_column, card_column = body.columns([7, 3], gap="medium")

with map_column:
    choice = map_choice.choose_maps(workspace)
    encoded = encoded_map(workspace, choice.first.representation, choice.first.shown_method)

    def on_event(event: MapEvent) -> None:
        if event.pick is not None:
            overlay, index = encoded.locate(event.pick)
            if (overlay, index) != (state.overlay, state.index):
                state.pick(index, overlay, on_map=True)
        state.selected_on_map(event.selected, lasso=event.lasso)

    try:
        needs_pdf = latent_map(encoded, key="atlas_map", on_event=on_event, on_enlarge=map_choice.enlarge)
        if needs_pdf:
            mount_pdf()
    except AlignlabError as error:
        st.error(str(error))
    if choice.second is not None:
        second_map(encoded, encoded_map(workspace, choice.second.representation, choice.second.shown_method))
    show_trust(workspace, choice)

with card_column:
    card = None
    for problem in filter(None, problems):
        st.warning(problem)
    if choice.layout != "one" or presenting:
        st.html('<span class="al-wide"></span>')
    if state.index is None:
        cards.empty_card()
    elif state.overlay is None:
        card = source_card(workspace, state.index, representation=choice.first.representation)
    else:
        card = applied_source_card(workspace, state.overlay, state.index, representation=choice.first.representation)
    if card is not None:
        cards.show_source_card(card, workspace, on_pick=state.pick)

map_marks(
    encoded,
    Marks(
        pick=None if state.index is None else encoded.row_of(state.overlay, state.index),
        fly=state.fly,
        neighbours=[n.index for n in card.neighbours] if card else [],
        labelled=selection_panel.labelled_bits(workspace, lab),
        layout=choice.layout,
        present=presenting,
        command=state.command,
    ),
)
selection_panel.show_selection(workspace, lab, state)
