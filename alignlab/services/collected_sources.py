"""Which sources of a collection can become a survey, and why the others cannot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alignlab.errors import AlignlabError
from alignlab.literature.aspects import ASPECTS
from alignlab.progress import OnStep
from alignlab.services.gather.assemble import AssembleSettings
from alignlab.services.measured_spectra import NEEDED, measure_spectra, product_files, spectrum_problems
from alignlab.store.collection import Collection


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The sources that a survey may be made of.

    Attributes
    ----------
    candidates : dict of str to list of str
        Source → keys of its detections with all files, the most significant first; sources in the order of their names.
    files : dict of str to dict of str to str
        Detection → kind of file → path.
    left_out : dict of str to int
        Why not → how many.
    """

    candidates: dict[str, list[str]]
    files: dict[str, dict[str, str]]
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def n_sources(self) -> int:
        """How many sources there are."""
        return len(self.candidates)


def chosen_detections(collection: Collection, settings: AssembleSettings) -> Chosen:
    """Choose by files and texts, before any spectrum is read.

    Raises
    ------
    AlignlabError
        If the collection has no detections.
    """
    files = {key: own for key, own in product_files(collection).items() if set(NEEDED) <= set(own)}
    told = _told(collection)
    ranked: dict[str, list[tuple[float, str]]] = {}
    left_out: Counter[str] = Counter()
    for key, row in collection.rows("detections"):
        ranked.setdefault(row["name"], [])
        if key in files:
            ranked[row["name"]].append((-_significance(row), key))
        else:
            left_out["detections without all of spectrum, ARF and RMF"] += 1
    if not ranked:
        raise AlignlabError(
            f"Collection {collection.name!r} has no detections.", remedy="Gather them with 'alignlab ingest csc'."
        )
    candidates: dict[str, list[str]] = {}
    for name in sorted(ranked):
        why = told.get(name, "sources without papers")
        if why and settings.only_with_texts:
            left_out[why] += 1
        elif not ranked[name]:
            left_out["sources without a detection that has all files"] += 1
        else:
            candidates[name] = [key for _, key in sorted(ranked[name])]
    return Chosen(candidates=candidates, files=files, left_out=dict(left_out))


def usable_detections(
    collection: Collection, chosen: Chosen, settings: AssembleSettings, *, on_step: OnStep | None = None
) -> tuple[list[str], dict[str, str]]:
    """Measure spectra until each source has one that can be used, or none is left.

    Returns
    -------
    keys : list of str
        Detections in the order of their sources' names.
    unusable : dict of str to str
        Detection → why its spectrum cannot be used.
    """
    usable: dict[str, list[str]] = {name: [] for name in chosen.candidates}
    unusable: dict[str, str] = {}
    waiting = {name: list(keys) for name, keys in chosen.candidates.items()}
    while waiting:
        n_next = 1 if settings.detections == "best" else None
        asked = {key: name for name, keys in waiting.items() for key in keys[:n_next]}
        files = {key: chosen.files[key] for key in asked}
        measure_spectra(
            collection, files, grid_kind=settings.grid_kind, n_processes=settings.n_processes, on_step=on_step
        )
        for key, problem in spectrum_problems(collection, files, grid_kind=settings.grid_kind):
            if problem:
                unusable[key] = problem
            else:
                usable[asked[key]].append(key)
        waiting = {name: keys[1:] for name, keys in waiting.items() if n_next and not usable[name] and keys[1:]}
    return [key for keys in usable.values() for key in sorted(keys)], unusable


def check_one_summariser(collection: Collection, names: Iterable[str]) -> str:
    """The summariser that wrote about these sources; empty where nobody did.

    Raises
    ------
    AlignlabError
        If there are several: texts of different models are not alike, and heads would learn that.
    """
    writers = Counter(str(row.get("summariser") or "") for row in collection.get("summaries", names).values())
    if len(writers) > 1:
        who = ", ".join(f"{writer or 'unknown'} ({n} sources)" for writer, n in sorted(writers.items()))
        raise AlignlabError(
            f"Collection {collection.name!r} mixes summaries of {len(writers)} summarisers: {who}.",
            remedy="Summarise all sources with one of them: 'alignlab ingest summaries' with --summariser.",
        )
    return next(iter(writers), "")


def _told(collection: Collection) -> dict[str, str]:
    """Source with papers → why it has no texts; empty where it has some."""
    told = {
        name: "sources whose papers are not summarised yet"
        for name, row in collection.rows("sourced")
        if row["bibcodes"]
    }
    for name, row in collection.rows("summaries"):
        told[name] = "" if any(row.get(aspect) for aspect in ASPECTS) else "sources of which no aspect is discussed"
    return told


def _significance(row: Mapping[str, Any]) -> float:
    value = row.get("flux_significance_b")
    return float(value) if value is not None and math.isfinite(value) else -math.inf
