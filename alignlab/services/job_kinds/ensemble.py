"""Background job: several trainings, combined into one run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.progress import part_of
from alignlab.services.job_kinds import JobKind, Rounds
from alignlab.services.job_kinds.align import BEST
from alignlab.services.job_kinds.small_heads import estimate_s as small_heads_s
from alignlab.services.job_kinds.trial import published_run, survey_of, survey_with_texts, training_s, trial_spec
from alignlab.services.small_heads import small_heads_id
from alignlab.services.workspace import Catalogue
from alignlab.store.heads import head_ids
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search_recipe import EnsembleRecipe
from alignlab.training.small_heads_recipe import BEST_HEADS, SmallHeadsRecipe

#: Seconds for 10,000 sources to encode, evaluate and publish.
_PUBLISH_S = 20.0
#: Of a job with small heads after the run: its part before them.
_SHARE_BEFORE_HEADS = 0.7


def plan(spec: JobSpec, rounds: Rounds, config: Config) -> list[JobSpec]:
    """One round: a trial per member."""
    members = EnsembleRecipe.from_json(spec.recipe).trainings(spec.seed)
    return [] if rounds else [trial_spec(spec, member.recipe, seed=member.seed) for member in members]


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Take up the members' trainings and publish them as one run."""
    # Imported here: pages that only name the kinds need not wait for torch.
    from alignlab.services.ensemble import combine
    from alignlab.services.small_heads import train_small_heads

    survey, recipe, seed = survey_of(work.spec, config), EnsembleRecipe.from_json(work.spec.recipe), work.spec.seed
    heads = _heads_after(recipe)
    step = work.on_step()
    run = combine(
        survey,
        recipe,
        config=config,
        seed=seed,
        folder=work.folder,
        earlier=[config.data_dir / str(result["folder"]) / work.checkpoint.name for result in work.rounds[0]],
        on_step=step if heads is None else part_of(step, 0.0, _SHARE_BEFORE_HEADS),
    )
    if heads is not None:
        work.log(f"published as {run.run_id}; small heads follow")
        after = part_of(step, _SHARE_BEFORE_HEADS, 1.0)
        train_small_heads(survey, run, heads, seed=seed, on_step=after, checkpoint=work.checkpoint)
    return {"run": run.run_id, "survey": work.spec.survey}


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The identical run, if there is one.

    Raises
    ------
    JobError
        If the survey has no texts to align with.
    """
    from alignlab.services.encoded import encoder_file
    from alignlab.services.ensemble import ensemble_run_id

    survey_with_texts(spec, config)
    recipe = EnsembleRecipe.from_json(spec.recipe)
    weights = encoder_file(recipe.base.encoder, config=config)
    run_id = ensemble_run_id(spec.survey_digest, recipe, seed=spec.seed, encoder_path=weights)
    found, heads = published_run(spec, run_id, config), _heads_after(recipe)
    if found is None or heads is None:
        return found
    catalogue = Catalogue(config)
    survey, run = catalogue.survey(spec.survey), catalogue.run(run_id, survey_name=spec.survey)
    return found if small_heads_id(survey, run, heads, spec.seed) in head_ids(run.folder) else None


def estimate_s(recipe: EnsembleRecipe, n_sources: int) -> float:
    """Seconds on two cores, one training at a time."""
    trainings = sum(training_s(member.recipe, n_sources) for member in recipe.trainings(0))
    heads = _heads_after(recipe)
    after = 0.0 if heads is None else small_heads_s(heads, n_sources)
    return trainings + _PUBLISH_S * n_sources / 10_000 + after


def _heads_after(recipe: EnsembleRecipe) -> SmallHeadsRecipe | None:
    return BEST_HEADS if recipe.followed_by == "best heads" else None


_PAPER = EnsembleRecipe()
KIND = JobKind(
    name="ensemble",
    label="Ensemble",
    summary="Train heads several times and let them answer together, by the mean of their similarities.",
    recipe=EnsembleRecipe,
    presets={
        "As in the paper": _PAPER,
        "Fast": replace(
            _PAPER, name="ensemble-fast", n_members=3, base=AlignmentRecipe(temperature="learned", max_epochs=30)
        ),
        "Best": EnsembleRecipe(name="best", n_members=5, base=BEST, followed_by="best heads"),
    },
    plan=plan,
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
)
