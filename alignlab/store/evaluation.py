"""Figures of a run that are computed later: a JSON file per part and split in ``evaluation/``, published atomically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alignlab.errors import DamagedArtefactError
from alignlab.store.artefact import check_name, write_file_atomically


def write_figures(run: Path, part: str, split: str, version: int, figures: dict[str, Any]) -> None:
    """Publish the figures of one part beside the run in folder `run`.

    Raises
    ------
    ValueError
        If a figure is not finite: JSON cannot hold it, and None says that there is none.
    """
    text = json.dumps({"version": version, "figures": figures}, allow_nan=False, indent=1)

    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8")

    write_file_atomically(_path(run, part, split), write)


def read_figures(run: Path, part: str, split: str, version: int) -> dict[str, Any] | None:
    """The figures of one part; None where they have not been computed, or by an older version of the part.

    Raises
    ------
    DamagedArtefactError
        If the file cannot be read.
    """
    path = _path(run, part, split)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        figures: dict[str, Any] = told["figures"]
        return figures if told["version"] == version else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DamagedArtefactError(
            f"{path} cannot be read: {error}", remedy="Delete this file; its figures are computed again."
        ) from error


def forget_steps(run: Path, part: str, split: str) -> None:
    """Delete the figures of a part's steps (``<part>-<step>``): once the part is written, nobody goes on from them."""
    whole = _path(run, part, split)
    for path in whole.parent.glob(f"{whole.stem}-*.json"):
        path.unlink(missing_ok=True)


def written_ns(run: Path, part: str, split: str) -> int:
    """When the figures of a part were written, for caches; 0 where there are none."""
    try:
        return _path(run, part, split).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _path(run: Path, part: str, split: str) -> Path:
    return run / "evaluation" / check_name(split) / f"{check_name(part)}.json"
