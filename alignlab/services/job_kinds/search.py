"""Background job: search for a good alignment recipe, and publish what it found."""

from __future__ import annotations

from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind, Rounds
from alignlab.services.job_kinds.trial import finished_result, survey_with_texts, training_s
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search import rungs_of
from alignlab.training.search_recipe import SearchRecipe

#: Seconds for 10,000 sources to encode, evaluate and publish a run.
_PUBLISH_S = 20.0


def plan(spec: JobSpec, rounds: Rounds, config: Config) -> list[JobSpec]:
    """The next round of trials."""
    # Imported here, as below: pages that only name the kinds need not wait for torch.
    from alignlab.services.search_runs import plan_search

    return plan_search(spec, rounds)


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Publish the best trials and the table of all."""
    from alignlab.services.search_runs import finish_search

    return finish_search(work, config)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """What an identical search made, while all of it is there.

    Raises
    ------
    JobError
        If the survey has no texts to align with.
    """
    survey_with_texts(spec, config)
    found = finished_result(spec, config)
    there = found is not None and all((config.runs_dir / spec.survey / run).exists() for run in found["runs"])
    return found if there else None


def estimate_s(recipe: SearchRecipe, n_sources: int) -> float:
    """Seconds on two cores, one trial at a time; a trial that goes on does not begin again."""
    whole = training_s(recipe.base, n_sources)
    epochs, share = 0, 0.0
    for rung in rungs_of(recipe):
        share += rung.n_trials * (rung.max_epochs - epochs) / recipe.base.max_epochs
        epochs = rung.max_epochs
    n_published = 1 if recipe.keep_as == "ensemble" else recipe.keep
    return whole * share + n_published * _PUBLISH_S * n_sources / 10_000


_LEARNED = AlignmentRecipe(temperature="learned")
KIND = JobKind(
    name="search",
    label="Search for a recipe",
    summary="Try recipes against each other on the validation split, and keep the best as runs or as an ensemble.",
    recipe=SearchRecipe,
    presets={
        "Fast": SearchRecipe(base=_LEARNED),
        # A hundred whole trainings: nobody should start them by not choosing.
        "As in the paper": SearchRecipe(name="search-grid", strategy="grid"),
        "Best": SearchRecipe(name="search-best", n_trials=81, keep=5, keep_as="ensemble", base=_LEARNED),
    },
    plan=plan,
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
)
