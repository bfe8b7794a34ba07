"""Background job: train a spectrum encoder on the spectra of a survey."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import alignlab
from alignlab.config import Config
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import survey_of
from alignlab.spectra.grid import energy_grid
from alignlab.store.artefact import write_file_atomically
from alignlab.training.recipe import EncoderRecipe

#: Seconds on two cores for 10,000 spectra, one epoch of the recipe's own size.
_EPOCH_S = 40.0


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Train from the checkpoint on; the weights appear last, when what they are is written beside them."""
    # Imported here: pages that only name the kinds need not wait for torch.
    from alignlab.training.encoder import save_encoder, train_encoder

    recipe, path = EncoderRecipe.from_json(work.spec.recipe), _path(work.spec, config)
    if path.exists():
        return _result(work.spec, path)
    survey = survey_of(work.spec, config)
    is_simulated = survey.has_array("expected")
    result = train_encoder(
        recipe,
        counts=survey.array("counts"),
        split=survey.split,
        expected=survey.array("expected") if is_simulated else None,
        grid=energy_grid(survey.meta.recipe.get("grid_kind", "log")),
        seed=work.spec.seed,
        on_step=work.on_step(),
        on_epoch=work.tell_epoch,
        checkpoint=work.checkpoint,
    )
    facts: dict[str, object] = {
        "survey": survey.name,
        "survey_sha256": survey.digest,
        "simulated": survey.simulated,
        "seed": work.spec.seed,
        "best_epoch": result.best_epoch,
        "validation_mae": result.history[result.best_epoch - 1].validation_mae,
        "alignlab_version": alignlab.__version__,
    }
    provenance = json.dumps({"recipe": json.loads(recipe.to_json()), **facts}, indent=1, sort_keys=True)

    def write(partial: Path) -> None:
        partial.write_text(provenance, encoding="utf-8")

    write_file_atomically(path.with_suffix(".json"), write)
    save_encoder(path, result.model, recipe=recipe, facts=facts)
    return _result(work.spec, path)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The identical encoder, if there is one.

    Raises
    ------
    JobError
        If the recipe wants noise-free spectra and the survey was observed.
    """
    recipe = EncoderRecipe.from_json(spec.recipe)
    if not survey_of(spec, config).has_array("expected") and (recipe.augment or recipe.target == "expected"):
        raise JobError(
            f"Survey {spec.survey!r} was observed: nobody knows its spectra without their noise.",
            remedy='Choose target "observed" and switch augment off, as the preset "As in the paper" does.',
        )
    path = _path(spec, config)
    return _result(spec, path) if path.exists() else None


def estimate_s(recipe: EncoderRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly: the time grows with the width of the transformer and the number of tokens."""
    usual = EncoderRecipe()
    width = (recipe.d_model / usual.d_model) ** 1.5 * usual.patch_size / recipe.patch_size
    depth = (recipe.encoder_layers + recipe.decoder_layers) / (usual.encoder_layers + usual.decoder_layers)
    return 5.0 + _EPOCH_S * width * depth * recipe.max_epochs * n_sources / 10_000


def _path(spec: JobSpec, config: Config) -> Path:
    return config.encoders_dir / f"{EncoderRecipe.from_json(spec.recipe).name}-{spec.digest()[:6]}.safetensors"


def _result(spec: JobSpec, path: Path) -> dict[str, Any]:
    return {"encoder": path.stem, "survey": spec.survey}


KIND = JobKind(
    name="encoder",
    label="Spectrum encoder",
    summary="Learn to compress a spectrum to a few numbers from which it can be drawn again.",
    recipe=EncoderRecipe,
    presets={
        "Denoising": EncoderRecipe(name="encoder"),
        "As in the paper": EncoderRecipe(name="encoder-paper", target="observed", augment=False),
        # The earlier study compressed a spectrum to eight numbers (arXiv:2510.14102).
        "Eight numbers": EncoderRecipe(name="encoder-eight", target="observed", augment=False, latent_dim=8),
        "Recurrent": EncoderRecipe(name="encoder-recurrent", mixing="recurrence"),
        "Small": EncoderRecipe(
            name="encoder-small",
            patch_size=40,
            d_model=16,
            n_heads=2,
            encoder_layers=1,
            decoder_layers=1,
            token_dim=8,
            max_epochs=3,
        ),
    },
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
)
