"""A selection as a short Python script: whoever has the data folder gets the same rows."""

from __future__ import annotations

import base64
import textwrap
import zlib
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

import alignlab
from alignlab.services.workspace import Workspace

#: Longer lists of rows are written as a compressed bitset.
LONGEST_LIST = 1200
_WIDTH = 100


def selection_snippet(workspace: Workspace, rows: NDArray[np.integer], *, url: str = "") -> str:
    """A runnable script that opens the same survey and run, checks that they are the same, and tabulates `rows`.

    Parameters
    ----------
    workspace : Workspace
    rows : ndarray of int
        Selected sources of the run's survey, in any order; the script gives them in ascending order.
    url : str
        Address of the page, told in the first lines.

    Returns
    -------
    str
        Rows are named by class or split where these say exactly what was selected, else listed as ranges, else
        (above `LONGEST_LIST` characters) packed.
    """
    survey, run = workspace.survey, workspace.run
    chosen = np.unique(np.asarray(rows, dtype=np.int64))
    imports, expression = _expression(workspace, chosen)
    kind = survey.origin
    share = f"{len(chosen):,} of {survey.n_sources:,}"
    seed = "" if run.meta.seed is None else f", seed {run.meta.seed}"
    head = [
        f"# {share} {kind} sources of the survey {survey.name}, run {run.run_id}{seed}.",
        f"# Made by alignlab {alignlab.__version__}. ALIGNLAB_DATA names the folder with the data, ./data by default.",
    ]
    if url:
        head.append(f"# {' '.join(url.split())}")
    return "\n".join(
        [
            *head,
            *[f"import {name}" for name in imports],
            *([""] if imports else []),
            "import numpy as np",
            "",
            "from alignlab.services.export import export_table",
            "from alignlab.services.workspace import open_workspace",
            "",
            f"workspace = open_workspace({survey.name!r}, {run.run_id!r})",
            f'if workspace.survey.digest[:16] != "{survey.digest[:16]}":',
            f'    raise SystemExit("This is another survey {survey.name}: it was built again since.")',
            f'if workspace.run.digest[:16] != "{run.digest[:16]}":',
            f'    raise SystemExit("This is another run {run.run_id}: it was trained again since.")',
            "sources = workspace.survey.sources",
            expression,
            "table = export_table(workspace, rows)",
            'print(table["name", "source_class", "ra", "dec"])',
            "",
        ]
    )


def _expression(workspace: Workspace, rows: NDArray[np.int64]) -> tuple[list[str], str]:
    """The modules that it needs and the line that makes ``rows``."""
    n = workspace.survey.n_sources
    if len(rows) == n:
        return [], "rows = np.arange(len(sources))"
    if len(rows) == 0:
        return [], "rows = np.arange(0)"
    filters = _filters(workspace, rows)
    if filters:
        return [], f"rows = np.flatnonzero({filters})"
    listed = _ranges(rows) if np.count_nonzero(np.diff(rows) > 1) < LONGEST_LIST // 3 else ""
    if 0 < len(listed) <= LONGEST_LIST:
        return [], f"rows = np.r_[{listed}]" if "\n" not in listed else f"rows = np.r_[\n{listed}\n]"
    mask = np.zeros(n, dtype=np.bool_)
    mask[rows] = True
    packed = base64.b64encode(zlib.compress(np.packbits(mask).tobytes(), 9)).decode()
    lines = "\n".join(f'    "{part}"' for part in textwrap.wrap(packed, _WIDTH))
    return ["base64", "zlib"], (
        f"packed = (\n{lines}\n)\n"
        "bits = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8)\n"
        "rows = np.flatnonzero(np.unpackbits(bits, count=len(sources)))"
    )


def _filters(workspace: Workspace, rows: NDArray[np.int64]) -> str:
    """Classes and splits, alone or together, that choose exactly `rows`; empty where none do."""
    sources = workspace.survey.sources
    masks, texts = [], []
    for column in ("source_class", "split"):
        values = sorted(str(value) for value in sources[column].iloc[rows].unique())
        mask = sources[column].isin(values).to_numpy()
        if not mask.all():
            masks.append(mask)
            texts.append(f'sources["{column}"].isin({values!r})')
    for size in range(1, len(masks) + 1):
        for some in combinations(range(len(masks)), size):
            if np.array_equal(np.flatnonzero(np.logical_and.reduce([masks[i] for i in some])), rows):
                return " & ".join(texts[i] for i in some)
    return ""


def _ranges(rows: NDArray[np.int64]) -> str:
    """``3, 7:19, 40``: runs of successive rows as slices, wrapped to lines."""
    breaks = np.flatnonzero(np.diff(rows) > 1) + 1
    parts = [
        f"{run[0]}" if len(run) == 1 else f"{run[0]}, {run[1]}" if len(run) == 2 else f"{run[0]}:{run[-1] + 1}"
        for run in np.split(rows, breaks)
    ]
    listed = ", ".join(parts)
    if len(listed) <= _WIDTH:
        return listed
    return textwrap.fill(listed, _WIDTH, initial_indent="    ", subsequent_indent="    ")
