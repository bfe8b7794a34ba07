"""The chosen job: how far it is, its curves, what can be done with it, its log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from alignlab.jobs.spec import Job
from alignlab.services import jobs as queue
from alignlab.services.job_kinds import job_kind
from alignlab.services.retrain import runs_of, show_run, try_again
from alignlab.services.workspace import Workspace
from alignlab.ui.theme import shade
from alignlab.ui.train_page import tell
from alignlab.ui.train_page.chosen import choose_job
from alignlab.ui.train_page.curves import ROW_HEIGHT, curves_figure, curves_key
from alignlab.ui.train_page.trials import show_trials

_LOG_LINES = 200
_DRAWN = "train_curves_drawn"
#: A browser takes a quarter of a second to draw the curves again. After a tenth of the time that a training has run,
#: they have grown visibly; nobody waits longer than this.
_LONGEST_PAUSE_S = 5.0
_CONFIG = {"displayModeBar": False}

Act = Callable[[Callable[[], object]], None]


def show_live(workspace: Workspace, job: Job, *, act: Act) -> None:
    """Draw everything about one job."""
    with st.container(key="train_live"):
        label = job_kind(job.spec.kind).label
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f'<h2 class="al-part al-job al-{job.state}">{escape(tell.title(job, label))} '
                f'<span class="al-dim" data-state="{job.state}">{escape(tell.state_line(job))}</span></h2>',
                width="stretch",
            )
            _actions(workspace, job, act)
        if not job.has_ended:
            message = job.progress.message or ("waiting for its turn" if job.state == "queued" else "starting")
            st.progress(min(max(job.progress.fraction, 0.0), 1.0), text=message)
        elif job.error:
            st.error(job.error)
        _figures(workspace, job)
        st.html(f'<p class="al-dim al-provenance">{escape(tell.provenance(job))}</p>')
        _log(workspace, job)


def _actions(workspace: Workspace, job: Job, act: Act) -> None:
    config = workspace.config
    if not job.has_ended:
        if st.button("Cancel", key="train_cancel", icon=":material/close:"):
            act(partial(queue.cancel, config, job.id))
        return
    made = tell.made(job.result)
    if made.kind == "run" and made.name in runs_of(workspace):
        _made(workspace, made.name, act)
    elif made.name:
        st.html(f'<span class="al-dim">{escape(made.kind)} {escape(made.name)}</span>', width="content")
    if job.state in ("failed", "cancelled") and st.button("Try again", key="train_retry", icon=":material/refresh:"):
        act(lambda: choose_job(try_again(workspace, job.id) or job.id))
    if st.button("Delete job", key="train_delete", icon=":material/delete:", type="tertiary"):
        act(partial(queue.delete_job, config, job.id))


def _made(workspace: Workspace, run: str, act: Act) -> None:
    """What can be done with the run that came out."""
    shown = workspace.run.run_id
    if run == shown:
        st.html('<span class="al-dim">this run is shown</span>', width="content")
        return
    if st.button(f"Show run {run}", key="train_show", type="primary"):
        act(partial(show_run, workspace, run))
    st.page_link("pages/runs.py", label=f"Compare with {shown}", query_params={"compare": f"{shown},{run}"})


def _figures(workspace: Workspace, job: Job) -> None:
    if show_trials(workspace, job) or job_kind(job.spec.kind).makes_a_survey:
        return
    metrics = _worth_drawing(job, queue.metrics(workspace.config, job.id))
    if metrics:
        n_validation = int(np.sum(workspace.survey.split == "validation"))
        st.html(curves_key(metrics, shade()))
        figure = curves_figure(metrics, shade=shade(), n_validation=n_validation)
        st.plotly_chart(figure, key="train_curves", config=_CONFIG, alt=f"Figures of {job.id} by epoch")
    elif not job.has_ended:
        st.html(f'<div class="al-curves-wait" style="height: {2 * ROW_HEIGHT + 20}px">first figures soon</div>')


def _worth_drawing(job: Job, metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures so far, or those that are drawn already where it is too soon to draw them again."""
    drawn = st.session_state.get(_DRAWN)
    pause = min(tell.ran_for_s(job) / 10, _LONGEST_PAUSE_S)
    now = time.monotonic()
    if drawn is not None and drawn.job == job.id and not job.has_ended and now - drawn.at < pause:
        return metrics[: drawn.n]
    st.session_state[_DRAWN] = _Drawn(job=job.id, n=len(metrics), at=now)
    return metrics


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """How many epochs of which job are on the screen, and since when."""

    job: str
    n: int
    at: float


def _log(workspace: Workspace, job: Job) -> None:
    folded = st.expander("Log", key="train_log", on_change="rerun", type="compact")
    if folded.open:
        lines = queue.log_tail(workspace.config, job.id, _LOG_LINES)
        folded.code("\n".join(lines) or "Nothing has been logged.", language=None, height=220)
