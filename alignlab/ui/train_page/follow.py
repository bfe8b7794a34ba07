"""The jobs while they run: drawn again every second as long as one is at work, and not at all otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.workspace import Workspace
from alignlab.ui.train_page import live, rows
from alignlab.ui.train_page.chosen import chosen_job

_EVERY = timedelta(seconds=1)
_EMPTY = """<div class="al-empty">No training yet on this survey. Choose what to train and press <b>Train</b>: it runs
in the background, while you go on browsing, and its curves are drawn here.</div>"""


def jobs_on_survey(workspace: Workspace) -> list[Job]:
    """The jobs on the survey that pages show."""
    return queue.jobs(workspace.config, survey=workspace.survey.name)


def show_jobs(
    workspace: Workspace, *, find: Callable[[Workspace], list[Job]] = jobs_on_survey, empty: str = _EMPTY
) -> None:
    """Draw the chosen job and the queue, and keep them up to date while anything waits or runs.

    Parameters
    ----------
    workspace : Workspace
    find : callable
        Which jobs.
    empty : str
        What to do next, as HTML, where there is none.
    """
    busy = any(not job.has_ended for job in find(workspace))
    st.fragment(run_every=_EVERY if busy else None, key="train_jobs")(_draw)(workspace, busy, find, empty)


def _draw(workspace: Workspace, was_busy: bool, find: Callable[[Workspace], list[Job]], empty: str) -> None:
    jobs = find(workspace)
    busy = any(not job.has_ended for job in jobs)
    if busy != was_busy:
        st.rerun(scope="app")
    if not jobs:
        st.html(empty)
        return
    job = chosen_job(jobs)
    if job is not None:
        live.show_live(workspace, job, act=_act)
    _worker_line(workspace, busy)
    rows.show_rows(workspace, jobs, chosen="" if job is None else job.id, act=_act)


def _act(action: Callable[[], object]) -> None:
    """Do what a button says and draw everything again; what cannot be done is said."""
    try:
        action()
    except AlignlabError as error:
        st.error(str(error))
        return
    st.rerun(scope="app")


def _worker_line(workspace: Workspace, busy: bool) -> None:
    """Whether somebody is there to do the work; one is started where jobs wait for it."""
    if queue.worker_is_alive(workspace.config):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if busy:
            queue.ensure_worker(workspace.config)
            st.html('<p class="al-dim">No worker was alive; one is starting.</p>', width="content")
        else:
            st.html('<p class="al-dim">No worker is running; the next job starts one.</p>', width="content")
