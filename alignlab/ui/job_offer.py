"""Work that a page needs and that takes too long to wait for: offered as a job, then followed until it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Literal

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
Verb = Literal["compute", "find"]
_DONE: dict[Verb, str] = {"compute": "computed", "find": "found"}


def offer_job(
    workspace: Workspace,
    kind: str,
    recipe: Recipe,
    *,
    what: str,
    key: str,
    verb: Verb = "compute",
    at_once: bool = False,
    serves: Callable[[Job], bool] | None = None,
) -> None:
    """Say how far a job on the run that is shown is, or offer it.

    Parameters
    ----------
    workspace : Workspace
    kind : str
        A key of `alignlab.services.job_kinds.KINDS`, of a job that works on a run.
    recipe : Recipe
    what : str
        What it makes, in the singular, to begin a sentence.
    key : str
        Unique on the page.
    verb : {"compute", "find"}
        What is done to it.
    at_once : bool
        Submit it without being asked, unless it has been tried before.
    serves : callable, optional
        Whether a job of that kind on this run makes it, too; those of the same recipe do by default.
    """
    wanted = json.loads(recipe.to_json())
    looked_for = serves or (lambda job: job.spec.recipe == wanted)
    try:
        job = _last_job(workspace, kind, looked_for)
        if job is None and at_once:
            _submit(workspace, kind, recipe)
            job = _last_job(workspace, kind, looked_for)
    except AlignlabError as error:
        st.error(str(error))
        return
    if job is not None and not job.has_ended:
        st.fragment(run_every=_EVERY, key=f"at_work_{key}")(_tell_progress)(workspace.config, job.id, what, verb)
        return
    if job is not None and job.state == "failed":
        st.error(f"{what} could not be {_DONE[verb]}. {job.error}")
    seconds = words.duration(job_kind(kind).estimate_s(recipe, workspace.survey.n_sources))
    with st.container(horizontal=True, vertical_alignment="center", key=f"offer_{key}"):
        st.html(f'<p class="al-dim">{what} of run {workspace.run.run_id}: not {_DONE[verb]} yet.</p>', width="content")
        st.button(
            f"{verb.capitalize()} · about {seconds}",
            key=f"{verb}_{key}",
            icon=":material/play_arrow:",
            on_click=partial(_submit, workspace, kind, recipe),
        )


def _tell_progress(config: Config, job_id: str, what: str, verb: Verb) -> None:
    job = queue.job(config, job_id)
    if job.has_ended:
        st.rerun(scope="app")
    left = job.progress.remaining_s
    told = [f"{what}: being {_DONE[verb]}, it appears here by itself", job.progress.message]
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


def _last_job(workspace: Workspace, kind: str, serves: Callable[[Job], bool]) -> Job | None:
    """The newest job that serves and is at work, else the newest one."""
    jobs = [
        job
        for job in queue.jobs(workspace.config, survey=workspace.survey.name)
        if job.spec.kind == kind and job.spec.run == workspace.run.run_id and serves(job)
    ]
    return next((job for job in jobs if not job.has_ended), jobs[0] if jobs else None)
