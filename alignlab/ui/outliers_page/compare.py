"""Two people's labels side by side: how far they agree, and on which sources they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from alignlab.services.discover.triage import VALUES, agreement, people
from alignlab.services.source_names import find_source
from alignlab.ui.outliers_page.desk import Desk
from alignlab.ui.source_page.text import plain

_MOST_SHOWN = 12
_FIRST, _SECOND = "outliers_first_person", "outliers_second_person"


def show_comparison(desk: Desk) -> None:
    """Draw it behind a button, where two people have labelled; computed only while it is open."""
    survey = desk.workspace.survey
    known = people(desk.lab, survey.name)
    if len(known) < 2:
        return
    popover = st.popover("Compare two people", icon=":material/compare_arrows:", on_change="rerun", key="outliers_two")
    if not popover.open:
        return
    with popover:
        mine = known.index(desk.person) if desk.person in known else 0
        first = st.selectbox("One", known, index=mine, key=_FIRST)
        others = [name for name in known if name != first]
        second = st.selectbox("The other", others, key=_SECOND)
        found = agreement(desk.lab, survey.name, first, second)
        st.markdown(plain(found.sentence))
        if found.n_both:
            used = np.flatnonzero(found.table.sum(axis=0) + found.table.sum(axis=1))
            names = [VALUES[k] for k in used]
            st.caption(f"Rows: labels of {plain(first)}; columns: labels of {plain(second)}.")
            st.table(pd.DataFrame(found.table[np.ix_(used, used)], index=names, columns=names))
        for place, one in enumerate(found.disagreements[:_MOST_SHOWN]):
            st.button(
                f"{plain(one.source_name)} · {one.first} / {one.second}",
                key=f"outliers_disagreement_{place}",
                type="tertiary",
                on_click=_look_at,
                args=(desk, one.source_name),
            )
        if len(found.disagreements) > _MOST_SHOWN:
            st.caption(f"The first {_MOST_SHOWN} of {len(found.disagreements):,} on which they differ.")


def _look_at(desk: Desk, name: str) -> None:
    desk.state.look_at(find_source(desk.workspace.survey, name, by_index=False))
