"""Background jobs, as pages and the command line use them: submit, look, cancel, retry, delete."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.config import Config
from alignlab.jobs.spec import Job, JobError, JobSpec
from alignlab.jobs.work import read_log, read_metrics
from alignlab.services.job_kinds import job_kind
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import check_name, manifest_digest

if TYPE_CHECKING:
    from alignlab.jobs.queue import JobQueue
    from alignlab.training.recipe import Recipe

#: Dotted path by which workers find the kinds of jobs, and what their processes import beforehand: the first optimiser
#: would import torch._dynamo, a second and a half before the first epoch.
KINDS = "alignlab.services.job_kinds:job_kind"
PRELOAD = ("torch", "torch._dynamo", "alignlab.services.runs", "alignlab.services.job_kinds.align")


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """What became of a wish.

    Attributes
    ----------
    job : str
        Id of the job that will do it, or does already; empty where its result is there.
    result : dict
        What an identical job has made before; empty otherwise.
    is_new : bool
        Whether a job was added to the queue.
    """

    job: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    is_new: bool = False


def submit(kind: str, recipe: Recipe, *, config: Config, survey: str, seed: int = 0, run: str = "") -> Submitted:
    """Have something done in the background, unless it has been done or is under way.

    The run that is shown stays the one that is shown, however new another is.

    Parameters
    ----------
    kind : str
        One of `alignlab.services.job_kinds.KINDS`.
    recipe : Recipe
        Of the kind's class.
    config : Config
    survey : str
        Name of the survey to work on, or of what a kind without one makes.
    seed : int
    run : str
        Id of the run to work on, for kinds that need one.

    Returns
    -------
    Submitted

    Raises
    ------
    AlignlabError
        If there is no such kind or survey, or the kind cannot be done with it; nothing is enqueued then.
    """
    if not isinstance(recipe, job_kind(kind).recipe):
        raise JobError(f"A job of kind {kind} takes a {job_kind(kind).recipe.__name__}, not a {type(recipe).__name__}.")
    if seed < 0:
        raise JobError(f"seed must be 0 or more, not {seed}.")
    if job_kind(kind).makes_a_survey:
        check_name(survey)
    else:
        _keep_shown_run(Catalogue(config), survey)
    spec = JobSpec(
        kind=kind,
        survey=survey,
        survey_digest=_present_digest(kind, survey, config),
        recipe=json.loads(recipe.to_json()),
        seed=seed,
        run=run,
    )
    return _submit(config, spec)


def jobs(config: Config, *, survey: str | None = None, parent: str | None = None, limit: int = 100) -> list[Job]:
    """The newest jobs first; parts of others only where `parent` names whose. Nothing is made where none ever was."""
    if not config.jobs_url and not config.jobs_path.exists():
        return []
    return _queue(config).jobs(survey=survey, parent=parent, limit=limit)


def job(config: Config, job_id: str) -> Job:
    """One job; a `JobError` if there is none of that id."""
    return _queue(config).job(job_id)


def cancel(config: Config, job_id: str) -> Job:
    """Stop a job and its parts; one at work ends within a second. One that has ended stays as it is."""
    return _queue(config).cancel(job_id)


def retry(config: Config, job_id: str) -> Submitted:
    """Submit a failed or cancelled job once more, as another attempt; parts of it that succeeded are not done again.

    Raises
    ------
    JobError
        If it has not ended, or its survey has been replaced since.
    """
    known = job(config, job_id)
    if not known.has_ended:
        raise JobError(f"Job {job_id!r} is {known.state}.", remedy="Only one that has ended can be tried again.")
    if _present_digest(known.spec.kind, known.spec.survey, config) != known.spec.survey_digest:
        raise JobError(
            f"Survey {known.spec.survey!r} has been replaced since job {job_id!r} was submitted.",
            remedy="Submit the recipe anew.",
        )
    return _submit(config, known.spec)


def delete_job(config: Config, job_id: str) -> None:
    """Forget an ended job and free its folder; what it made stays."""
    _queue(config).delete(job_id)


def job_folder(config: Config, job_id: str) -> Path:
    """Where a job keeps its checkpoint, progress, figures and log."""
    if not job_id or "/" in job_id or job_id.startswith("."):
        raise JobError(f"{job_id!r} is no job.")
    return config.jobs_dir / job_id


def metrics(config: Config, job_id: str) -> list[dict[str, Any]]:
    """The live figures of a job, one mapping per epoch."""
    return read_metrics(job_folder(config, job_id))


def log_tail(config: Config, job_id: str, n: int = 40) -> list[str]:
    """The last `n` lines that a job printed."""
    return read_log(job_folder(config, job_id), n)


def worker_is_alive(config: Config) -> bool:
    """Whether some worker takes jobs from this queue."""
    from alignlab.jobs.worker import worker_is_alive as is_alive

    return is_alive(config)


def ensure_worker(config: Config) -> bool:
    """Start a worker in the background if none is alive; whether it was started."""
    from alignlab.jobs.worker import ensure_worker as ensure

    return ensure(config, kinds=KINDS, preload=PRELOAD)


def _present_digest(kind: str, survey: str, config: Config) -> str:
    """What tells the survey from another of its name; empty for a kind that works on none."""
    return "" if job_kind(kind).makes_a_survey else manifest_digest(Catalogue(config).survey(survey).folder)


def _keep_shown_run(catalogue: Catalogue, survey: str) -> None:
    """Write down which run is shown, where that follows only from its being the newest."""
    shown = catalogue.active_run_id(survey)
    if shown is not None and catalogue.lab.active_run(survey) is None:
        catalogue.lab.set_active_run(survey, shown)


def _submit(config: Config, spec: JobSpec) -> Submitted:
    kind = job_kind(spec.kind)
    if (result := kind.existing(spec, config)) is not None:
        return Submitted(result=result)
    job_id, is_new = _queue(config).submit(spec, has_parts=kind.plan is not None)
    ensure_worker(config)
    return Submitted(job=job_id, is_new=is_new)


@lru_cache(maxsize=8)
def _queue(config: Config) -> JobQueue:
    # Imported here: the queue's library takes half a second, which pages without jobs need not wait for.
    from alignlab.jobs.queue import JobQueue

    return JobQueue(config)
