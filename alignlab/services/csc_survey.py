"""A survey of catalogued detections: real variables, and spectra and literature simulated from fit and class."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.ingest.csc_literature import write_csc_literature
from alignlab.ingest.csc_spectra import SimulatedSpectra, simulate_spectra
from alignlab.ingest.csc_table import Detections, read_detections
from alignlab.literature.embedders import Embedder, embed_aspects, embedder
from alignlab.literature.noise import TextNoise
from alignlab.progress import OnStep, report
from alignlab.spectra.grid import GridKind, energy_grid, minmax_normalise
from alignlab.store.artefact import Meta, sha256_of
from alignlab.store.survey import Photons, Survey, SurveyContents, paper_split, write_survey

#: What such a survey is called wherever its name stands.
ORIGIN = "real catalogue, simulated photons"
EMBEDDER = "lsa"
_COLUMNS = (
    "name", "ra", "dec", "source_class", "obsid", "detector", "year", "theta_arcmin", "exposure_s", "counts",
    "background_counts", "net_counts", "redshift", "spectral_model", "notes",
)  # fmt: skip


def publish_detections(
    path: Path,
    *,
    name: str,
    root: Path,
    classes_path: Path | None,
    grid_kind: GridKind,
    seed: int,
    replace: bool,
    on_step: OnStep | None = None,
) -> tuple[Survey, tuple[str, ...]]:
    """Read, simulate, write and publish; see `alignlab.services.ingest.ingest_csc_table`.

    Returns
    -------
    survey : Survey
    problems : tuple of str
        Why rows were left out.
    """
    report(on_step, 0, 100, "reading the catalogue")
    detections = read_detections(path, classes_path=classes_path)
    problems = tuple(str(problem) for problem in detections.problems)
    if not len(detections.sources):
        raise AlignlabError(f"No row of {path.name} can be used. {' '.join(problems)}", remedy="Nothing was written.")
    report(on_step, 10, 100, "simulating spectra")
    spectra = simulate_spectra(detections.sources, grid=energy_grid(grid_kind), rng=_stream(seed, 0))
    report(on_step, 40, 100, "writing literature")
    noise = TextNoise()
    contents = _contents(detections, spectra, noise, seed, on_step)
    report(on_step, 90, 100, "saving the survey")
    models = detections.sources["spectral_model"].value_counts()
    recipe: dict[str, object] = {
        "reader": "csc-table",
        "origin": ORIGIN,
        "grid_kind": grid_kind,
        "embedder": EMBEDDER,
        "text_noise": asdict(noise),
        "n_rows": detections.n_rows,
        "left_out": list(problems),
        "spectral_models": {str(model): int(n) for model, n in models.items()},
    }
    inputs = {file.name: sha256_of(file) for file in (path, classes_path) if file is not None}
    meta = Meta(kind="survey", name=name, simulated=True, seed=seed, recipe=recipe, inputs_sha256=inputs)
    survey = write_survey(contents, meta, root, replace=replace)
    report(on_step, 100, 100, "ready")
    return survey, problems


def split_by_name(names: pd.Series, *, rng: np.random.Generator) -> NDArray[np.str_]:
    """Assign detections to the splits so that those of one name are together, names in the paper's proportions."""
    codes, unique = pd.factorize(names)
    return paper_split(len(unique), rng=rng)[codes]


def fit_on_training(made: Embedder, summaries: pd.DataFrame, split: NDArray[np.str_]) -> Embedder:
    """Let an embedder learn from the texts of training sources; one that several detections share is one text."""
    in_training = summaries[split[summaries["source_index"].to_numpy()] == "train"]
    return made.fit(in_training.drop_duplicates(["aspect", "text"])["text"].to_numpy())


def _stream(seed: int, number: int) -> np.random.Generator:
    """Random numbers of their own for photons, split and texts: none changes with the others."""
    return np.random.default_rng([seed, number])


def _contents(
    detections: Detections,
    spectra: SimulatedSpectra,
    noise: TextNoise,
    seed: int,
    on_step: OnStep | None,
) -> SurveyContents:
    sources, n = detections.sources, len(detections.sources)
    split = split_by_name(sources["name"], rng=_stream(seed, 1))
    literature = write_csc_literature(sources, detections.variables, rng=_stream(seed, 2), settings=noise)
    report(on_step, 60, 100, "embedding texts")
    summaries = literature.summaries
    fitted = fit_on_training(embedder(EMBEDDER), summaries, split)
    text, mask = embed_aspects(summaries, n, fitted)
    counts, background = spectra.counts, spectra.background
    total, under = counts.sum(axis=1, dtype=np.float64), background.sum(axis=1, dtype=np.float64)
    return SurveyContents(
        sources=sources.assign(counts=total, background_counts=under, net_counts=total - under)[list(_COLUMNS)].assign(
            split=split
        ),
        variables=detections.variables,
        limits=detections.limits,
        photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(n + 1, np.int64)),
        arrays={
            "spectra": minmax_normalise(counts),
            "counts": counts,
            "background": background,
            "expected": spectra.expected,
            "text": text,
            "text_mask": mask,
        },
        papers=literature.papers,
        source_papers=literature.source_papers,
        summaries=summaries,
        embedder=fitted.state(),
        embedder_config=fitted.config(),
    )
