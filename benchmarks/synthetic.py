"""A survey of any size and a run of it: real-looking positions, classes and variables, spectra of ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.analysis.map_quality import MapQuality
from alignlab.store.artefact import Meta
from alignlab.store.run import Projection, Run, RunContents, write_run
from alignlab.store.survey import Photons, Survey, SurveyContents, paper_split, write_survey
from alignlab.variables import VARIABLE_NAMES, VARIABLES

CLASSES = ("AGN", "star", "QSO", "galaxy", "YSO", "XRB", "pulsar", "SNR", "CV")
_SHARES = np.array([0.36, 0.2, 0.15, 0.09, 0.08, 0.05, 0.03, 0.025, 0.015])
_BINS, _DIMENSIONS = 400, 64
_FITTED = 0.67


def write_synthetic(root: Path, n: int, *, seed: int = 7) -> Path:
    """Write a survey ``demo`` of `n` sources and a run of it into `root`, with PCA, UMAP and t-SNE maps as given."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(len(CLASSES), n, p=_SHARES / _SHARES.sum())
    along = rng.beta(1.2, 1.8, n)
    positions = _filaments(kind, along, rng)
    survey = _survey(root, kind, along, rng)
    run = _run(root, survey, kind, rng)
    for number, method in enumerate(("pca", "umap", "tsne")):
        angle = 0.7 * number
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        coordinates = (positions @ turn).astype(np.float32)
        run.add_projection(Projection(representation="both", method=method, coordinates=coordinates))
        local = {name: rng.beta(9, 1, n).astype(np.float32) for name in ("trustworthiness", "continuity", "knn_recall")}
        run.add_map_quality("both", method, MapQuality(k=15, n=n, n_reference=min(n, 20_000), **local))
    return root


def _filaments(kind: NDArray, along: NDArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Each class a curved cloud around a place of its own; some touch, as on a map of real sources."""
    places = rng.uniform(-6, 6, (len(CLASSES), 2))
    directions = rng.uniform(0, 2 * np.pi, len(CLASSES))
    bend = rng.uniform(-2, 2, len(CLASSES))
    phase = directions[kind] + bend[kind] * along
    spine = np.stack([np.cos(phase), np.sin(phase)], 1) * (4 * along[:, None])
    return places[kind] + spine + rng.normal(0, 0.45, (len(kind), 2))


def _survey(root: Path, kind: NDArray, along: NDArray, rng: np.random.Generator) -> Survey:
    n = len(kind)
    variables = {}
    fitted = rng.random(n) < _FITTED
    for variable in VARIABLES:
        trend = along + 0.3 * rng.normal(size=n) + 0.15 * kind
        low, high = variable.valid_range
        values = np.clip(np.tanh(trend - 1), -1, 1) if variable.diverging else np.clip(10 ** (trend - 0.5), low, high)
        variables[variable.name] = np.where(fitted | (not variable.from_fit), values, np.nan).astype(np.float32)
    frame = pd.DataFrame(variables)
    sources = pd.DataFrame(
        {
            "name": [f"BENCH J{k:07d}" for k in range(n)],
            "ra": rng.uniform(0, 360, n),
            "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, n))),
            "source_class": np.array(CLASSES)[kind],
            "detector": "ACIS-S",
            "year": 2010,
            "exposure_s": 20_000.0,
            "counts": np.maximum(5, (30 * (1 - rng.random(n)) ** (-1 / 0.9))).astype(np.int64).clip(max=100_000),
            "split": paper_split(n, rng=rng),
        }
    )
    contents = SurveyContents(
        sources=sources,
        variables=frame,
        limits=pd.DataFrame({f"{v}_{end}": frame[v] for v in VARIABLE_NAMES for end in ("lolim", "hilim")}),
        photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(n + 1, np.int64)),
        arrays={
            **{name: _nothing((n, _BINS)) for name in ("spectra", "counts", "background")},
            "text": _nothing((n, 3)),
            "text_mask": np.ones((n, 3), np.bool_),
        },
        papers=pd.DataFrame({c: ["1"] for c in ("paper_id", "title", "year", "identifier", "abstract")}),
        source_papers=pd.DataFrame({"source_index": [0], "paper_id": ["1"]}),
    )
    meta = Meta(kind="survey", name="demo", simulated=True, seed=7, recipe={"grid_kind": "log"})
    return write_survey(contents, meta, root / "surveys")


def _run(root: Path, survey: Survey, kind: NDArray, rng: np.random.Generator) -> Run:
    n = len(kind)
    latents = {}
    for name in ("spectrum", "spectrum_aligned", "text_aligned"):
        vectors = rng.standard_normal((n, _DIMENSIONS), np.float32)
        vectors[np.arange(n), kind] += 12
        latents[name] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"{variable}{end}" for variable in VARIABLE_NAMES for end in ("", "_low", "_high")]
    contents = RunContents(
        latents=latents,
        reconstruction=_nothing((n, _BINS)),
        estimates=pd.DataFrame(np.ones((n, len(names)), np.float32), columns=names),
        metrics={},
        history=pd.DataFrame({"epoch": [1], "loss": [1.0]}),
        weights={"w": np.zeros(2, np.float32)},
    )
    meta = Meta(kind="run", name="bench-0001", simulated=True, seed=7, recipe={"survey": survey.name})
    return write_run(contents, meta, root / "runs" / survey.name)


def _nothing(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Ones that take no memory until they are written."""
    return np.broadcast_to(np.ones(1, np.float32), shape)
