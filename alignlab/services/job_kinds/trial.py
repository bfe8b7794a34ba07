"""Part of a background job: train heads once, for an ensemble or a search, and say how good they are."""

from __future__ import annotations

import json
import time
from typing import Any

from alignlab.config import Config
from alignlab.jobs.child import RESULT
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind, job_kind
from alignlab.services.workspace import Catalogue
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search_recipe import TrialRecipe

NAME = "trial"


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Train, leave the checkpoint in the job's folder, and return the figures with the way to that folder."""
    # Imported here: pages that only name the kinds need not wait for torch.
    from alignlab.services.encoded import encoder_file, spectrum_latents
    from alignlab.services.trials import go_on_from, train_heads, trial_facts

    recipe = TrialRecipe.from_json(work.spec.recipe)
    survey = survey_of(work.spec, config)
    go_on_from(work.checkpoint, config.data_dir / recipe.continues / work.checkpoint.name if recipe.continues else None)
    work.progress(0.0, "reading spectra")
    weights = encoder_file(recipe.alignment.encoder, config=config)
    latents = spectrum_latents(survey, config=config, encoder_path=weights)
    started = time.monotonic()

    result = train_heads(
        survey,
        recipe.alignment,
        latents,
        seed=work.spec.seed,
        on_step=work.on_step(),
        on_epoch=work.tell_epoch,
        checkpoint=work.checkpoint,
    )
    return {
        **trial_facts(recipe.alignment, result),
        "seed": work.spec.seed,
        "seconds": round(time.monotonic() - started, 1),
        "folder": str(work.folder.relative_to(config.data_dir)),
    }


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """What an identical trial found, if its folder is still there."""
    return finished_result(spec, config)


def estimate_s(recipe: TrialRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly: those of an ordinary training."""
    return training_s(recipe.alignment, n_sources)


def training_s(recipe: AlignmentRecipe, n_sources: int) -> float:
    """Seconds that training heads takes on two cores, roughly."""
    return job_kind("align").estimate_s(recipe, n_sources)


def trial_spec(parent: JobSpec, recipe: AlignmentRecipe, *, seed: int, continues: str = "") -> JobSpec:
    """The part of a job that trains one recipe from one seed."""
    trial = TrialRecipe(alignment=recipe, continues=continues)
    return JobSpec(
        kind=NAME,
        survey=parent.survey,
        survey_digest=parent.survey_digest,
        recipe=json.loads(trial.to_json()),
        seed=seed,
    )


def finished_result(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The result of an identical job that has ended well and whose folder is still there."""
    answers = sorted(config.jobs_dir.glob(f"{spec.kind}-{spec.digest()}-*/{RESULT}"))
    found: dict[str, Any] | None = json.loads(answers[-1].read_text(encoding="utf-8")) if answers else None
    return found


def published_run(spec: JobSpec, run_id: str, config: Config) -> dict[str, Any] | None:
    """The result of a job that publishes one run, if that run is there."""
    return {"run": run_id, "survey": spec.survey} if (config.runs_dir / spec.survey / run_id).exists() else None


def survey_of(spec: JobSpec, config: Config) -> Survey:
    """The survey that a job was submitted for.

    Raises
    ------
    JobError
        If another one has taken its name.
    """
    survey = Catalogue(config).survey(spec.survey)
    if survey.digest != spec.survey_digest:
        raise JobError(f"survey {spec.survey!r} was replaced after the job was submitted.", remedy="Submit it again.")
    return survey


def run_of(spec: JobSpec, config: Config) -> Run:
    """The run that a job works on.

    Raises
    ------
    JobError
        If the job names none.
    """
    if not spec.run:
        what = job_kind(spec.kind).label.lower()
        raise JobError(f"A job of this kind ({what}) works on a run, and none is named.", remedy="Name a run.")
    return Catalogue(config).run(spec.run, survey_name=spec.survey)


def survey_with_texts(spec: JobSpec, config: Config) -> Survey:
    """The survey that a job was submitted for, if heads can be trained on it.

    Raises
    ------
    JobError
        If it has no texts, or another one has taken its name.
    """
    survey = survey_of(spec, config)
    if not (survey.has_array("text_mask") and survey.text_mask.any()):
        raise JobError(
            f"Survey {spec.survey!r} has no texts, so there is nothing to align its spectra with.",
            remedy="Apply a run of another survey to it instead.",
        )
    return survey


KIND = JobKind(
    name=NAME,
    label="Trial",
    summary="Train heads once, for an ensemble or a search.",
    recipe=TrialRecipe,
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
)
