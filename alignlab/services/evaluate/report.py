"""An evaluation as files: one Markdown text with all tables, and each table as CSV and LaTeX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignlab.services.evaluate import part
from alignlab.services.evaluate.kept import tables_of
from alignlab.services.evaluate.paper import REFERENCE
from alignlab.services.evaluate.table import Format

_ENDINGS: dict[Format, str] = {"markdown": "md", "csv": "csv", "latex": "tex"}


def results_text(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """All parts as one Markdown text, under a head that says what the figures are of.

    Parameters
    ----------
    figures : mapping
        Part → its figures, all of one run and split.
    """
    told = next(iter(figures.values()))["provenance"]
    lines = [
        f"# Results of run {told['run']}",
        "",
        f"Survey {told['survey']} ({told['origin']}), {told['split']} split, n = {told['n']:,} "
        f"({told['n_pairs']:,} with any text), seed {told['seed']}. Intervals are 95% bootstrap intervals unless a "
        f"table says otherwise. The paper is {REFERENCE}, on observed sources.",
        "",
    ]
    for name, tables in tables_of({name: dict(values) for name, values in figures.items()}).items():
        lines += [f"## {part(name).label}", "", *(table.to("markdown") for table in tables)]
    return "\n".join(lines).rstrip() + "\n"


def write_files(figures: Mapping[str, Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write ``results.md``, ``results.json`` and every table as ``.md``, ``.csv`` and ``.tex`` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "results.md", folder / "results.json"]
    written[0].write_text(results_text(figures), encoding="utf-8")
    written[1].write_text(json.dumps(figures, indent=1, allow_nan=False), encoding="utf-8")
    for tables in tables_of({name: dict(values) for name, values in figures.items()}).values():
        for table in tables:
            for form, ending in _ENDINGS.items():
                written.append(folder / f"{table.name}.{ending}")
                written[-1].write_text(table.to(form), encoding="utf-8")
    return written
