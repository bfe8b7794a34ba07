"""A small data folder with a simulated survey, a run with its three maps, and three observed sources laid over it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.services.maps import judge_maps
from alignlab.spectra.grid import energy_grid
from alignlab.store.artefact import Meta
from alignlab.store.overlay import write_overlay
from alignlab.store.run import OverlayContents, Projection, Run, RunContents, write_run
from alignlab.store.survey import Photons, Survey, SurveyContents, paper_split, write_survey
from alignlab.variables import VARIABLE_NAMES, VARIABLES

CLASSES = ("AGN", "star", "QSO")
OBSERVED = ("3C 273", "DG Tau", "CDFS 179")
N_MISSING_GAMMA = 90
#: So many of the last sources are second observations of the ones before them (in a demo of 300).
N_REPEATED = 12


def build_small_demo(root: Path, n: int = 300) -> Path:
    """Write the folder; three well separated classes, `N_MISSING_GAMMA` sources without spectral fits."""
    rng = np.random.default_rng(0)
    kind = np.arange(n) % len(CLASSES)
    numbers = np.arange(n)
    if n >= 300:
        numbers[-N_REPEATED:] = numbers[-2 * N_REPEATED : -N_REPEATED]
    survey = _survey(root, "demo", kind, [f"SIM J{i:06d}.0+000000" for i in numbers], rng, simulated=True)
    latents = _latents(kind, rng)
    meta = Meta(kind="run", name="paper-7f3a", simulated=True, seed=7, recipe={"survey": "demo"})
    run = write_run(
        RunContents(
            latents=latents,
            reconstruction=np.asarray(survey.spectra),
            estimates=_estimates(survey),
            metrics={},
            history=pd.DataFrame({"epoch": [1], "loss": [1.0]}),
            weights={"w": np.zeros(2, np.float32)},
        ),
        meta,
        root / "runs" / "demo",
    )
    centres = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.5]])
    for number, method in enumerate(("pca", "umap", "tsne")):
        turned = centres @ _rotation(0.8 * number)
        spread = rng.normal(0, 0.12, (n, 2))
        coordinates = (turned[kind] + spread).astype(np.float32)
        run.add_projection(Projection(representation="both", method=method, coordinates=coordinates))
    _lay_over(root, run, rng)
    judge_maps(survey, run)
    return root


def _survey(
    root: Path, name: str, kind: NDArray, names: list[str], rng: np.random.Generator, *, simulated: bool
) -> Survey:
    n = len(kind)
    energy = energy_grid("log").centres_kev
    shape = energy[None] ** -np.array([0.5, 2.5, 1.2])[kind][:, None]
    counts = rng.poisson(shape / shape.sum(1, keepdims=True) * 400).astype(np.float32)
    variables = pd.DataFrame(rng.uniform(0.1, 2.0, (n, 20)), columns=list(VARIABLE_NAMES))
    variables["hard_hs"] = np.clip(np.array([0.6, -0.6, 0.0])[kind] + rng.normal(0, 0.1, n), -1, 1)
    variables["powlaw_nh"] = 10 ** rng.uniform(-1, 3, n)
    faint = np.arange(n) < (N_MISSING_GAMMA if n > N_MISSING_GAMMA else 0)
    for variable in VARIABLES:
        if variable.from_fit:
            variables.loc[faint, variable.name] = np.nan
    sources = pd.DataFrame(
        {
            "name": names,
            "ra": rng.uniform(0, 360, n),
            "dec": rng.uniform(-90, 90, n),
            "source_class": np.array(CLASSES)[kind],
            "obsid": np.arange(n) + 9000,
            "detector": "ACIS-S",
            "year": 2010,
            "exposure_s": 20_000.0,
            "counts": counts.sum(1).astype(int),
            "split": paper_split(n, rng=rng) if n > 10 else "test",
        }
    )
    if not simulated:
        sources["notes"] = "background <unknown>"
        sources.loc[n - 1, ["ra", "dec", "year"]] = np.nan
    papers = pd.DataFrame(
        {
            "paper_id": ["a", "b"],
            "title": ["A flaring source & its <neighbours>", "Second paper"],
            "year": [2011, 2005],
            "identifier": ["SIM-LIT-1", "SIM-LIT-2"],
            "abstract": ["", ""],
        }
    )
    contents = SurveyContents(
        sources=sources,
        variables=variables,
        limits=pd.DataFrame({f"{v}_{s}": variables[v] * f for v in VARIABLE_NAMES for s, f in _LIMITS}),
        photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(n + 1, np.int64)),
        arrays={
            "spectra": counts / counts.max(1, keepdims=True),
            "counts": counts,
            "background": np.full((n, 400), 0.02, np.float32),
            "text": rng.normal(size=(n, 12)).astype(np.float32),
            "text_mask": np.ones((n, 3), bool),
        },
        papers=papers,
        source_papers=pd.DataFrame({"source_index": [0, 0, 1], "paper_id": ["a", "b", "b"]}),
        truth=pd.DataFrame({"rarity": np.where(np.arange(n) % 50 == 7, "pulsating ULX", "")}) if simulated else None,
        summaries=pd.DataFrame({"source_index": [0], "aspect": ["nature"], "text": ["An absorbed nucleus."]}),
    )
    meta = Meta(kind="survey", name=name, simulated=simulated, seed=7, recipe={"grid_kind": "log"})
    return write_survey(contents, meta, root / "surveys")


_LIMITS = (("lolim", 0.9), ("hilim", 1.1))


def _latents(kind: NDArray, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    def unit(spread: float) -> NDArray[np.float32]:
        vectors = 3 * np.eye(len(CLASSES), 8)[kind] + rng.normal(0, spread, (len(kind), 8))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    return {name: unit(0.3) for name in ("spectrum", "spectrum_aligned", "text_aligned")}


def _estimates(survey: Survey) -> pd.DataFrame:
    filled = np.nan_to_num(survey.variables, nan=1.0)
    steps = (("", 1.0), ("_low", 0.8), ("_high", 1.2))
    return pd.DataFrame({f"{v}{s}": filled[:, k] * f for k, v in enumerate(VARIABLE_NAMES) for s, f in steps})


def _lay_over(root: Path, run: Run, rng: np.random.Generator) -> None:
    kind = np.array([2, 1, 0])
    survey = _survey(root, "real-chandra", kind, list(OBSERVED), rng, simulated=False)
    latents = _latents(kind, rng)
    contents = OverlayContents(
        latents={name: latents[name] for name in ("spectrum", "spectrum_aligned")},
        reconstruction=np.asarray(survey.spectra),
        estimates=_estimates(survey),
        novelty_percent=np.array([12.0, 50.0, 99.0], np.float32),
    )
    digest = {"survey": survey.digest}
    overlay_meta = Meta(kind="overlay", name="real-chandra", simulated=False, inputs_sha256=digest)
    write_overlay(contents, overlay_meta, run.folder / "applied")


def _rotation(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
