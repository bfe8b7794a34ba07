"""A part of an evaluation on a page: its figures where they are kept, else they are computed as a job.

A quick part begins by itself when somebody looks for it; one that trains anew is offered.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import streamlit as st

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.evaluate import part
from alignlab.services.evaluate.kept import kept_figures
from alignlab.services.job_kinds.evaluate import EvaluateRecipe
from alignlab.services.pulse import SPLIT
from alignlab.services.workspace import Workspace
from alignlab.store.evaluation import written_ns
from alignlab.ui import words

_EVERY = timedelta(seconds=2)


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
    found, job = part(name), _last_job(workspace, name)
    if job is None and found.is_quick:
        _submit(workspace, name)
        job = _last_job(workspace, name)
    if job is not None and not job.has_ended:
        st.fragment(run_every=_EVERY, key=f"at_work_{name}")(_tell_progress)(workspace.config, job.id, found.label)
        return
    if job is not None and job.state == "failed":
        st.error(f"{found.label} could not be computed. {job.error}")
    with st.container(key=f"offer_{name}", horizontal=True, vertical_alignment="center"):
        seconds = words.duration(found.estimate_s(workspace.survey.n_sources))
        st.html(
            f'<p class="al-dim">{found.label} of run {workspace.run.run_id}: not computed yet.</p>', width="content"
        )
        st.button(
            f"Compute · about {seconds}", key=f"compute_{name}", icon=":material/play_arrow:",
            on_click=partial(_submit, workspace, name),
        )  # fmt: skip


def _tell_progress(config: Config, job_id: str, label: str) -> None:
    job = queue.job(config, job_id)
    if job.has_ended:
        st.rerun(scope="app")
    left = job.progress.remaining_s
    told = [f"{label}: being computed, it appears here by itself", job.progress.message]
    told.append("" if left is None else f"about {words.duration(left)} left")
    st.progress(min(max(job.progress.fraction, 0.0), 1.0), text=" · ".join(filter(None, told)))


def _submit(workspace: Workspace, name: str) -> None:
    try:
        queue.submit(
            "evaluate",
            EvaluateRecipe(name=name, part=name, split=SPLIT),
            config=workspace.config,
            survey=workspace.survey.name,
            seed=workspace.run.meta.seed or 0,
            run=workspace.run.run_id,
        )
    except AlignlabError as error:
        st.error(str(error))


def _last_job(workspace: Workspace, name: str) -> Job | None:
    """The newest job of this part that is at work, else the newest one."""
    jobs = [
        job
        for job in queue.jobs(workspace.config, survey=workspace.survey.name)
        if job.spec.kind == "evaluate"
        and job.spec.run == workspace.run.run_id
        and _computes(EvaluateRecipe.from_json(job.spec.recipe), name)
    ]
    return next((job for job in jobs if not job.has_ended), jobs[0] if jobs else None)


def _computes(recipe: EvaluateRecipe, name: str) -> bool:
    return recipe.split == SPLIT and name in recipe.parts
