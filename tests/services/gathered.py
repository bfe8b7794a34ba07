"""Collections as the stages leave them, with small files: what a survey is made of."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np

from alignlab.config import Config
from alignlab.services.gather.assemble import AssembleSettings, gather_assemble
from alignlab.store.collection import Collection, collection_folder
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES
from tests.spectra.ogip_files import N_CHANNELS, write_arf, write_rmf, write_spectrum

N_SOURCES = 24
_CLASSES = ("AGN", "CV", "star")
_WORDS = {
    "AGN": "an obscured active nucleus with a hard absorbed power law in a distant galaxy behind the field",
    "CV": "an accreting white dwarf with a hot plasma spectrum and an iron line in a binary near the plane",
    "star": "a coronal source with a soft thermal spectrum and a flare in a young nearby association",
}


def name_of(i: int) -> str:
    return f"2CXO J{i:06d}.0+000000"


def detection(i: int, *, obsid: int = 1000, significance: float = 10.0, **values: object) -> dict[str, object]:
    """A row of ``detections``: of source `i`, its catalogued variables all `i` + 0.5."""
    return {
        "name": name_of(i), "obsid": obsid + i, "obi": 0, "region_id": i, "ra": 10.0 + i / 100, "dec": -5.0,
        "detector": "ACIS-S", "theta_arcmin": 2.5, "exposure_s": 1234.0, "year": 2005.5,
        **dict.fromkeys(VARIABLE_NAMES, i + 0.5), "hard_hm_lolim": i + 0.25, "hard_hm_hilim": i + 0.75,
        "flux_significance_b": significance, **values,
    }  # fmt: skip


def key_of(row: dict[str, object]) -> str:
    return f"{row['obsid']:05d}_{row['obi']:03d}_{row['region_id']:04d}"


def add_products(
    collection: Collection, row: dict[str, object], templates: Path, *, kinds=("pha", "arf", "rmf")
) -> None:
    """Files of a detection: its own spectrum, and copies of one ARF and RMF."""
    key = key_of(row)
    folder = collection.products_folder / key
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for kind in kinds:
        path = folder / f"{key}_{kind}.fits"
        if kind == "pha":
            number = int(row["region_id"])
            # Few have the counts that models are fitted to: fits take most of the time.
            rate = 0.2 if number % 7 else 1.0
            write_spectrum(path, np.random.default_rng(number).poisson(rate, N_CHANNELS), OBJECT="field")
        else:
            shutil.copy(templates / f"{kind}.fits", path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        rows[f"{key}/{path.name}"] = {
            "detection_key": key, "kind": kind, "bytes": path.stat().st_size, "sha256": sha256,
        }  # fmt: skip
    collection.put("products", rows)


def templates_in(folder: Path) -> Path:
    """The ARF and RMF that all detections share."""
    folder.mkdir(parents=True, exist_ok=True)
    write_arf(folder / "arf.fits")
    write_rmf(folder / "rmf.fits")
    return folder


def add_source(collection: Collection, i: int, templates: Path, *, papers: bool = True, **values: object) -> str:
    """A source with one detection, all its files, a match and perhaps a paper with summaries of two aspects."""
    row = detection(i, **values)
    name, of_class = name_of(i), _CLASSES[i % 3]
    collection.put("sources", {name: {"ra": 10.0 + i / 100 + 1e-5, "dec": -5.0, "error_arcsec": 0.8}})
    collection.put("detections", {key_of(row): row})
    add_products(collection, row, templates)
    collection.put("matches", {name: {"main_id": f"M {i}", "source_class": of_class, "is_ambiguous": False}})
    if not papers:
        collection.put("sourced", {name: {"bibcodes": []}})
        return key_of(row)
    paper = {"title": f"On {i}", "year": 2000 + i % 20, "abstract": _WORDS[of_class], "full_text": "long " * 100}
    collection.put("papers", {f"2001ApJ...{i:03d}": paper})
    collection.put("sourced", {name: {"bibcodes": [f"2001ApJ...{i:03d}"]}})
    said = {"nature": _WORDS[of_class], "spectrum": f"{_WORDS[of_class]} number {i}", "environment": None}
    collection.put("summaries", {name: {**said, "summariser": "extractive", "bibcodes": [f"2001ApJ...{i:03d}"]}})
    return key_of(row)


def gathered(config: Config, templates: Path, *, name: str = "field", n: int = N_SOURCES) -> Collection:
    """A collection of `n` sources, everything there."""
    collection = Collection(collection_folder(config, name))
    for i in range(n):
        add_source(collection, i, templates)
    return collection


def assembled(collection: Collection, config: Config, **settings: object) -> Survey:
    """The survey of a collection."""
    chosen = AssembleSettings(**settings)
    outcome = gather_assemble(collection, chosen, config=config)
    return Survey.open(config.surveys_dir / str(outcome.facts["survey"]))
