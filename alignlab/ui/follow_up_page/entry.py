"""One source of the follow-up list: what it is, why it is there, what people say, and how to observe it."""

from __future__ import annotations

from html import escape

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.brightness import Brightness, brightness_in_words
from alignlab.services.discover.follow_up import FollowUp, change_reason, remove_from_follow_up
from alignlab.services.discover.observing import ObservingEssentials
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui.follow_up_page.marks import month_marks
from alignlab.ui.opened import dataset_id
from alignlab.ui.sky import link_list
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade


def show_entry(
    workspace: Workspace,
    lab: Lab,
    entry: FollowUp,
    essentials: ObservingEssentials | None,
    colours: ClassColours,
    *,
    place: int,
    is_copy: bool,
) -> None:
    """Draw one source.

    Parameters
    ----------
    workspace, lab
    entry : FollowUp
    essentials : ObservingEssentials or None
        None where the survey no longer holds it.
    colours : ClassColours
    place : int
        In the list, from 0.
    is_copy : bool
        Whether it is of a list that was kept for a link, which is left as it was.
    """
    with st.container(key=f"follow_up_entry_{place}"):
        said, seen = st.columns([7, 5], gap="medium")
        with said:
            _show_name(workspace, entry, colours, place)
            st.html(_words(entry))
            if not is_copy:
                _show_editing(workspace, lab, entry, place)
        with seen:
            st.html(_observing(workspace, essentials))


def brightness_words(brightness: Brightness) -> str:
    """``net count rate 12.3 ± 0.4 counts ks⁻¹``, in as many digits as the error warrants."""
    return f"{brightness.what}: {brightness_in_words(brightness)}"


def _show_name(workspace: Workspace, entry: FollowUp, colours: ClassColours, place: int) -> None:
    kind = "" if entry.index is None else str(workspace.survey.sources["source_class"].iloc[entry.index] or "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"follow_up_name_{place}"):
        st.html(
            f'<span class="al-follow-name"><b>{escape(entry.name)}</b> '
            f'<i class="al-class-dot" style="background: {colours.of(kind)}"></i>'
            f"{escape(kind or 'not classified')}</span>",
            width="content",
        )
        if entry.index is not None:
            for page, label in (("source", "Source"), ("outliers", "Outliers"), ("atlas", "Atlas")):
                if st.button(label, key=f"follow_up_{page}_{place}", type="tertiary"):
                    AtlasState.of(dataset_id(workspace)).pick(entry.index)
                    st.switch_page(f"pages/{page}.py", query_params={"source": entry.name})


def _words(entry: FollowUp) -> str:
    """Reason, labels and notes."""
    reason = escape(entry.reason) or '<span class="al-dim">no reason given</span>'
    labels = "".join(
        f'<span class="al-label">{escape(value)} <i>{escape(person)}</i></span>'
        for person, value in entry.labels.items()
    )
    notes = "".join(
        f'<p class="al-note">{escape(note.text)} <i>{escape(note.person)}, {escape(note.created_utc[:10])}</i></p>'
        for note in entry.notes
    )
    by = f'<span class="al-dim">{escape(entry.person)}, {escape(entry.added_utc[:10])}</span>'
    return f'<p class="al-follow-reason">{reason} {by}</p><div class="al-lab">{labels}{notes}</div>'


def _show_editing(workspace: Workspace, lab: Lab, entry: FollowUp, place: int) -> None:
    survey, field = workspace.survey.name, f"follow_up_reason_{place}"

    def keep() -> None:
        try:
            change_reason(lab, survey, entry.name, reason=st.session_state[field])
        except AlignlabError as error:
            st.toast(str(error))

    def remove() -> None:
        remove_from_follow_up(lab, survey, [entry.name])

    with st.container(horizontal=True, gap="small", key=f"follow_up_edit_{place}"):
        popover = st.popover("Edit reason", icon=":material/edit:", on_change="rerun", key=f"follow_up_open_{place}")
        if popover.open:
            with popover:
                st.session_state.setdefault(field, entry.reason)
                st.text_area(f"Why {entry.name} is worth an observation", key=field, max_chars=2000)
                st.button("Keep", type="primary", key=f"follow_up_keep_{place}", on_click=keep)
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"follow_up_remove_{place}",
            type="tertiary",
            help=f"Take {entry.name} off the list; labels and notes stay",
            on_click=remove,
        )


def _observing(workspace: Workspace, essentials: ObservingEssentials | None) -> str:
    if essentials is None:
        return '<div class="al-dim">This survey no longer holds it.</div>'
    if not essentials.coordinates:
        place = '<span class="al-dim">position unknown</span>'
    else:
        degrees = f"{essentials.ra_deg:.5f} {essentials.dec_deg:+.5f}".replace("-", "−")
        frame = "ICRS" if workspace.survey.has_real_positions else "ICRS, simulated"
        place = (
            f'<span class="al-coordinates">{escape(essentials.coordinates.replace("-", "−"))}</span> '
            f'<span class="al-dim">{degrees}° · {frame}</span>'
        )
    links = link_list(essentials.links) if essentials.links else ""
    return (
        f'<div class="al-follow-facts">{place}<br>{escape(brightness_words(essentials.brightness))}</div>'
        f'<div class="al-follow-months">{month_marks(essentials, shade=shade())}</div>{links}'
    )
