"""A run's frozen models on another survey: latents, estimates, and how far each source lies from the training."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.novelty import training_distance_percentile, training_distances
from alignlab.analysis.regression import estimate
from alignlab.errors import AlignlabError
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.models.ensemble import apply_aligned, members_of
from alignlab.models.heads import load_heads
from alignlab.progress import OnStep, report
from alignlab.services.runs import estimates_frame, run_weights
from alignlab.store.artefact import Meta
from alignlab.store.overlay import write_overlay
from alignlab.store.run import Overlay, OverlayContents, Run
from alignlab.store.survey import Survey

#: Runs whose models are kept.
_KEPT = 2


def apply_run(
    run: Run, run_survey: Survey, survey: Survey, *, into: Path | None = None, on_step: OnStep | None = None
) -> Overlay:
    """Encode `survey` with the models of `run`, which was trained on `run_survey`, and publish the result.

    Estimates come from the neighbours among the run's training sources in the aligned spectrum space.

    Parameters
    ----------
    into : Path, optional
        Folder in which the result gets one of its own, named like the survey; by default that is beside the run, where
        everybody sees it.

    Raises
    ------
    AlignlabError
        If it is the run's own survey, its spectra are on another energy grid, or the run reads counts and those of a
        source are not known.
    """
    if survey.digest == run_survey.digest:
        raise AlignlabError(f"{survey.name!r} is the survey that run {run.run_id!r} was trained on: nothing to apply.")
    grids = [s.meta.recipe.get("grid_kind", "log") for s in (run_survey, survey)]
    if grids[0] != grids[1]:
        raise AlignlabError(
            f"Run {run.run_id!r} knows spectra on a {grids[0]} energy grid; {survey.name!r} has a {grids[1]} one.",
            remedy=f"Ingest it again with '--grid {grids[0]}'.",
        )
    report(on_step, 0, 3, "encoding spectra")
    models = _models_of(run, run_survey)
    _check_counts(run, models.heads, survey)
    spectrum = models.encoder.encode_in_batches(survey.spectra)
    latents = {"spectrum": spectrum}
    aligned, _ = apply_aligned(models.heads, spectrum=spectrum, bins=survey.spectra, counts=survey.counts)
    assert aligned is not None  # spectra were given, so there is an answer for them
    latents["spectrum_aligned"] = aligned

    report(on_step, 1, 3, "estimating variables")
    training = run_survey.split == "train"
    base = run.latents("spectrum_aligned")[training]
    estimates = estimate(aligned, base, run_survey.variables[training])
    novelty = training_distance_percentile(spectrum, run.latents("spectrum")[training], own=models.distances)

    report(on_step, 2, 3, "saving")
    contents = OverlayContents(
        latents=latents,
        reconstruction=models.encoder.decode_in_batches(spectrum),
        estimates=estimates_frame(estimates.value, estimates.low, estimates.high),
        novelty_percent=novelty.astype(np.float32),
    )
    meta = Meta(
        kind="overlay",
        name=survey.name,
        simulated=survey.simulated,
        recipe={"run": run.run_id},
        inputs_sha256={"survey": survey.digest, "run": run.digest},
    )
    overlay = write_overlay(contents, meta, run.folder / "applied" if into is None else into)
    report(on_step, 3, 3, "ready")
    return overlay


@dataclass(frozen=True, eq=False)
class _Models:
    """What is the same for every survey that a run is applied to; `distances` are those of its training sources."""

    encoder: SpectrumAutoencoder
    heads: dict[str, NDArray]
    distances: NDArray[np.float64]


_models: OrderedDict[tuple[str, str], _Models] = OrderedDict()
_lock = threading.Lock()


def _models_of(run: Run, run_survey: Survey) -> _Models:
    """Those of a run, kept from one dropped spectrum to the next; a second caller waits for the first."""
    key = run_survey.digest, run.digest
    with _lock:
        if key not in _models:
            encoder, heads = run_weights(run)
            training = run.latents("spectrum")[run_survey.split == "train"]
            _models[key] = _Models(encoder, heads, training_distances(training))
            if len(_models) > _KEPT:
                _models.popitem(last=False)
        _models.move_to_end(key)
        return _models[key]


def prepare_models(run: Run, run_survey: Survey) -> None:
    """Load what applying a run takes, so that the first spectrum is as quick as the others."""
    _models_of(run, run_survey)


def _check_counts(run: Run, heads: dict[str, NDArray], survey: Survey) -> None:
    """Refuse a survey with spectra of which only the shape is known, if the run's heads read counts."""
    reads_counts = any(load_heads(member).shape.spectrum_input == "counts" for member in members_of(heads))
    n_unknown = int(survey.sources["counts"].isna().sum())
    if reads_counts and n_unknown:
        raise AlignlabError(
            f"Run {run.run_id!r} reads how many photons were counted; of {n_unknown:,} spectra of {survey.name!r} only "
            "the shape is known.",
            remedy="Apply a run whose spectrum input is 'latents'.",
        )
