"""A survey's spectra as the frozen encoder sees them, encoded once and then taken from wherever they are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from alignlab.config import Config
from alignlab.errors import MissingArtefactError
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import read_manifest, sha256_of, write_file_atomically
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.encoder import ENCODER_WEIGHTS, load_encoder

_LATENTS = "spectrum"


def encoder_file(name: str, *, config: Config) -> Path:
    """Weights of the encoder that a recipe names; those in the package where it names none.

    Raises
    ------
    MissingArtefactError
        If no job has trained it.
    """
    if not name:
        return ENCODER_WEIGHTS
    path = config.encoders_dir / f"{name}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in config.encoders_dir.glob("[!.]*.safetensors")))
        raise MissingArtefactError(
            f"There is no encoder {name!r} in {config.encoders_dir}.",
            remedy=f"Choose from {known}, or none." if known else "Train one as a job, or name none.",
        )
    return path


def prepare_spectra(
    survey: Survey, *, config: Config, encoder_path: Path = ENCODER_WEIGHTS
) -> tuple[SpectrumAutoencoder, NDArray[np.float32], NDArray[np.float32]]:
    """The frozen encoder, and the survey's spectra as its latents (n, 64) and as reconstructed from them (n, 400).

    Both are taken from a run of the survey with that encoder if there is one: the seconds that encoding takes are most
    of what a training would wait for.
    """
    encoder = load_encoder(encoder_path)
    if (run := _run_with(survey, sha256_of(encoder_path), config)) is not None:
        try:
            return encoder, run.latents("spectrum"), np.array(run.reconstruction)
        finally:
            run.close()
    latents = encoder.encode_in_batches(survey.spectra)
    return encoder, latents, encoder.decode_in_batches(latents)


def spectrum_latents(survey: Survey, *, config: Config, encoder_path: Path = ENCODER_WEIGHTS) -> NDArray[np.float32]:
    """The latents alone, shape (n, 64): from a run, or kept in ``latents/`` of the data folder for the next one."""
    digest = sha256_of(encoder_path)
    if (run := _run_with(survey, digest, config)) is not None:
        try:
            return run.latents("spectrum")
        finally:
            run.close()
    kept = config.data_dir / "latents" / f"{survey.digest[:16]}-{digest[:16]}.safetensors"
    if not kept.exists():
        # Trials that begin at the same moment may all come here: each writes the same, the last one stays.
        latents = load_encoder(encoder_path).encode_in_batches(survey.spectra)
        write_file_atomically(kept, lambda path: save_file({_LATENTS: latents}, path))
    return load_file(kept)[_LATENTS]


def _run_with(survey: Survey, encoder: str, config: Config) -> Run | None:
    """A run of the survey with the encoder of that sha256."""
    catalogue = Catalogue(config)
    for run_id in catalogue.run_ids(survey.name):
        inputs = read_manifest(config.runs_dir / survey.name / run_id, "run").inputs_sha256
        if inputs.get("survey") == survey.digest and inputs.get("encoder") == encoder:
            return catalogue.run(run_id, survey_name=survey.name)
    return None
