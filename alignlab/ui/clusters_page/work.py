"""Clusters that are not kept yet: offered, then followed while a job finds them."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import streamlit as st

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.job_kinds.clusters import KIND, ClusterJobRecipe
from alignlab.services.workspace import Workspace
from alignlab.ui import words

_EVERY = timedelta(seconds=1)


def offer(workspace: Workspace, recipe: ClusterJobRecipe, *, what: str, key: str, at_once: bool = False) -> None:
    """Say how far the job of this recipe is, or offer it.

    Parameters
    ----------
    workspace : Workspace
    recipe : ClusterJobRecipe
    what : str
        What it finds, to begin a sentence.
    key : str
        Unique on the page.
    at_once : bool
        Submit it without being asked, unless it has been tried before.
    """
    try:
        job = _last_job(workspace, recipe)
        if job is None and at_once:
            _submit(workspace, recipe)
            job = _last_job(workspace, recipe)
    except AlignlabError as error:
        st.error(str(error))
        return
    if job is not None and not job.has_ended:
        st.fragment(run_every=_EVERY, key=f"clusters_at_work_{key}")(_tell_progress)(workspace.config, job.id, what)
        return
    if job is not None and job.state == "failed":
        st.error(f"{what} could not be found. {job.error}")
    seconds = words.duration(KIND.estimate_s(recipe, workspace.survey.n_sources))
    with st.container(horizontal=True, vertical_alignment="center", key=f"clusters_offer_{key}"):
        st.html(f'<p class="al-dim al-clusters-offer">{what}: not found yet.</p>', width="content")
        st.button(
            f"Find · about {seconds}", key=f"clusters_find_{key}", icon=":material/play_arrow:",
            on_click=partial(_submit, workspace, recipe),
        )  # fmt: skip


def _tell_progress(config: Config, job_id: str, what: str) -> None:
    job = queue.job(config, job_id)
    if job.has_ended:
        st.rerun(scope="app")
    left = job.progress.remaining_s
    told = [f"{what}: being found, it appears here by itself", job.progress.message]
    told.append("" if left is None else f"about {words.duration(left)} left")
    st.progress(min(max(job.progress.fraction, 0.0), 1.0), text=" · ".join(filter(None, told)))


def _submit(workspace: Workspace, recipe: ClusterJobRecipe) -> None:
    try:
        queue.submit(KIND.name, recipe, config=workspace.config, survey=workspace.survey.name, run=workspace.run.run_id)
    except AlignlabError as error:
        st.error(str(error))


def _last_job(workspace: Workspace, recipe: ClusterJobRecipe) -> Job | None:
    """The newest job of this recipe that is at work, else the newest one."""
    wanted = json.loads(recipe.to_json())
    jobs = [
        job
        for job in queue.jobs(workspace.config, survey=workspace.survey.name)
        if job.spec.kind == KIND.name and job.spec.run == workspace.run.run_id and job.spec.recipe == wanted
    ]
    return next((job for job in jobs if not job.has_ended), jobs[0] if jobs else None)
