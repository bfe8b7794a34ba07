"""Background job: train alignment heads on a survey and publish the run."""

from __future__ import annotations

from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import published_run, survey_of, survey_with_texts
from alignlab.training.recipe import AlignmentRecipe

#: Measured on two cores: seconds to encode, evaluate and publish 10,000 sources, and to train 10,000 pairs of a head
#: with one hidden layer of 256 units for an epoch.
_PUBLISH_S, _EPOCH_S = 12.0, 0.25
#: Epochs after which a training with the paper's patience usually stops.
_TYPICAL_EPOCHS = 40


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Train from the checkpoint on, and publish."""
    # Imported here: pages that only name the kinds need not wait for torch.
    from alignlab.services.runs import train_run

    recipe = AlignmentRecipe.from_json(work.spec.recipe)
    work.log(f"{recipe.digest()} on survey {work.spec.survey}, seed {work.spec.seed}")
    run = train_run(
        survey_of(work.spec, config),
        recipe,
        config=config,
        seed=work.spec.seed,
        on_step=work.on_step(),
        on_epoch=work.tell_epoch,
        checkpoint=work.checkpoint,
    )
    work.log(f"published as {run.run_id}")
    return {"run": run.run_id, "survey": work.spec.survey}


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The identical run, if there is one.

    Raises
    ------
    JobError
        If the survey has no texts to align with.
    MissingArtefactError
        If there is no encoder of the name that the recipe gives.
    """
    from alignlab.services.encoded import encoder_file
    from alignlab.services.runs import alignment_run_id

    survey_with_texts(spec, config)
    recipe = AlignmentRecipe.from_json(spec.recipe)
    weights = encoder_file(recipe.encoder, config=config)
    run_id = alignment_run_id(spec.survey_digest, recipe, seed=spec.seed, encoder_path=weights)
    return published_run(spec, run_id, config)


def estimate_s(recipe: AlignmentRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly: a training may stop earlier, or use all of its epochs."""
    epochs = min(recipe.max_epochs, _TYPICAL_EPOCHS * max(1.0, recipe.patience / 10))
    tuning = len(recipe.temperature_grid) * recipe.tuning_epochs if recipe.is_tuned else 0
    width = max(1.0, recipe.hidden_dim / 256) * max(1, recipe.hidden_layers)
    return (_PUBLISH_S + _EPOCH_S * width * (epochs + tuning)) * n_sources / 10_000


#: What did best on the demo's validation split (docs/experiments.md).
BEST = AlignmentRecipe(
    name="best-single",
    spectrum_input="counts",
    aspect_dropout=0.4,
    text_scale="aspect",
    temperature=0.1,
    max_epochs=120,
    patience=12,
)
KIND = JobKind(
    name="align",
    label="Alignment heads",
    summary="Learn the space in which a source's spectrum and the papers about it meet.",
    recipe=AlignmentRecipe,
    presets={
        "As in the paper": AlignmentRecipe(),
        "Fast": AlignmentRecipe(name="fast", temperature=0.07, hidden_dim=128, max_epochs=20, patience=4),
        "Best": BEST,
    },
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
)
