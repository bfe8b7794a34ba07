"""The selected sources: how many of each class, and a table of them that can be taken away."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from alignlab.services.workspace import Workspace
from alignlab.ui.state import AtlasState
from alignlab.variables import VARIABLES

#: A table with a clickable row travels whole to the browser; above this many rows only the first are shown.
SHOWN_UP_TO = 5000
_TABLE = "selection_table"


def show_selection(workspace: Workspace, state: AtlasState) -> None:
    """Draw the line of counts, the table and the download; nothing where nothing is selected."""
    rows = state.selected_rows()
    if rows.size == 0:
        return
    line, button = st.columns([5, 1], vertical_alignment="center")
    line.markdown(class_counts(workspace.survey.sources["source_class"].astype(str), rows))
    with button:
        st.download_button(
            "Download CSV",
            data=lambda: as_csv(workspace, rows),
            file_name=f"alignlab-{workspace.survey.name}-{rows.size}-sources.csv",
            mime="text/csv",
            icon=":material/download:",
            width="stretch",
            on_click="ignore",
        )
    shown = rows[:SHOWN_UP_TO]
    frame = selection_frame(workspace, shown)

    def pick_row() -> None:
        chosen = st.session_state[_TABLE]["selection"]["rows"]
        if chosen:
            state.pick(int(shown[chosen[0]]))

    st.dataframe(
        frame,
        column_config=_columns(),
        hide_index=True,
        height=320,
        key=_TABLE,
        on_select=pick_row,
        selection_mode="single-row",
        placeholder="–",
    )
    if shown.size < rows.size:
        st.caption(f"The first {shown.size:,} of {rows.size:,} are shown; the download holds all.")


def class_counts(classes: pd.Series, rows: NDArray[np.intp]) -> str:
    """``412 selected: AGN 47/4,180 · star 12/1,900``: of how many in the survey, most frequent first."""
    total = Counter(classes)
    chosen = Counter(classes.iloc[rows])
    parts = [f"{name or 'not classified'} {count:,}/{total[name]:,}" for name, count in chosen.most_common()]
    return f"**{rows.size:,} selected:** {' · '.join(parts)}"


def selection_frame(workspace: Workspace, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Name, class, counts and the 20 variables of some sources."""
    columns = [c for c in ("name", "source_class", "counts", "ra", "dec") if c in workspace.survey.sources]
    frame = workspace.survey.sources[columns].iloc[rows].reset_index(drop=True)
    variables = pd.DataFrame(workspace.survey.variables[rows], columns=[v.name for v in VARIABLES])
    return pd.concat([frame, variables], axis=1)


def as_csv(workspace: Workspace, rows: NDArray[np.intp]) -> bytes:
    """The selected sources as CSV, with survey, run and version as comments at the top."""
    # Imported only when somebody downloads: astropy's tables take half a second.
    from alignlab.services.export import export_table, write_table

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "selection.csv"
        write_table(export_table(workspace, rows), path)
        return path.read_bytes()


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
