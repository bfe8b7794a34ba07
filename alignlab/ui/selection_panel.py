"""The selected sources: how many of each class, a table, how they differ from the rest, and what to take away."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.selections import kept_selection, named_selections
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui.contrast_panel import show_contrast
from alignlab.ui.follow_up_button import follow_up_button
from alignlab.ui.latent_map import pack_selection
from alignlab.ui.state import AtlasState
from alignlab.ui.take_away import take_away
from alignlab.variables import VARIABLES

#: A table with a clickable row travels whole to the browser; above this many rows only the first are shown.
SHOWN_UP_TO = 5000
_TABLE = "selection_table"
_VIEWS = ("Table", "Against the rest")


def show_selection(workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    """Draw the counts, the actions, and the table or the comparison; where nothing is selected, the saved ones."""
    rows = state.selected_rows()
    if rows.size == 0:
        _offer_saved(workspace, lab, state)
        return
    st.html(f'<div class="al-selected">{class_counts(workspace.survey.sources["source_class"], state.selected)}</div>')
    with st.container(horizontal=True, vertical_alignment="center", key="selection_actions"):
        view = st.segmented_control(
            "What to show of the selection", _VIEWS, default=_VIEWS[0], required=True, label_visibility="collapsed"
        )
        take_away(workspace, rows, how=state.how)
        _save(workspace, lab, state)
        names = workspace.survey.sources["name"].iloc[rows].astype(str).tolist()
        follow_up_button(workspace, names, key="selection_follow_up", reason=f"selection on the Atlas: {state.how}")
    if view == _VIEWS[0]:
        _show_table(workspace, state, rows)
    else:
        show_contrast(workspace, state.selected)


def labelled_bits(workspace: Workspace, lab: Lab) -> str:
    """Which of the survey's sources somebody has labelled, as the map reads it."""
    labelled = list(lab.labels(workspace.survey.name))
    if not labelled:
        return ""
    return pack_selection(workspace.survey.sources["name"].isin(labelled).to_numpy())


def class_counts(classes: pd.Series, selected: NDArray[np.bool_]) -> str:
    """``412 selected · AGN 47 / 4,180 · star 12 / 1,900`` as HTML: of how many in the survey, most frequent first.

    Parameters
    ----------
    classes : Series of str, length n
    selected : ndarray of bool, shape (n,)
    """
    total = classes.astype(str).value_counts()
    chosen = classes[selected].astype(str).value_counts()
    parts = [
        f"{escape(name) or 'not classified'} {count:,} / {int(total[name]):,}"
        for name, count in zip(map(str, chosen.index), chosen, strict=True)
    ]
    return f"<b>{int(selected.sum()):,} selected</b> · {' · '.join(parts)}"


def selection_frame(workspace: Workspace, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Name, class, counts and the 20 variables of some sources."""
    columns = [c for c in ("name", "source_class", "counts", "ra", "dec") if c in workspace.survey.sources]
    frame = workspace.survey.sources[columns].iloc[rows].reset_index(drop=True)
    variables = pd.DataFrame(workspace.survey.variables[rows], columns=[v.name for v in VARIABLES])
    return pd.concat([frame, variables], axis=1)


def _show_table(workspace: Workspace, state: AtlasState, rows: NDArray[np.intp]) -> None:
    shown = rows[:SHOWN_UP_TO]

    def pick_row() -> None:
        chosen = st.session_state[_TABLE]["selection"]["rows"]
        if chosen:
            state.pick(int(shown[chosen[0]]))

    st.dataframe(
        selection_frame(workspace, shown),
        column_config=_columns(),
        hide_index=True,
        height=320,
        key=_TABLE,
        on_select=pick_row,
        selection_mode="single-row",
        placeholder="–",
    )
    if shown.size < rows.size:
        st.caption(f"The first {shown.size:,} of {rows.size:,} are shown; a download holds all.")


def _save(workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    with st.popover("Save", icon=":material/bookmark_add:"):
        name = st.text_input("Name of the selection", key="selection_name")
        if st.button("Save selection", type="primary", disabled=not name.strip()):
            lab.save_selection(workspace.survey.name, name, state.selected)
            state.saved_as = name.strip()
            st.toast(f"Saved {name.strip()!r}: {int(state.selected.sum()):,} sources.")
        _saved_list(workspace, lab, state)


def _offer_saved(workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    if named_selections(lab, workspace.survey.name):
        with st.popover("Saved selections", icon=":material/bookmarks:"):
            _saved_list(workspace, lab, state)


def _saved_list(workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    survey = workspace.survey
    for name in named_selections(lab, survey.name):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                name, key=f"open_selection_{name}", type="tertiary", on_click=_open, args=(workspace, lab, state, name)
            )
            st.button(
                f"Delete {name}",
                key=f"delete_selection_{name}",
                type="tertiary",
                icon=":material/delete:",
                on_click=lab.delete_selection,
                args=(survey.name, name),
            )


def _open(workspace: Workspace, lab: Lab, state: AtlasState, name: str) -> None:
    survey = workspace.survey
    try:
        state.select(kept_selection(lab, survey.name, name, survey.n_sources), saved_as=name)
    except AlignlabError as error:
        st.toast(str(error))


def _columns() -> dict:
    number = st.column_config.NumberColumn
    columns: dict = {
        "name": st.column_config.TextColumn("name", pinned=True),
        "source_class": st.column_config.TextColumn("class"),
        "counts": number("counts", help="Counts from 0.5 to 8 keV, background included.", format="%d"),
        "ra": number("RA (deg)", format="%.4f"),
        "dec": number("Dec (deg)", format="%.4f"),
    }
    for variable in VARIABLES:
        columns[variable.name] = number(variable.label_with_unit, help=variable.description, format="%.3g")
    return columns
