"""Making a run: encode the spectra, align them with the texts, estimate the variables, publish."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.analysis.regression import estimate
from alignlab.config import Config
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.models.spectrum_input import spectrum_inputs
from alignlab.progress import OnStep, part_of, report
from alignlab.services.encoded import encoder_file, prepare_spectra
from alignlab.services.evaluate.summary import evaluate_latents
from alignlab.services.maps import INSTANT_METHOD, compute_map
from alignlab.store.artefact import AlreadyPublishedError, Meta, sha256_of
from alignlab.store.run import REPRESENTATIONS, Run, RunContents, write_run
from alignlab.store.survey import Survey
from alignlab.training.alignment import OnEpoch, train_alignment
from alignlab.training.recipe import AlignmentRecipe
from alignlab.variables import VARIABLE_NAMES

ENCODER_PREFIX, HEADS_PREFIX = "encoder.", "heads."


def train_run(
    survey: Survey,
    recipe: AlignmentRecipe | None = None,
    *,
    config: Config,
    seed: int,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
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
    on_step, on_epoch, checkpoint
        As for `alignlab.training.alignment.train_alignment`.

    Returns
    -------
    Run
    """
    recipe = recipe or AlignmentRecipe()
    encoder_path = encoder_file(recipe.encoder, config=config)
    inputs = {"survey": survey.digest, "encoder": sha256_of(encoder_path)}
    facts = {"survey": survey.name, "alignment": asdict(recipe), "seed": seed}
    run_id = alignment_run_id(survey.digest, recipe, seed=seed, encoder_path=encoder_path)
    if run := existing_run(survey, run_id, config=config):
        make_first_maps(survey, run)
        return run
    report(on_step, 0, 100, "encoding spectra")
    encoder, spectrum, reconstruction = prepare_spectra(survey, config=config, encoder_path=encoder_path)
    started = time.monotonic()
    result = train_alignment(
        recipe,
        spectrum=spectrum_inputs(recipe.spectrum_input, spectrum, survey.spectra, survey.counts),
        text=survey.text,
        mask=survey.text_mask,
        split=survey.split,
        seed=seed,
        on_step=part_of(on_step, 0.15, 0.85),
        on_epoch=on_epoch,
        checkpoint=checkpoint,
    )
    return finish_run(
        survey,
        config=config,
        name=run_id,
        seed=seed,
        facts=facts,
        inputs=inputs,
        encoder=encoder,
        spectrum=spectrum,
        reconstruction=reconstruction,
        spectrum_aligned=result.spectrum_aligned,
        text_aligned=result.text_aligned,
        heads_weights=result.weights,
        history=pd.DataFrame([asdict(epoch) for epoch in result.history]),
        training={
            "seconds": round(time.monotonic() - started, 1),
            "best_epoch": result.best_epoch,
            "temperature": result.temperature,
            "validation": result.validation.to_dict(),
        },
        on_step=part_of(on_step, 0.87, 1.0),
    )


def finish_run(
    survey: Survey,
    *,
    config: Config,
    name: str,
    seed: int,
    facts: dict[str, Any],
    inputs: dict[str, str],
    encoder: SpectrumAutoencoder,
    spectrum: NDArray[np.float32],
    reconstruction: NDArray[np.float32],
    spectrum_aligned: NDArray[np.float32],
    text_aligned: NDArray[np.float32],
    heads_weights: Mapping[str, NDArray],
    history: pd.DataFrame,
    training: dict[str, Any],
    on_step: OnStep | None = None,
) -> Run:
    """Evaluate what a training made, estimate the variables, publish the run and make its first maps.

    A run of that name which is there already, because this was killed after publishing it, is completed and returned.

    Parameters
    ----------
    survey : Survey
    config : Config
        Where runs are kept.
    name : str
        The run's id, see `run_id_of`.
    seed : int
        Also of the bootstrap.
    facts : dict
        How it was made, as JSON: at least `survey`, its name.
    inputs : dict of str to str
        sha256 of what it was made from.
    encoder, spectrum, reconstruction
        From `alignlab.services.encoded.prepare_spectra`.
    spectrum_aligned, text_aligned : ndarray of float32, shape (n, d)
        Unit vectors.
    heads_weights : mapping of str to ndarray
        Weights of the heads, or of an ensemble of them.
    history : DataFrame
        One row per epoch.
    training : dict
        Figures of the training, which become `training` among the run's metrics.

    Returns
    -------
    Run
    """
    run = existing_run(survey, name, config=config)
    if run is None:
        report(on_step, 0, 100, "estimating variables and evaluating")
        latents = {"spectrum": spectrum, "spectrum_aligned": spectrum_aligned, "text_aligned": text_aligned}
        weights = {ENCODER_PREFIX + key: value for key, value in encoder.to_weights().items()}
        contents = RunContents(
            latents=latents,
            reconstruction=reconstruction,
            estimates=estimate_all(survey, np.hstack([spectrum_aligned, text_aligned])),
            metrics=evaluate_latents(survey, latents, seed=seed) | {"training": training},
            history=history,
            weights=weights | {HEADS_PREFIX + key: value for key, value in heads_weights.items()},
        )
        meta = Meta(kind="run", name=name, simulated=survey.simulated, seed=seed, recipe=facts, inputs_sha256=inputs)
        try:
            run = write_run(contents, meta, config.runs_dir / survey.name)
        except AlreadyPublishedError:
            # Another process made the same run meanwhile: same recipe, seed and inputs.
            run = Run.open(config.runs_dir / survey.name / name)
    report(on_step, 75, 100, "first map")
    make_first_maps(survey, run)
    report(on_step, 100, 100, "ready")
    return run


def make_first_maps(survey: Survey, run: Run) -> None:
    """Make those maps of a run that take no time, as far as they are not there."""
    for representation in REPRESENTATIONS:
        if not run.has_projection(representation, INSTANT_METHOD):
            compute_map(survey, run, representation, INSTANT_METHOD)


def existing_run(survey: Survey, name: str, *, config: Config) -> Run | None:
    """The published run of that name, if there is one."""
    folder = config.runs_dir / survey.name / name
    return Run.open(folder) if folder.exists() else None


def alignment_run_id(survey_digest: str, recipe: AlignmentRecipe, *, seed: int, encoder_path: Path) -> str:
    """Id of the run that this recipe makes of a survey."""
    inputs = {"survey": survey_digest, "encoder": sha256_of(encoder_path)}
    return run_id_of(recipe.name, recipe.identity(), str(seed), inputs=inputs)


def run_id_of(name: str, *facts: str, inputs: Mapping[str, str]) -> str:
    """Short id that changes with any of the facts and the digests of the inputs, such as ``paper-7f3a12``."""
    text = "|".join([*facts, *(f"{k}={v}" for k, v in sorted(inputs.items()))])
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


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
