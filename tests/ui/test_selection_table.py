"""The selection as words, table and file."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from alignlab.services.workspace import Workspace
from alignlab.ui.selection_table import as_csv, class_counts, selection_frame


def test_counts_say_of_how_many():
    classes = pd.Series(["AGN", "star", "AGN", "", "AGN", "star"])
    text = class_counts(classes, np.array([0, 2, 5, 3]))
    assert text == "**4 selected:** AGN 2/3 · star 1/2 · not classified 1/1"


def test_table_and_csv_hold_the_rows_asked_for(workspace: Workspace):
    rows = np.array([3, 10, 200])
    frame = selection_frame(workspace, rows)
    assert list(frame["name"]) == list(workspace.survey.sources["name"].iloc[rows])
    text = as_csv(workspace, rows).decode()
    assert "# survey: demo" in text
    assert "simulated" in text
    table = pd.read_csv(io.StringIO(text), comment="#")
    assert list(table["name"]) == list(frame["name"])
    assert np.allclose(table["hard_hs"], frame["hard_hs"], rtol=1e-5)
