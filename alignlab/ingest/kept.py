"""Sources that a reader found, in a folder: how one process hands them to another, and how a reader goes on later.

Arrays as ``.npy``, tables as Arrow files, problems as JSON: nothing in it can run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
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
    try:
        arrays: dict[str, Any] = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
        tables: dict[str, Any] = {name: _table(folder / f"{name}.arrow") for name in _TABLES}
        catalogue = folder / f"{_CATALOGUED}.arrow"
        catalogued = _table(catalogue) if catalogue.is_file() else None
        told = json.loads((folder / "problems.json").read_text(encoding="utf-8"))
        problems = tuple(Problem(str(where), str(message)) for where, message in told)
    except (OSError, ValueError, TypeError, EOFError, pa.ArrowException) as problem:
        raise DamagedArtefactError(f"{folder} cannot be read ({problem}).", remedy="Read the files again.") from problem
    return IngestedSources(**arrays, **tables, catalogued=catalogued, problems=problems)


def _table(path: Path) -> pd.DataFrame:
    return feather.read_feather(path, memory_map=False)
