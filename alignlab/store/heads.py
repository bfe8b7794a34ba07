"""Small heads fitted to a run's latents: an artefact in the run's folder, ``heads/<id>/``, opened read-only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.store.artefact import Meta, check_name, manifest_digest, publish, read_manifest, verify_checksums
from alignlab.store.tables import ReadOnlyTables, write_tables
from alignlab.variables import VARIABLE_NAMES

#: Columns of a variable's estimate: the median, and the limits of the 68% and the 95% interval.
SUFFIXES = ("", "_low", "_high", "_low_95", "_high_95")


@dataclass(frozen=True, eq=False, kw_only=True)
class SmallHeadsContents:
    """Everything that the folder of small heads will hold.

    Attributes
    ----------
    estimates : DataFrame or None
        For each source and variable the columns ``<variable>`` with each of `SUFFIXES`; None where the heads estimate
        no variables.
    probabilities : DataFrame or None
        For each source one column per class; None where the heads tell no classes.
    figures : dict
        As JSON.
    history : DataFrame
        One row per training epoch; empty for methods without.
    weights : mapping of str to ndarray
        What was learned.
    """

    estimates: pd.DataFrame | None
    probabilities: pd.DataFrame | None
    figures: dict[str, Any]
    history: pd.DataFrame
    weights: Mapping[str, NDArray]


def estimates_with_intervals(quantiles: NDArray[np.float32]) -> pd.DataFrame:
    """Quantiles (n, 20, 5) of 2.5, 16, 50, 84 and 97.5% as the columns of `SmallHeadsContents`."""
    position = dict(zip(SUFFIXES, (2, 1, 3, 0, 4), strict=True))
    columns = {
        f"{name}{suffix}": quantiles[:, i, position[suffix]]
        for i, name in enumerate(VARIABLE_NAMES)
        for suffix in SUFFIXES
    }
    return pd.DataFrame(columns).astype("float32")


def write_small_heads(contents: SmallHeadsContents, meta: Meta, run_folder: Path) -> SmallHeads:
    """Publish heads as ``run_folder / "heads" / meta.name``.

    Raises
    ------
    AlignlabError
        If they hold nothing, or the name is taken.
    """
    tables = {"meta": pd.DataFrame({"json": [json.dumps(meta.recipe)]}), "history": contents.history}
    if contents.estimates is not None:
        tables["estimates"] = contents.estimates
    if contents.probabilities is not None:
        tables["probabilities"] = contents.probabilities.astype("float32")
    if len(tables) == 2:
        raise AlignlabError("small heads must estimate variables or tell classes, these do neither.")

    def write(folder: Path) -> None:
        write_tables(folder / "heads.duckdb", tables)
        (folder / "figures.json").write_text(json.dumps(contents.figures, allow_nan=False), encoding="utf-8")
        save_file({k: np.ascontiguousarray(v) for k, v in contents.weights.items()}, folder / "weights.safetensors")

    folder = heads_folder(run_folder) / check_name(meta.name)
    publish(folder, meta, write)
    return SmallHeads.open(folder)


def heads_folder(run_folder: Path) -> Path:
    """Where the small heads of a run are kept."""
    return run_folder / "heads"


def head_ids(run_folder: Path) -> list[str]:
    """Ids of a run's small heads, oldest first."""
    folder = heads_folder(run_folder)
    if not folder.is_dir():
        return []
    published = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [path.name for path in sorted(published, key=lambda p: ((p / "manifest.json").stat().st_mtime, p.name))]


class SmallHeads:
    """Published small heads. Safe to share between threads."""

    def __init__(self, folder: Path, meta: Meta) -> None:
        self.folder = folder
        self.meta = meta
        self._tables = ReadOnlyTables(folder / "heads.duckdb")

    @classmethod
    def open(cls, folder: Path) -> SmallHeads:
        """Open the small heads in `folder`.

        Raises
        ------
        MissingArtefactError, DamagedArtefactError
            If they are not there, incomplete, altered or newer than this version.
        """
        return cls(folder, read_manifest(folder, "heads"))

    @property
    def heads_id(self) -> str:
        """Their id, such as ``gated-mlp-7f3a12``."""
        return self.meta.name

    @property
    def run_id(self) -> str:
        """Id of the run whose latents they read."""
        return str(self.meta.recipe["run"])

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe that they were fitted by, as JSON."""
        return dict(self.meta.recipe["heads"])

    @cached_property
    def figures(self) -> dict[str, Any]:
        """Errors, coverage and how well classes are told apart, by task, split and what was withheld."""
        return dict(json.loads((self.folder / "figures.json").read_text(encoding="utf-8")))

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per training epoch."""
        return self._tables.frame("SELECT * FROM history")

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The variables of all sources with their intervals, see `SmallHeadsContents`.

        Raises
        ------
        MissingArtefactError
            If these heads estimate no variables.
        """
        return self._table("estimates", "estimate no variables")

    @cached_property
    def probabilities(self) -> pd.DataFrame:
        """The probability of each class for all sources.

        Raises
        ------
        MissingArtefactError
            If these heads tell no classes.
        """
        return self._table("probabilities", "tell no classes")

    def has(self, task: str) -> bool:
        """Whether they estimate "variables" or tell the "class"."""
        return {"variables": "estimates", "class": "probabilities"}[task] in self._tables.names()

    def weights(self) -> dict[str, NDArray]:
        """What was learned.

        Raises
        ------
        DamagedArtefactError
            If the file was altered after it was written.
        """
        verify_checksums(self.folder)
        return load_file(self.folder / "weights.safetensors")

    @cached_property
    def digest(self) -> str:
        """The sha256 that identifies these heads."""
        return manifest_digest(self.folder)

    def close(self) -> None:
        """Release the files."""
        self._tables.close()

    def _table(self, name: str, lack: str) -> pd.DataFrame:
        if name not in self._tables.names():
            raise MissingArtefactError(
                f"The heads {self.heads_id!r} {lack}.", remedy="Fit others with 'alignlab train small-heads'."
            )
        return self._tables.frame(f'SELECT * FROM "{name}"')
