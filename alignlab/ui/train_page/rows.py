"""The queue: one line per job, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.job_kinds import job_kind
from alignlab.services.workspace import Workspace
from alignlab.ui.train_page import tell
from alignlab.ui.train_page.chosen import choose_job

#: Jobs that have ended, shown before "Show all".
_FEW = 6

Act = Callable[[Callable[[], object]], None]


def show_rows(workspace: Workspace, jobs: Sequence[Job], *, chosen: str, act: Act) -> None:
    """Draw the queue; pressing a job's name looks at it."""
    at_work = [job for job in jobs if not job.has_ended]
    ended = [job for job in jobs if job.has_ended]
    show_all = st.session_state.get("train_all_jobs", False)
    shown = at_work + (ended if show_all else ended[:_FEW])
    st.html(f'<h2 class="al-part">Jobs <span class="al-dim">{_count(at_work, ended)}</span></h2>')
    with st.container(key="train_rows", gap=None):
        for job in shown:
            _row(workspace, job, is_chosen=job.id == chosen, act=act)
    if len(ended) > _FEW:
        st.toggle(f"Show all {len(jobs)}", key="train_all_jobs")


def _count(at_work: Sequence[Job], ended: Sequence[Job]) -> str:
    running = sum(job.state == "running" for job in at_work)
    parts = [(running, "running"), (len(at_work) - running, "waiting"), (len(ended), "ended")]
    return " · ".join(f"{n} {word}" for n, word in parts if n)


def _row(workspace: Workspace, job: Job, *, is_chosen: bool, act: Act) -> None:
    label = job_kind(job.spec.kind).label
    with st.container(key=f"train_row_{job.id}", horizontal=True, vertical_alignment="center"):
        st.button(
            tell.title(job, label), key=f"train_look_{job.id}", type="tertiary", on_click=choose_job, args=(job.id,)
        )
        mark = ' class="al-chosen"' if is_chosen else ""
        width = f"{100 * job.progress.fraction:.0f}%" if job.state == "running" else "0"
        state = f'<i style="--w: {width}"></i><span{mark}>{escape(tell.state_line(job))}</span>'
        st.html(f'<div class="al-job al-{job.state}">{state}<small>{tell.ago(job.created_utc)}</small></div>')
        if not job.has_ended and st.button(
            f"Cancel {job.id}", key=f"train_stop_{job.id}", type="tertiary", icon=":material/close:"
        ):
            act(partial(queue.cancel, workspace.config, job.id))
