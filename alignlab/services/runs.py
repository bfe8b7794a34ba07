"""Making a run: encode the spectra, align them with the texts, estimate the variables, publish."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.analysis.regression import estimate
from alignlab.config import Config
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.progress import OnStep, part_of, report
from alignlab.services.evaluation import evaluate_latents
from alignlab.services.maps import INSTANT_METHOD, compute_map
from alignlab.store.artefact import Meta, sha256_of
from alignlab.store.run import REPRESENTATIONS, Run, RunContents, write_run
from alignlab.store.survey import Survey
from alignlab.training.alignment import AlignmentResult, train_alignment
from alignlab.training.encoder import ENCODER_WEIGHTS, load_encoder
from alignlab.training.recipe import AlignmentRecipe
from alignlab.variables import VARIABLE_NAMES

ENCODER_PREFIX, HEADS_PREFIX = "encoder.", "heads."


def train_run(
    survey: Survey,
    recipe: AlignmentRecipe | None = None,
    *,
    config: Config,
    seed: int,
    encoder_path: Path = ENCODER_WEIGHTS,
    on_step: OnStep | None = None,
) -> Run:
    """Train the heads of a recipe on a survey with the frozen spectrum encoder, and publish the run.

    An identical recipe on an identical survey with the same seed returns the run that exists.

    Parameters
    ----------
    survey : Survey
        With texts.
    recipe : AlignmentRecipe, optional
        The paper's by default.
    config : Config
        Where runs are kept.
    seed : int
    encoder_path : Path
        Weights of the spectrum encoder.

    Returns
    -------
    Run
    """
    recipe = recipe or AlignmentRecipe()
    inputs = {"survey": survey.digest, "encoder": sha256_of(encoder_path)}
    facts = {"survey": survey.name, "alignment": asdict(recipe), "seed": seed}
    run_id = _run_id(recipe, seed, inputs)
    root = config.runs_dir / survey.name
    if (root / run_id).exists():
        return Run.open(root / run_id)

    report(on_step, 0, 100, "encoding spectra")
    encoder = load_encoder(encoder_path)
    spectrum = encoder.encode_in_batches(survey.spectra)
    reconstruction = encoder.decode_in_batches(spectrum)
    started = time.monotonic()
    result = train_alignment(
        recipe,
        spectrum=spectrum,
        text=survey.text,
        mask=survey.text_mask,
        split=survey.split,
        seed=seed,
        on_step=part_of(on_step, 0.15, 0.85),
    )
    training_s = time.monotonic() - started
    report(on_step, 87, 100, "estimating variables and evaluating")
    latents = {
        "spectrum": spectrum,
        "spectrum_aligned": result.spectrum_aligned,
        "text_aligned": result.text_aligned,
    }
    metrics = evaluate_latents(survey, latents, seed=seed)
    metrics["training"] = {
        "seconds": round(training_s, 1),
        "best_epoch": result.best_epoch,
        "temperature": result.temperature,
        "validation": result.validation.to_dict(),
    }
    run = write_run(
        RunContents(
            latents=latents,
            reconstruction=reconstruction,
            estimates=estimate_all(survey, np.hstack([result.spectrum_aligned, result.text_aligned])),
            metrics=metrics,
            history=pd.DataFrame([asdict(epoch) for epoch in result.history]),
            weights=_all_weights(encoder, result),
        ),
        Meta(kind="run", name=run_id, simulated=survey.simulated, seed=seed, recipe=facts, inputs_sha256=inputs),
        root,
    )
    report(on_step, 97, 100, "first map")
    for representation in REPRESENTATIONS:
        compute_map(survey, run, representation, INSTANT_METHOD)
    report(on_step, 100, 100, "ready")
    return run


def estimate_all(survey: Survey, latents: NDArray[np.float32]) -> pd.DataFrame:
    """Estimate the 20 variables of every source from its neighbours in the training split, itself left out."""
    training = np.flatnonzero(survey.split == "train")
    own_row = np.full(survey.n_sources, -1)
    own_row[training] = np.arange(len(training))
    estimates = estimate(latents, latents[training], survey.variables[training], own_row=own_row)
    return estimates_frame(estimates.value, estimates.low, estimates.high)


def estimates_frame(value: NDArray, low: NDArray, high: NDArray) -> pd.DataFrame:
    """Estimates, each of shape (n, 20), as columns ``<variable>``, ``<variable>_low``, ``<variable>_high``."""
    columns = {}
    for number, name in enumerate(VARIABLE_NAMES):
        columns[name] = value[:, number]
        columns[f"{name}_low"] = low[:, number]
        columns[f"{name}_high"] = high[:, number]
    return pd.DataFrame(columns).astype("float32")


def run_weights(run: Run) -> tuple[SpectrumAutoencoder, dict[str, NDArray]]:
    """The run's spectrum encoder, ready to apply, and the weights of its heads."""
    weights = run.weights()
    encoder = {k.removeprefix(ENCODER_PREFIX): v for k, v in weights.items() if k.startswith(ENCODER_PREFIX)}
    heads = {k.removeprefix(HEADS_PREFIX): v for k, v in weights.items() if k.startswith(HEADS_PREFIX)}
    return SpectrumAutoencoder.from_weights(encoder), heads


def _all_weights(encoder: SpectrumAutoencoder, result: AlignmentResult) -> dict[str, NDArray]:
    weights = {ENCODER_PREFIX + name: value for name, value in encoder.to_weights().items()}
    return weights | {HEADS_PREFIX + name: value for name, value in result.weights.items()}


def _run_id(recipe: AlignmentRecipe, seed: int, inputs: dict[str, str]) -> str:
    """Short id that changes with the recipe, the seed, the survey and the encoder, such as ``paper-7f3a``."""
    facts = "|".join([recipe.to_json(), str(seed), *(f"{k}={v}" for k, v in sorted(inputs.items()))])
    return f"{recipe.name}-{hashlib.sha256(facts.encode()).hexdigest()[:6]}"
