"""A run: what one recipe learned from one survey. Immutable; projections and applied surveys join it as new artefacts.

The folder's own files never change. Three things are computed later, each published atomically as a file or folder of
its own: maps (`alignlab.store.projections`), the run's view of another survey (``applied/<survey>/``) and small heads
(`alignlab.store.heads`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.store.artefact import Meta, check_name, manifest_digest, publish, read_manifest, verify_checksums
from alignlab.store.projections import METHODS, REPRESENTATIONS, Projection, ProjectionFolder
from alignlab.store.tables import ReadOnlyTables, vectors_table, write_tables

__all__ = [
    "METHODS",
    "REPRESENTATIONS",
    "STORED_REPRESENTATIONS",
    "Overlay",
    "OverlayContents",
    "Projection",
    "Run",
    "RunContents",
    "write_run",
]

#: Those a run stores itself; `both` is the two aligned ones side by side, `text` is the survey's.
STORED_REPRESENTATIONS = ("spectrum", "spectrum_aligned", "text_aligned")


@dataclass(frozen=True, eq=False, kw_only=True)
class RunContents:
    """Everything that a run's folder will hold when it is published.

    Attributes
    ----------
    latents : mapping of str to ndarray of float32, shape (n, d)
        One per name in `STORED_REPRESENTATIONS`; the aligned ones L2-normalised.
    reconstruction : ndarray of float32, shape (n, 400)
        The autoencoder's reconstruction on the scale of the min–max normalised spectra.
    estimates : DataFrame
        ``<variable>``, ``<variable>_low``, ``<variable>_high`` for each source, estimated from its neighbours.
    metrics : dict
        Figures of the run, as JSON.
    history : DataFrame
        One row per training epoch.
    weights : mapping of str to ndarray
        Weights of the encoder and the heads.
    """

    latents: Mapping[str, NDArray[np.float32]]
    reconstruction: NDArray[np.float32]
    estimates: pd.DataFrame
    metrics: dict[str, Any]
    history: pd.DataFrame
    weights: Mapping[str, NDArray]


@dataclass(frozen=True, eq=False, kw_only=True)
class OverlayContents:
    """Another survey seen with this run's frozen models.

    Attributes
    ----------
    latents : mapping of str to ndarray of float32, shape (m, d)
        At least `spectrum` and `spectrum_aligned`.
    reconstruction : ndarray of float32, shape (m, 400)
    estimates : DataFrame
        As in `RunContents`.
    novelty_percent : ndarray of float32, shape (m,)
        Share of the run's training sources, in percent, that lie closer to their own neighbours than this source does.
    """

    latents: Mapping[str, NDArray[np.float32]]
    reconstruction: NDArray[np.float32]
    estimates: pd.DataFrame
    novelty_percent: NDArray[np.float32]


def write_run(contents: RunContents, meta: Meta, root: Path, *, replace: bool = False) -> Run:
    """Check `contents` and publish them as ``root / meta.name``.

    Raises
    ------
    AlignlabError
        If a latent is missing, not finite or of another length, or the name is taken.
    """
    n = len(contents.reconstruction)
    for name in STORED_REPRESENTATIONS:
        if name not in contents.latents:
            raise AlignlabError(f"a run needs the latents {name!r}")
        latents = contents.latents[name]
        if latents.ndim != 2 or len(latents) != n or not np.isfinite(latents).all():
            raise AlignlabError(f"latents {name!r} must be finite, of shape ({n}, d), not {latents.shape}")

    def write(folder: Path) -> None:
        tables = {
            "meta": pd.DataFrame({"json": [json.dumps(asdict(meta))]}),
            "latents": vectors_table({name: contents.latents[name] for name in STORED_REPRESENTATIONS}),
            "estimates": contents.estimates.astype("float32"),
            "metrics": pd.DataFrame({"json": [json.dumps(contents.metrics)]}),
            "history": contents.history,
        }
        write_tables(folder / "run.duckdb", tables)
        np.save(folder / "reconstruction.npy", contents.reconstruction.astype(np.float32), allow_pickle=False)
        save_file({k: np.ascontiguousarray(v) for k, v in contents.weights.items()}, folder / "weights.safetensors")
        (folder / "recipe.json").write_text(json.dumps(meta.recipe, indent=1, sort_keys=True))

    folder = root / check_name(meta.name)
    publish(folder, meta, write, replace=replace)
    return Run.open(folder)


class Run(ProjectionFolder):
    """A published run, opened read-only. Safe to share between threads."""

    def __init__(self, folder: Path, meta: Meta) -> None:
        self.folder = folder
        self.meta = meta
        self._tables = ReadOnlyTables(folder / "run.duckdb")

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open the run in `folder`.

        Raises
        ------
        MissingArtefactError, DamagedArtefactError
            If it is not there, incomplete, altered or newer than this version.
        """
        return cls(folder, read_manifest(folder, "run"))

    @property
    def run_id(self) -> str:
        """The run's id, such as ``paper-7f3a``."""
        return self.meta.name

    @property
    def survey_name(self) -> str:
        """Name of the survey that it was trained on."""
        return str(self.meta.recipe["survey"])

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """How it was made."""
        return self.meta.recipe

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The run's figures."""
        return json.loads(self._tables.frame("SELECT json FROM metrics")["json"].iloc[0])

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per training epoch."""
        return self._tables.frame("SELECT * FROM history")

    def load_latents(self) -> dict[str, NDArray[np.float32]]:
        """Read the stored latents, each float32 of shape (n, d), from the database (not cached)."""
        return self._tables.vectors("latents", list(STORED_REPRESENTATIONS))

    @cached_property
    def _latents(self) -> dict[str, NDArray[np.float32]]:
        stored = self.load_latents()
        stored["both"] = np.hstack([stored["spectrum_aligned"], stored["text_aligned"]])
        return stored

    def latents(self, representation: str) -> NDArray[np.float32]:
        """Latents of a representation, shape (n, d): row *i* is source *i* of the survey. `text` is the survey's own.

        Raises
        ------
        MissingArtefactError
            If the run does not store it.
        """
        if representation not in self._latents:
            raise MissingArtefactError(
                f"Run {self.run_id!r} stores no latents {representation!r}.",
                remedy=f"Choose one of {', '.join(self._latents)}.",
            )
        return self._latents[representation]

    @cached_property
    def shared_dimension(self) -> int:
        """Numbers per source in the shared space; an ensemble has those of all its members."""
        first = self._tables.frame("SELECT len(spectrum_aligned) AS n FROM latents LIMIT 1")
        return int(first["n"].iloc[0])

    @cached_property
    def reconstruction(self) -> NDArray[np.float32]:
        """Reconstructed spectra on the min–max scale, shape (n, 400), memory-mapped."""
        return np.load(self.folder / "reconstruction.npy", mmap_mode="r", allow_pickle=False)

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """Variables estimated from neighbours: ``<variable>``, ``<variable>_low``, ``<variable>_high``."""
        return self._tables.frame("SELECT * FROM estimates")

    def weights(self) -> dict[str, NDArray]:
        """Weights of the encoder and the heads.

        Raises
        ------
        DamagedArtefactError
            If the file was altered after it was written.
        """
        verify_checksums(self.folder)
        return load_file(self.folder / "weights.safetensors")

    def overlays(self) -> list[str]:
        """Names of the surveys that this run was applied to."""
        folder = self.folder / "applied"
        return (
            sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
        )

    def overlay(self, survey_name: str) -> Overlay:
        """This run's view of another survey."""
        return Overlay.open(self.folder / "applied" / check_name(survey_name))

    @cached_property
    def digest(self) -> str:
        """The sha256 that identifies this run."""
        return manifest_digest(self.folder)

    def close(self) -> None:
        """Release the files."""
        self._tables.close()


class Overlay:
    """Another survey seen with a run's frozen models; opened read-only."""

    def __init__(self, folder: Path, meta: Meta) -> None:
        self.folder = folder
        self.meta = meta
        tables = ReadOnlyTables(folder / "overlay.duckdb")
        columns = tables.arrow("SELECT * FROM latents").column_names
        self._latents = tables.vectors("latents", columns)
        self.estimates = tables.frame("SELECT * FROM estimates")
        self.novelty_percent = tables.frame("SELECT * FROM novelty")["novelty_percent"].to_numpy(np.float32)
        tables.close()
        self.reconstruction: NDArray[np.float32] = np.load(
            folder / "reconstruction.npy", mmap_mode="r", allow_pickle=False
        )

    @classmethod
    def open(cls, folder: Path) -> Overlay:
        """Open the overlay in `folder`; errors as for a run."""
        return cls(folder, read_manifest(folder, "overlay"))

    def latents(self, representation: str) -> NDArray[np.float32]:
        """Latents of a representation, shape (m, d).

        Raises
        ------
        MissingArtefactError
            If there are none: a survey without papers has no `text_aligned` and no `both`.
        """
        if representation not in self._latents:
            raise MissingArtefactError(
                f"Survey {self.meta.name!r} has no {representation!r} latents.", remedy="It has no papers."
            )
        return self._latents[representation]
