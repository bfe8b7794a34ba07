"""One training among many: heads trained for an ensemble or a search, scored, and published nowhere.

A published run of 11,447 sources takes 33 MB and some seconds of evaluation; what a trial leaves is its checkpoint, a
few MB in the folder of its job, from which whoever wants the trained heads has them at once.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.models.spectrum_input import spectrum_inputs
from alignlab.progress import OnStep
from alignlab.store.artefact import write_file_atomically
from alignlab.store.survey import Survey
from alignlab.training.alignment import AlignmentResult, OnEpoch, train_alignment
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search_recipe import AXES


def train_heads(
    survey: Survey,
    recipe: AlignmentRecipe,
    latents: NDArray[np.float32],
    *,
    seed: int,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
) -> AlignmentResult:
    """Train heads on a survey whose spectra are encoded already.

    Parameters
    ----------
    survey : Survey
        With texts.
    recipe : AlignmentRecipe
    latents : ndarray of float32, shape (n, d)
        From `alignlab.services.encoded.spectrum_latents`.
    seed, on_step, on_epoch, checkpoint
        As for `alignlab.training.alignment.train_alignment`.
    """
    return train_alignment(
        recipe,
        spectrum=spectrum_inputs(recipe.spectrum_input, latents, survey.spectra, survey.counts),
        text=survey.text,
        mask=survey.text_mask,
        split=survey.split,
        seed=seed,
        on_step=on_step,
        on_epoch=on_epoch,
        checkpoint=checkpoint,
    )


def go_on_from(checkpoint: Path, earlier: Path | None) -> None:
    """Begin where another training left off: copy its checkpoint, unless there is one already or none to copy.

    The training itself refuses a checkpoint that does not belong to it, and begins anew.
    """
    if earlier is not None and earlier.is_file() and not checkpoint.exists():
        write_file_atomically(checkpoint, lambda path: (shutil.copyfile(earlier, path), None)[1])


def trial_facts(recipe: AlignmentRecipe, result: AlignmentResult) -> dict[str, Any]:
    """What is known of a trial, as JSON: ``values`` of what a search may vary, and the figures of its best epoch.

    Parameters
    ----------
    recipe : AlignmentRecipe
    result : AlignmentResult

    Returns
    -------
    dict
        `values`, `max_epochs`, `epochs` (done), `best_epoch`, `temperature`, and on the validation split `score` (mean
        logarithm of the rank, None if no epoch had one), `recall_at_1_percent`, `recall_at_5_percent`, `median_rank`.
    """
    best = [epoch for epoch in result.history if epoch.epoch == result.best_epoch and epoch.phase == "training"]
    figures = asdict(best[0]) if best else {}
    return {
        "values": {axis: getattr(recipe, axis) for axis in AXES},
        "max_epochs": recipe.max_epochs,
        "epochs": sum(epoch.phase == "training" for epoch in result.history),
        "best_epoch": result.best_epoch,
        "temperature": result.temperature,
        "score": figures.get("validation_score"),
        **{name: figures.get(name) for name in ("recall_at_1_percent", "recall_at_5_percent", "median_rank")},
    }
