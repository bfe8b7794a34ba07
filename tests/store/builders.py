"""Small surveys and runs with known contents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.store.artefact import Meta
from alignlab.store.run import RunContents
from alignlab.store.survey import Photons, SurveyContents, paper_split
from alignlab.variables import VARIABLE_NAMES


def survey_contents(n: int = 20, seed: int = 0) -> SurveyContents:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 6, n)
    photons = Photons(
        rng.uniform(0, 1e4, sizes.sum()).astype(np.float32),
        rng.uniform(0.5, 8, sizes.sum()).astype(np.float32),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    )
    variables = pd.DataFrame(rng.normal(size=(n, 20)), columns=list(VARIABLE_NAMES))
    variables.iloc[::3, 5:19] = np.nan
    sources = pd.DataFrame(
        {
            "name": [f"SIM J{i:06d}.0+000000" for i in range(n)],
            "ra": rng.uniform(0, 360, n),
            "dec": rng.uniform(-90, 90, n),
            "source_class": rng.choice(["AGN", "star"], n),
            "split": paper_split(n, rng=rng),
        }
    )
    papers = pd.DataFrame(
        {
            "paper_id": ["a", "b", "c"],
            "title": ["A", "B", "C"],
            "year": [2001, 2011, 2005],
            "identifier": ["sim:1", "sim:2", "sim:3"],
            "abstract": ["", "", ""],
        }
    )
    return SurveyContents(
        sources=sources,
        variables=variables,
        limits=pd.DataFrame({f"{v}_{s}": np.zeros(n) for v in VARIABLE_NAMES for s in ("lolim", "hilim")}),
        photons=photons,
        arrays={
            "spectra": rng.uniform(size=(n, 400)).astype(np.float32),
            "counts": rng.poisson(1, (n, 400)).astype(np.float32),
            "text": rng.normal(size=(n, 12)).astype(np.float32),
            "text_mask": rng.uniform(size=(n, 3)) < 0.8,
        },
        truth=pd.DataFrame({"rarity": [""] * n}),
        papers=papers,
        source_papers=pd.DataFrame({"source_index": [0, 0, 1], "paper_id": ["a", "b", "c"]}),
        summaries=pd.DataFrame({"source_index": [0, 1], "aspect": ["nature", "spectrum"], "text": ["x", "y"]}),
        embedder={"components": rng.normal(size=(4, 7)).astype(np.float32)},
        embedder_config={"name": "lsa"},
    )


def survey_meta(name: str = "tiny") -> Meta:
    return Meta(kind="survey", name=name, simulated=True, seed=0)


def run_contents(n: int = 20, seed: int = 0, dim: int = 64) -> RunContents:
    rng = np.random.default_rng(seed)
    return RunContents(
        latents={
            name: rng.normal(size=(n, dim)).astype(np.float32)
            for name in ("spectrum", "spectrum_aligned", "text_aligned")
        },
        reconstruction=rng.uniform(size=(n, 400)).astype(np.float32),
        estimates=pd.DataFrame({"hard_hs": rng.normal(size=n)}),
        metrics={"retrieval": {"recall_at_1_percent": 0.5}},
        history=pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0]}),
        weights={"encoder.weight": rng.normal(size=(3, 3)).astype(np.float32)},
    )


def run_meta(name: str = "paper-0000") -> Meta:
    return Meta(kind="run", name=name, simulated=True, seed=0, recipe={"survey": "tiny"})
