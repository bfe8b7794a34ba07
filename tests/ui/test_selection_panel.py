"""The selection as words, table and file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.services.workspace import Workspace
from alignlab.ui.selection_panel import class_counts, selection_frame


def test_counts_say_of_how_many():
    classes = pd.Series(["AGN", "star", "AGN", "", "AGN", "star"])
    text = class_counts(classes, np.isin(np.arange(6), [0, 2, 5, 3]))
    assert text == "<b>4 selected</b> · AGN 2 / 3 · not classified 1 / 1 · star 1 / 2"


def test_the_table_holds_the_rows_asked_for(workspace: Workspace):
    rows = np.array([3, 10, 200])
    frame = selection_frame(workspace, rows)
    assert list(frame["name"]) == list(workspace.survey.sources["name"].iloc[rows])
    assert np.allclose(frame["hard_hs"], workspace.survey.variables[rows, 0])
