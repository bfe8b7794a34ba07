"""Work that a page needs and that takes too long to wait for: offered as a job, then followed until it is there."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import streamlit as st

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.job_kinds import job_kind
from alignlab.services.workspace import Workspace
from alignlab.training.recipe_base import Recipe
from alignlab.ui import words

_EVERY = timedelta(seconds=2)


def offer_job(workspace: Workspace, kind: str, recipe: Recipe, *, what: str, key: str) -> None:
    """Say how far the job of this recipe on the run that is shown is, or offer it.

    Parameters
    ----------
    workspace : Workspace
    kind : str
        A key of `alignlab.services.job_kinds.KINDS`, of a job that works on a run.
    recipe : Recipe
    what : str
        What it makes, to begin a sentence.
    key : str
        Unique on the page.
    """
    try:
        job = _last_job(workspace, kind, recipe)
    except AlignlabError as error:
        st.error(str(error))
        return
    if job is not None and not job.has_ended:
        st.fragment(run_every=_EVERY, key=f"{key}_at_work")(_tell_progress)(workspace.config, job.id, what)
        return
    if job is not None and job.state == "failed":
        st.error(f"{what} could not be computed. {job.error}")
    seconds = words.duration(job_kind(kind).estimate_s(recipe, workspace.survey.n_sources))
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_offer"):
        st.html(f'<p class="al-dim">{what} of run {workspace.run.run_id}: not computed yet.</p>', width="content")
        st.button(
            f"Compute · about {seconds}",
            key=f"{key}_compute",
            icon=":material/play_arrow:",
            on_click=partial(_submit, workspace, kind, recipe),
        )


def _tell_progress(config: Config, job_id: str, what: str) -> None:
    job = queue.job(config, job_id)
    if job.has_ended:
        st.rerun(scope="app")
    left = job.progress.remaining_s
    told = [f"{what}: being computed, they appear here by themselves", job.progress.message]
    told.append("" if left is None else f"about {words.duration(left)} left")
    st.progress(min(max(job.progress.fraction, 0.0), 1.0), text=" · ".join(filter(None, told)))


def _submit(workspace: Workspace, kind: str, recipe: Recipe) -> None:
    try:
        queue.submit(
            kind,
            recipe,
            config=workspace.config,
            survey=workspace.survey.name,
            seed=workspace.run.meta.seed or 0,
            run=workspace.run.run_id,
        )
    except AlignlabError as error:
        st.error(str(error))


def _last_job(workspace: Workspace, kind: str, recipe: Recipe) -> Job | None:
    """The newest job of this recipe that is at work, else the newest one."""
    wanted = json.loads(recipe.to_json())
    jobs = [
        job
        for job in queue.jobs(workspace.config, survey=workspace.survey.name)
        if job.spec.kind == kind and job.spec.run == workspace.run.run_id and job.spec.recipe == wanted
    ]
    return next((job for job in jobs if not job.has_ended), jobs[0] if jobs else None)
