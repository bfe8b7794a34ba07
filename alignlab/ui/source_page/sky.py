"""The last part of the Source page: where the source is, and where else to look at it."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.sky_links import sky_links
from alignlab.services.subject import Subject
from alignlab.ui.sky import link_list, sky_images, sky_map
from alignlab.ui.source_page.cached import sky_density
from alignlab.ui.source_page.header import position
from alignlab.ui.source_page.state import SourcePageState
from alignlab.ui.theme import shade


def show_sky(subject: Subject, state: SourcePageState) -> None:
    """Draw the sky map, the links, and the images once somebody asked for them."""
    st.html('<h2 class="al-part">Sky</h2>')
    place = position(subject)
    if place is None:
        st.html('<div class="al-empty">Its file gives no position.</div>')
        return
    left, right = st.columns([6, 5], gap="medium")
    with left:
        st.html(sky_map(sky_density(subject.workspace), *place, name=subject.name, shade=shade()))
    with right:
        if not subject.survey.has_real_positions:
            st.html(
                '<div class="al-empty"><b>This position is simulated.</b><br>Nothing real is known to lie there, so '
                "there are no images and no links to archives.</div>"
            )
            return
        st.html(link_list(sky_links(*place)))
        _show_button(subject, state)
    if state.sky_images_for is not None:
        try:
            sky_images(*place, name=subject.name, key="sky_images")
        except AlignlabError as error:
            st.error(str(error))


def _show_button(subject: Subject, state: SourcePageState) -> None:
    asked = state.sky_images_for is not None

    def press() -> None:
        state.sky_images_for = None if asked else subject.key

    st.button(
        "Hide sky images" if asked else "Show sky images",
        key="sky_images_button",
        icon=":material/travel_explore:",
        help="Aladin Lite, with images from the CDS in Strasbourg: needs the network",
        on_click=press,
    )
