"""Sources that a reader found, in a folder: how one process hands them to another, and how a reader goes on later.

Arrays as ``.npy``, tables as Arrow files, problems as JSON: nothing in it can run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

from alignlab.errors import DamagedArtefactError
from alignlab.ingest.records import IngestedSources, Problem

_ARRAYS = ("counts", "background", "response_ratio", "time_s", "energy_kev", "offsets")
_TABLES = ("sources", "variables", "limits")
_CATALOGUED = "catalogued"


def keep_sources(ingested: IngestedSources, folder: Path) -> None:
    """Write them into `folder`, which may hold nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(ingested, name), allow_pickle=False)
    for name in (*_TABLES, _CATALOGUED):
        table: pd.DataFrame | None = getattr(ingested, name)
        if table is not None:
            feather.write_feather(table, folder / f"{name}.arrow", compression="uncompressed")
    told = [[problem.where, problem.message] for problem in ingested.problems]
    (folder / "problems.json").write_text(json.dumps(told), encoding="utf-8")


def kept_sources(folder: Path) -> IngestedSources:
    """Read what `keep_sources` wrote.

    Raises
    ------
    DamagedArtefactError
        If it is incomplete or altered.
    """
    arrays: dict[str, Any] = {name: kept_array(folder, name) for name in _ARRAYS}
    tables: dict[str, Any] = {name: kept_table(folder, name) for name in _TABLES}
    catalogued = kept_table(folder, _CATALOGUED) if (folder / f"{_CATALOGUED}.arrow").is_file() else None
    return IngestedSources(**arrays, **tables, catalogued=catalogued, problems=kept_problems(folder))


def kept_array(folder: Path, name: str) -> NDArray:
    """One of the arrays alone."""
    with _sound(folder):
        return np.load(folder / f"{name}.npy", allow_pickle=False)


def kept_table(folder: Path, name: str) -> pd.DataFrame:
    """One of the tables alone."""
    with _sound(folder):
        return feather.read_feather(folder / f"{name}.arrow", memory_map=False)


def kept_problems(folder: Path) -> tuple[Problem, ...]:
    """The problems alone."""
    with _sound(folder):
        told = json.loads((folder / "problems.json").read_text(encoding="utf-8"))
        return tuple(Problem(str(where), str(message)) for where, message in told)


@contextmanager
def _sound(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError, EOFError, pa.ArrowException) as problem:
        raise DamagedArtefactError(f"{folder} cannot be read ({problem}).", remedy="Read the files again.") from problem
