"""Background job: several trainings, combined into one run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind, Rounds
from alignlab.services.job_kinds.trial import published_run, survey_of, survey_with_texts, training_s, trial_spec
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search_recipe import EnsembleRecipe

#: Seconds for 10,000 sources to encode, evaluate and publish.
_PUBLISH_S = 20.0


def plan(spec: JobSpec, rounds: Rounds, config: Config) -> list[JobSpec]:
    """One round: a trial per member."""
    members = EnsembleRecipe.from_json(spec.recipe).trainings(spec.seed)
    return [] if rounds else [trial_spec(spec, member.recipe, seed=member.seed) for member in members]


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Take up the members' trainings and publish them as one run."""
    # Imported here: pages that only name the kinds need not wait for torch.
    from alignlab.services.ensemble import combine

    run = combine(
        survey_of(work.spec, config),
        EnsembleRecipe.from_json(work.spec.recipe),
        config=config,
        seed=work.spec.seed,
        folder=work.folder,
        earlier=[config.data_dir / str(result["folder"]) / work.checkpoint.name for result in work.rounds[0]],
        on_step=work.on_step(),
    )
    return {"run": run.run_id, "survey": work.spec.survey}


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The identical run, if there is one.

    Raises
    ------
    JobError
        If the survey has no texts to align with.
    """
    from alignlab.services.ensemble import ensemble_run_id
    from alignlab.training.encoder import ENCODER_WEIGHTS

    survey_with_texts(spec, config)
    recipe = EnsembleRecipe.from_json(spec.recipe)
    run_id = ensemble_run_id(spec.survey_digest, recipe, seed=spec.seed, encoder_path=ENCODER_WEIGHTS)
    return published_run(spec, run_id, config)


def estimate_s(recipe: EnsembleRecipe, n_sources: int) -> float:
    """Seconds on two cores, one training at a time."""
    trainings = sum(training_s(member.recipe, n_sources) for member in recipe.trainings(0))
    return trainings + _PUBLISH_S * n_sources / 10_000


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
        "Best": replace(_PAPER, name="ensemble-best", n_members=10),
    },
    plan=plan,
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
)
