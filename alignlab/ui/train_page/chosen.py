"""Which job is looked at: in the page's address, so that a link or the way back finds it again."""

from __future__ import annotations

from collections.abc import Sequence

from alignlab.jobs.spec import Job
from alignlab.ui import address

_JOB = "job"


def chosen_job(jobs: Sequence[Job]) -> Job | None:
    """The job to look at: the one that was chosen, else the newest at work, else the newest; None where there is none.

    Parameters
    ----------
    jobs : sequence of Job
        Newest first.
    """
    wanted = address.choice(_JOB, ["", *(job.id for job in jobs)], "")
    by_id = {job.id: job for job in jobs}
    at_work = (job for job in jobs if job.state == "running")
    return by_id.get(wanted) or next(at_work, None) or next(iter(jobs), None)


def choose_job(job_id: str) -> None:
    """Look at a job from now on."""
    address.choose(_JOB, job_id)
