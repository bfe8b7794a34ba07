"""A survey: what was observed. Immutable, one folder, every array in the order of `source_index`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.store.artefact import Meta, check_name, manifest_digest, publish, read_manifest
from alignlab.store.streams import ArrayBlocks, PhotonBlocks, save_array
from alignlab.store.tables import ReadOnlyTables, write_tables
from alignlab.variables import VARIABLE_NAMES

ARRAYS = ("spectra", "counts", "background", "expected", "response_ratio", "text", "text_mask")
SPLITS = ("train", "calibration", "validation", "test")
#: Sizes of the paper's split of 11,447 sources (section 2), in the order of `SPLITS`.
PAPER_SPLIT_SIZES = (7897, 114, 1717, 1719)


@dataclass(frozen=True, eq=False)
class Photons:
    """Arrival times and energies of all sources, one after the other.

    Attributes
    ----------
    time_s : ndarray of float32, shape (n_photons,)
        Seconds since the start of the source's observation.
    energy_kev : ndarray of float32, shape (n_photons,)
        Energies in keV.
    offsets : ndarray of int64, shape (n_sources + 1,)
        Photons of source *i* are rows ``offsets[i]:offsets[i + 1]``.
    """

    time_s: NDArray[np.float32]
    energy_kev: NDArray[np.float32]
    offsets: NDArray[np.int64]

    def table(self) -> pa.Table:
        """The photons as rows."""
        return pa.table({"time_s": self.time_s, "energy_kev": self.energy_kev})


@dataclass(frozen=True, eq=False, kw_only=True)
class SurveyContents:
    """Everything that a survey's folder will hold.

    Attributes
    ----------
    sources : DataFrame
        One row per source: name, ra, dec (deg), source_class, split, counts, exposure_s, ...
    variables, limits : DataFrame
        The 20 measured variables (NaN where missing), and their ``_lolim`` / ``_hilim``.
    catalogued : DataFrame or None
        The same 20 as a catalogue gives them, kept beside the measured ones.
    truth : DataFrame or None
        What the simulator knows; None for real sources.
    papers, source_papers, summaries : DataFrame
        Papers; pairs of source_index and paper_id; texts by source_index and aspect.
    photons : Photons or PhotonBlocks
        Event lists; empty slices where a source has none.
    arrays : mapping of str to ndarray or ArrayBlocks
        `spectra` (n, 400) min–max normalised count rate, `counts` and `background` (n, 400), and where they exist
        `expected` (n, 400), `response_ratio` (n, 400; `spectra` are normalised counts times it), `text` (n, 3 d),
        `text_mask` (n, 3).
    embedder : mapping of str to ndarray, embedder_config : dict
        State of the text embedder, so that new words can be embedded.
    """

    sources: pd.DataFrame
    variables: pd.DataFrame
    limits: pd.DataFrame
    photons: Photons | PhotonBlocks
    arrays: Mapping[str, NDArray | ArrayBlocks]
    catalogued: pd.DataFrame | None = None
    truth: pd.DataFrame | None = None
    papers: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["paper_id", "title", "year", "identifier", "abstract"])
    )
    source_papers: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["source_index", "paper_id"]))
    summaries: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["source_index", "aspect", "text"]))
    embedder: Mapping[str, NDArray] = field(default_factory=dict)
    embedder_config: dict[str, object] = field(default_factory=dict)


def paper_split(n_sources: int, *, rng: np.random.Generator) -> NDArray[np.str_]:
    """Assign each source to train, calibration, validation or test in the paper's proportions.

    Parameters
    ----------
    n_sources : int
        With 11,447 sources the sizes are the paper's: 7,897 / 114 / 1,717 / 1,719.
    rng : numpy Generator
        Decides who goes where.

    Returns
    -------
    ndarray of str, shape (n_sources,)
    """
    share = np.array(PAPER_SPLIT_SIZES[1:]) / sum(PAPER_SPLIT_SIZES)
    # A training asks each of them for two sources, however small the survey; where not even so many are there, for one.
    fewest = 2 if n_sources >= 2 * len(SPLITS) else 1
    sizes = np.maximum(np.rint(share * n_sources), fewest).astype(int)
    labels = np.repeat(SPLITS, [n_sources - sizes.sum(), *sizes])
    return rng.permutation(labels)


def write_survey(contents: SurveyContents, meta: Meta, root: Path, *, replace: bool = False) -> Survey:
    """Check `contents`, write them under ``root / meta.name`` and publish them at once.

    Raises
    ------
    AlignlabError
        If a table or array does not have one row per source, or the name is taken.
    """
    _check_rows(contents)
    photons = contents.photons
    tables: dict[str, pd.DataFrame | pa.Table | pa.RecordBatchReader] = {
        "meta": pd.DataFrame({"json": [json.dumps(asdict(meta))]}),
        "sources": contents.sources,
        "variables": contents.variables[list(VARIABLE_NAMES)].astype("float32"),
        "limits": contents.limits.astype("float32"),
        "papers": _typed(contents.papers, {"year": "int64"}),
        "source_papers": _typed(contents.source_papers, {"source_index": "int64"}),
        "summaries": _typed(contents.summaries, {"source_index": "int64"}),
        "events": photons.table(),
        "event_offsets": pa.table({"offset": photons.offsets}),
    }
    if contents.catalogued is not None:
        tables["catalogued"] = contents.catalogued[list(VARIABLE_NAMES)].astype("float32")
    if contents.truth is not None:
        tables["truth"] = contents.truth

    def write(folder: Path) -> None:
        write_tables(folder / "survey.duckdb", tables)
        for name, array in contents.arrays.items():
            save_array(folder / f"{name}.npy", array)
        if contents.embedder_config:
            (folder / "embedder.json").write_text(json.dumps(contents.embedder_config))
            save_file(
                {k: np.ascontiguousarray(v) for k, v in contents.embedder.items()}, folder / "embedder.safetensors"
            )

    folder = root / check_name(meta.name)
    publish(folder, meta, write, replace=replace)
    return Survey.open(folder)


class Survey:
    """A published survey, opened read-only. Attributes that hold wide arrays are memory-mapped.

    Safe to share between threads.
    """

    def __init__(self, folder: Path, meta: Meta) -> None:
        self.folder = folder
        self.meta = meta
        self._tables = ReadOnlyTables(folder / "survey.duckdb")

    @classmethod
    def open(cls, folder: Path) -> Survey:
        """Open the survey in `folder`.

        Raises
        ------
        MissingArtefactError, DamagedArtefactError
            If it is not there, incomplete, altered or newer than this version.
        """
        return cls(folder, read_manifest(folder, "survey"))

    @property
    def name(self) -> str:
        """The survey's name."""
        return self.meta.name

    @property
    def simulated(self) -> bool:
        """Whether the photons are simulated."""
        return self.meta.simulated

    @property
    def origin(self) -> str:
        """What a reader must know of its photons, in words: ``simulated``, ``observed``, or what its recipe says."""
        return str(self.meta.recipe.get("origin") or ("simulated" if self.simulated else "observed"))

    @property
    def has_real_positions(self) -> bool:
        """Whether something real lies at its positions: it was observed, or comes from a real catalogue."""
        return not self.simulated or self.meta.recipe.get("reader") == "csc-table"

    @property
    def n_sources(self) -> int:
        """Number of sources."""
        return len(self.sources)

    @cached_property
    def digest(self) -> str:
        """The sha256 that identifies this survey."""
        return manifest_digest(self.folder)

    @cached_property
    def sources(self) -> pd.DataFrame:
        """One row per source: name, ra, dec (deg), source_class, split, counts, exposure_s, ..."""
        return self._tables.frame("SELECT * FROM sources")

    @cached_property
    def variables(self) -> NDArray[np.float32]:
        """The 20 measured variables, shape (n, 20), NaN where missing, in the order of `VARIABLES`."""
        return np.ascontiguousarray(self._tables.frame("SELECT * FROM variables").to_numpy(np.float32))

    @cached_property
    def limits(self) -> pd.DataFrame:
        """68% limits of the variables, as columns ``<name>_lolim`` and ``<name>_hilim``."""
        return self._tables.frame("SELECT * FROM limits")

    @cached_property
    def catalogued(self) -> NDArray[np.float32] | None:
        """The 20 variables as a catalogue gives them, shape (n, 20), or None."""
        if "catalogued" not in self._tables.names():
            return None
        return np.ascontiguousarray(self._tables.frame("SELECT * FROM catalogued").to_numpy(np.float32))

    @cached_property
    def truth(self) -> pd.DataFrame | None:
        """What the simulator knows of each source; None for a real survey."""
        return self._tables.frame("SELECT * FROM truth") if "truth" in self._tables.names() else None

    @cached_property
    def split(self) -> NDArray[np.str_]:
        """Which split each source belongs to."""
        return self.sources["split"].to_numpy(dtype=np.str_)

    @cached_property
    def n_papers(self) -> NDArray[np.int64]:
        """Number of papers of each source, shape (n,)."""
        pairs = self._tables.frame("SELECT source_index FROM source_papers")["source_index"].to_numpy(np.int64)
        return np.bincount(pairs, minlength=self.n_sources)

    def has_array(self, name: str) -> bool:
        """Whether the survey holds the array called `name` (see `ARRAYS`)."""
        return (self.folder / f"{name}.npy").is_file()

    def array(self, name: str) -> NDArray:
        """Memory-map one of `ARRAYS`.

        Raises
        ------
        MissingArtefactError
            If this survey has no such array.
        """
        if not self.has_array(name):
            raise MissingArtefactError(f"Survey {self.name!r} has no {name!r}.", remedy=f"It would be {name}.npy.")
        return np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    @cached_property
    def spectra(self) -> NDArray[np.float32]:
        """Min–max normalised count rates, shape (n, 400)."""
        return self.array("spectra")

    @cached_property
    def counts(self) -> NDArray[np.float32]:
        """Counts in the source aperture, background included, shape (n, 400)."""
        return self.array("counts")

    @cached_property
    def background(self) -> NDArray[np.float32]:
        """Expected background counts in the source aperture, shape (n, 400)."""
        return self.array("background")

    @cached_property
    def expected(self) -> NDArray[np.float32]:
        """Noise-free expected counts, shape (n, 400); simulated surveys only."""
        return self.array("expected")

    @cached_property
    def text(self) -> NDArray[np.float32]:
        """Text vectors of the three aspects side by side, shape (n, 3 d); zero where not discussed."""
        return self.array("text")

    @cached_property
    def text_mask(self) -> NDArray[np.bool_]:
        """Which aspects are discussed, shape (n, 3)."""
        return self.array("text_mask")

    def papers_of(self, source_index: int) -> pd.DataFrame:
        """Papers about a source: paper_id, title, year, identifier, abstract; newest first."""
        return self._tables.frame(
            "SELECT papers.* FROM source_papers JOIN papers USING (paper_id) WHERE source_index = ? "
            "ORDER BY year DESC, paper_id",
            [int(source_index)],
        )

    def summaries_of(self, source_index: int) -> dict[str, str]:
        """Aspect summaries of a source, by aspect; an aspect that is not discussed is absent."""
        frame = self._tables.frame("SELECT aspect, text FROM summaries WHERE source_index = ?", [int(source_index)])
        return dict(zip(frame["aspect"], frame["text"], strict=True))

    @cached_property
    def summaries(self) -> pd.DataFrame:
        """All aspect summaries: source_index, aspect, text."""
        return self._tables.frame("SELECT * FROM summaries")

    @cached_property
    def _event_offsets(self) -> NDArray[np.int64]:
        return self._tables.frame("SELECT * FROM event_offsets")["offset"].to_numpy(np.int64)

    def events_of(self, source_index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Arrival times (s) and energies (keV) of a source's photons; empty where there is no event list."""
        first, last = self._event_offsets[source_index : source_index + 2]
        table = self._tables.arrow(
            "SELECT time_s, energy_kev FROM events WHERE rowid >= ? AND rowid < ?", [int(first), int(last)]
        )
        return table["time_s"].to_numpy(), table["energy_kev"].to_numpy()

    def embedder(self) -> tuple[dict[str, object], dict[str, NDArray]]:
        """Configuration and state of the survey's text embedder.

        Raises
        ------
        MissingArtefactError
            If the survey has no texts.
        """
        path = self.folder / "embedder.json"
        if not path.is_file():
            raise MissingArtefactError(f"Survey {self.name!r} has no text embedder.", remedy="It has no papers.")
        return json.loads(path.read_text()), load_file(self.folder / "embedder.safetensors")

    def contents(self) -> SurveyContents:
        """Everything that it holds, for a survey that differs from it in some things; wide arrays stay on disk."""
        config, state = self.embedder() if (self.folder / "embedder.json").is_file() else ({}, {})
        events = self._tables.arrow("SELECT time_s, energy_kev FROM events")
        catalogued = self.catalogued
        return SurveyContents(
            sources=self.sources,
            variables=pd.DataFrame(self.variables, columns=list(VARIABLE_NAMES)),
            limits=self.limits,
            photons=Photons(events["time_s"].to_numpy(), events["energy_kev"].to_numpy(), self._event_offsets),
            arrays={name: self.array(name) for name in ARRAYS if self.has_array(name)},
            catalogued=None if catalogued is None else pd.DataFrame(catalogued, columns=list(VARIABLE_NAMES)),
            truth=self.truth,
            papers=self._tables.frame("SELECT * FROM papers"),
            source_papers=self._tables.frame("SELECT * FROM source_papers"),
            summaries=self.summaries,
            embedder=state,
            embedder_config=config,
        )

    def close(self) -> None:
        """Release the files."""
        self._tables.close()


def _typed(frame: pd.DataFrame, types: dict[str, str]) -> pd.DataFrame:
    return frame.astype({column: types.get(column, "str") for column in frame.columns})


def _check_rows(contents: SurveyContents) -> None:
    n = len(contents.sources)
    sized: dict[str, int] = {
        "variables": len(contents.variables),
        "limits": len(contents.limits),
        "event offsets less one": len(contents.photons.offsets) - 1,
        **{name: len(array) for name, array in contents.arrays.items()},
    }
    if contents.catalogued is not None:
        sized["catalogued"] = len(contents.catalogued)
    if contents.truth is not None:
        sized["truth"] = len(contents.truth)
    for what, rows in sized.items():
        if rows != n:
            raise AlignlabError(f"{what} has {rows} rows where the survey has {n} sources.")
    if unknown := set(contents.arrays) - set(ARRAYS):
        raise AlignlabError(f"unknown arrays {sorted(unknown)}; a survey holds {', '.join(ARRAYS)}")
    if unknown := set(contents.sources["split"]) - set(SPLITS):
        raise AlignlabError(f"unknown splits {sorted(unknown)}; a source is in {', '.join(SPLITS)}")
