"""Training beside the run that is shown, in the background or at once, and switching to what came out."""

from __future__ import annotations

import json
from typing import Any

from alignlab.jobs.spec import Job, JobSpec
from alignlab.progress import OnStep
from alignlab.services import jobs as queue
from alignlab.services.apply import apply_run
from alignlab.services.job_kinds import job_kind
from alignlab.services.jobs import Submitted
from alignlab.services.run_shelf import lay_over, not_laid_over, promote
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.run import Run
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.recipe_base import Recipe


def needs_run(kind: str) -> bool:
    """Whether a job of this kind works on a run."""
    return job_kind(kind).on_a_run


def existing_result(workspace: Workspace, kind: str, recipe: Recipe, *, seed: int) -> dict[str, Any]:
    """What an identical job has made already; empty where there has been none."""
    spec = JobSpec(
        kind=kind,
        survey=workspace.survey.name,
        survey_digest=workspace.survey.digest,
        recipe=json.loads(recipe.to_json()),
        seed=seed,
        run=_run(workspace, kind),
    )
    return job_kind(kind).existing(spec, workspace.config) or {}


def next_seed(workspace: Workspace) -> int:
    """A seed that no run and no job of the survey has had."""
    catalogue, survey = Catalogue(workspace.config), workspace.survey.name
    runs = [catalogue.run(run_id, survey_name=survey).meta.seed or 0 for run_id in catalogue.run_ids(survey)]
    return 1 + max([*runs, *(job.spec.seed for job in queue.jobs(workspace.config, survey=survey))])


def train(workspace: Workspace, kind: str, recipe: Recipe, *, seed: int) -> Submitted:
    """Submit a job on the workspace's survey, and on its run where the kind works on one."""
    survey = workspace.survey.name
    return queue.submit(kind, recipe, config=workspace.config, survey=survey, seed=seed, run=_run(workspace, kind))


def retrain_heads(workspace: Workspace) -> Submitted:
    """Submit a training of the heads with the recipe of the workspace's run, from another random start."""
    recipe = AlignmentRecipe.from_json(workspace.run.recipe["alignment"])
    return train(workspace, "align", recipe, seed=next_seed(workspace))


def latest_retraining(workspace: Workspace) -> Job | None:
    """The newest job that trains heads on the survey; None where there is none."""
    found = (job for job in queue.jobs(workspace.config, survey=workspace.survey.name) if job.spec.kind == "align")
    return next(found, None)


def retrain(workspace: Workspace, *, seed: int, on_step: OnStep | None = None) -> Run:
    """Train the heads here and now with the recipe of the workspace's run; apply the new run to the same surveys."""
    # Imported here: the trainer takes a second, which following a training need not wait for.
    from alignlab.services.runs import train_run

    recipe = AlignmentRecipe.from_json(workspace.run.recipe["alignment"])
    run = train_run(workspace.survey, recipe, config=workspace.config, seed=seed, on_step=on_step)
    for applied in workspace.overlays:
        apply_run(run, workspace.survey, applied.survey)
    return run


def try_again(workspace: Workspace, job_id: str) -> str:
    """Submit a failed or cancelled job once more; the id of the new attempt, empty where its result is there."""
    return queue.retry(workspace.config, job_id).job


def runs_of(workspace: Workspace) -> list[str]:
    """Ids of the runs of the workspace's survey, oldest first."""
    return Catalogue(workspace.config).run_ids(workspace.survey.name)


def show_run(workspace: Workspace, run_id: str) -> None:
    """Make a run the one that every page shows; surveys laid over the present one are laid over it in the background.

    Raises
    ------
    AlignlabError
        If the run cannot be shown: nothing has changed then.
    """
    catalogue, survey = Catalogue(workspace.config), workspace.survey.name
    if promote(catalogue, survey, run_id) is not None:
        lay_over(catalogue, survey, not_laid_over(catalogue, survey))


def _run(workspace: Workspace, kind: str) -> str:
    return workspace.run.run_id if needs_run(kind) else ""
