"""The trials of a search, as parallel coordinates."""

from __future__ import annotations

from typing import Any

import streamlit as st

from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.workspace import Workspace
from alignlab.ui.theme import shade

_SEARCH = "search"


def show_trials(workspace: Workspace, job: Job) -> bool:
    """Draw the trials of a search that have ended; says whether there were any."""
    if job.spec.kind != _SEARCH:
        return False
    trials = finished_trials(workspace, job)
    if not trials:
        return False
    from alignlab.ui.search_figure import trials_figure

    st.plotly_chart(trials_figure(trials, shade()), key="train_trials", config={"displayModeBar": False})
    return True


def finished_trials(workspace: Workspace, job: Job) -> list[dict[str, Any]]:
    """The values and figures of each trial that has ended: from the result, else from the parts that have."""
    if job.result.get("trials"):
        return list(job.result["trials"])
    parts = queue.jobs(workspace.config, survey=workspace.survey.name, parent=job.id, limit=512)
    return [part.result for part in parts if "values" in part.result]
