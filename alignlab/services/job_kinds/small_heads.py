"""Background job: fit small heads to the latents of a run."""

from __future__ import annotations

from typing import Any

from alignlab.config import Config
from alignlab.errors import MissingArtefactError
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import run_of, survey_of
from alignlab.services.small_heads import PRESETS, small_heads_id, train_small_heads
from alignlab.store.heads import head_ids
from alignlab.store.run import Run
from alignlab.training.small_heads.heads import n_members
from alignlab.training.small_heads_recipe import SmallHeadsRecipe

#: Seconds for 10,000 sources on two cores: one member's task by nearest neighbours or a linear model, and one epoch.
_CLOSED_S = {"knn": 8.0, "ridge": 25.0}
_EPOCH_S = 0.5
#: Epochs after which a network usually stops.
_TYPICAL_EPOCHS = 20


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Fit, publish beside the run, and say where."""
    recipe = SmallHeadsRecipe.from_json(work.spec.recipe)
    run, survey = run_of(work.spec, config), survey_of(work.spec, config)
    work.log(f"{recipe.name}: {recipe.method}, {recipe.fusion} of {', '.join(recipe.modalities)}, on run {run.run_id}")

    heads = train_small_heads(
        survey,
        run,
        recipe,
        seed=work.spec.seed,
        on_step=work.on_step(),
        on_epoch=work.tell_epoch,
        checkpoint=work.checkpoint,
    )
    work.log(f"published as {heads.heads_id}")
    return _result(work.spec, run, heads.heads_id)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The identical heads, if the run has them."""
    try:
        run, survey = run_of(spec, config), survey_of(spec, config)
    except MissingArtefactError:
        return None
    heads_id = small_heads_id(survey, run, SmallHeadsRecipe.from_json(spec.recipe), spec.seed)
    return _result(spec, run, heads_id) if heads_id in head_ids(run.folder) else None


def estimate_s(recipe: SmallHeadsRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    epochs = min(recipe.max_epochs, _TYPICAL_EPOCHS)
    each = _EPOCH_S * epochs if recipe.is_network else _CLOSED_S[recipe.method]
    return each * n_members(recipe) * len(recipe.tasks) * n_sources / 10_000


def _result(spec: JobSpec, run: Run, heads_id: str) -> dict[str, Any]:
    return {"survey": spec.survey, "run": run.run_id, "heads": heads_id}


KIND = JobKind(
    name="small-heads",
    label="Small heads",
    summary="Estimate the 20 variables and the class from the frozen latents of a run, with calibrated intervals.",
    recipe=SmallHeadsRecipe,
    presets=PRESETS,
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    on_a_run=True,
)
