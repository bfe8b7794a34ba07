"""A part of an evaluation on a page: its figures where they are kept, else they are computed as a job.

A quick part begins by itself when somebody looks for it; one that trains anew is offered.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.jobs.spec import Job
from alignlab.services.evaluate import part
from alignlab.services.evaluate.kept import kept_figures
from alignlab.services.job_kinds.evaluate import EvaluateRecipe
from alignlab.services.pulse import SPLIT
from alignlab.services.workspace import Workspace
from alignlab.store.evaluation import written_ns
from alignlab.ui.job_offer import offer_job


def part_figures(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """The figures of a part of the shown run; where there are none, how far they are or an offer is drawn instead.

    The page is drawn again by itself when they are written, so nobody has to wait for it here.
    """
    try:
        figures = _kept(workspace, name, workspace.run.digest, written_ns(workspace.run.folder, name, SPLIT))
        if figures is None:
            _offer(workspace, name)
    except AlignlabError as error:
        st.error(str(error))
        return None
    return figures


@st.cache_data(max_entries=32, show_spinner=False)
def _kept(_workspace: Workspace, name: str, run: str, written: int) -> dict[str, Any] | None:
    del run, written  # only there to be part of the key
    return kept_figures(_workspace.run, name, split=SPLIT)


def _offer(workspace: Workspace, name: str) -> None:
    found = part(name)

    def serves(job: Job) -> bool:
        recipe = EvaluateRecipe.from_json(job.spec.recipe)
        return recipe.split == SPLIT and name in recipe.parts

    recipe = EvaluateRecipe(name=name, part=name, split=SPLIT)
    offer_job(workspace, "evaluate", recipe, what=found.label, key=name, at_once=found.is_quick, serves=serves)
