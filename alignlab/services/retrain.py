"""Training the heads again in the background, and switching to what came out."""

from __future__ import annotations

from dataclasses import dataclass

from alignlab.progress import OnStep
from alignlab.services.background import Progress, Task
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.run import Run


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """How far a retraining is.

    Attributes
    ----------
    progress : Progress
    is_running : bool
    newest_run : str
        Id of the survey's newest run.
    """

    progress: Progress
    is_running: bool
    newest_run: str


def retraining_task(catalogue: Catalogue, survey: str) -> Task:
    """The background task that trains heads on a survey."""
    return Task(catalogue.config, f"heads-{survey}")


def retraining(workspace: Workspace) -> Retraining:
    """How far the survey's retraining is; nothing is started."""
    catalogue = Catalogue(workspace.config)
    task = retraining_task(catalogue, workspace.survey.name)
    newest = catalogue.run_ids(workspace.survey.name)[-1]
    return Retraining(progress=task.progress(), is_running=task.is_running(), newest_run=newest)


def start_retraining(workspace: Workspace) -> None:
    """Train the heads with the run's recipe from another random start, in a process of its own.

    The run that is shown stays the one that is shown.
    """
    catalogue = Catalogue(workspace.config)
    survey = workspace.survey.name
    show_run(workspace, workspace.run.run_id)
    seeds = [catalogue.run(run_id, survey_name=survey).meta.seed or 0 for run_id in catalogue.run_ids(survey)]
    retraining_task(catalogue, survey).start(
        ["train", "heads", "--background", "--survey", survey, "--seed", str(max(seeds) + 1)]
    )


def retrain(workspace: Workspace, *, seed: int, on_step: OnStep | None = None) -> Run:
    """Train the heads with the recipe of the workspace's run and `seed`; apply the new run to the same surveys."""
    # Imported here: torch takes seconds, which following a training need not wait for.
    from alignlab.services.apply import apply_run
    from alignlab.services.runs import train_run
    from alignlab.training.recipe import AlignmentRecipe

    recipe = AlignmentRecipe.from_json(workspace.run.recipe["alignment"])
    run = train_run(workspace.survey, recipe, config=workspace.config, seed=seed, on_step=on_step)
    for applied in workspace.overlays:
        apply_run(run, workspace.survey, applied.survey)
    return run


def show_run(workspace: Workspace, run_id: str) -> None:
    """Make a run the one that every page shows."""
    Catalogue(workspace.config).lab.set_active_run(workspace.survey.name, run_id)
