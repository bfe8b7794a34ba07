"""The tables of a survey that is made of a collection: its sources, their papers and what these say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from alignlab.ingest.csc_table import FLAGS
from alignlab.ingest.records import SOURCE_COLUMNS
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.generator import Literature
from alignlab.store.collection import Collection

_PAPERS_AT_ONCE = 500


def source_table(
    collection: Collection, detections: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """One row per detection (`alignlab.ingest.records.SOURCE_COLUMNS`): of the catalogue, else of the file.

    Parameters
    ----------
    collection : Collection
    detections : mapping
        Key → row of the collection.
    found : mapping
        Key → what was measured (`alignlab.services.measured_spectra.measured`).
    """
    names = [row["name"] for row in detections.values()]
    known, matches = collection.get("sources", names), collection.get("matches", names)
    rows = []
    for key, row in detections.items():
        told, name = found[key]["told"], row["name"]
        match, source = matches.get(name, {}), known.get(name, {})
        counts, under = (found[key][what].sum(dtype=np.float64) for what in ("counts", "background"))
        rows.append(
            {
                "name": name,
                "ra": _first(source.get("ra"), row.get("ra"), told["ra"]),
                "dec": _first(source.get("dec"), row.get("dec"), told["dec"]),
                "source_class": "" if match.get("is_ambiguous") else match.get("source_class") or "",
                "obsid": row["obsid"],
                "detector": row.get("detector") or told["detector"],
                "year": _first(row.get("year"), told["year"]),
                "theta_arcmin": _first(row.get("theta_arcmin")),
                "exposure_s": _first(told["exposure_s"], row.get("exposure_s")),
                "counts": counts,
                "background_counts": under,
                "net_counts": counts if np.isnan(under) else counts - under,
                "source_file": found[key]["file"],
                "notes": "; ".join(filter(None, [told["notes"], _match_note(match), *_flag_notes(row)])),
            }
        )
    text = dict.fromkeys(("name", "source_class", "detector", "source_file", "notes"), "str")
    return pd.DataFrame(rows, columns=list(SOURCE_COLUMNS)).astype({**text, "obsid": "int64"})


def _first(*values: float | None) -> float:
    """The first number that is known."""
    return next((float(value) for value in values if value is not None and np.isfinite(value)), np.nan)


def _flag_notes(row: Mapping[str, Any]) -> list[str]:
    """What the catalogue has flagged, in the words by which possible artefacts are found."""
    return [meaning for name, meaning in FLAGS.items() if row.get(name)]


def _match_note(match: Mapping[str, Any]) -> str:
    if not match.get("is_ambiguous"):
        return ""
    return "several objects of SIMBAD may be this source: it is given no class"


def literature_of(collection: Collection, names: Sequence[str]) -> Literature:
    """What is written about sources.

    Parameters
    ----------
    collection : Collection
    names : sequence of str
        The source of each detection: what is written about it is given to every one.
    """
    sourced, summaries = collection.get("sourced", names), collection.get("summaries", names)
    about = [(i, code) for i, name in enumerate(names) for code in sourced.get(name, {}).get("bibcodes") or ()]
    wanted = sorted({code for _, code in about})
    papers = []
    for start in range(0, len(wanted), _PAPERS_AT_ONCE):
        block = collection.get("papers", wanted[start : start + _PAPERS_AT_ONCE])
        papers += [_paper(code, row) for code, row in block.items()]
    there = {paper["paper_id"] for paper in papers}
    texts = [
        (i, aspect, row[aspect])
        for i, name in enumerate(names)
        for row in (summaries.get(name, {}),)
        for aspect in ASPECTS
        if row.get(aspect)
    ]
    return Literature(
        papers=pd.DataFrame(papers, columns=["paper_id", "title", "year", "identifier", "abstract"]),
        source_papers=pd.DataFrame([pair for pair in about if pair[1] in there], columns=["source_index", "paper_id"]),
        summaries=pd.DataFrame(texts, columns=["source_index", "aspect", "text"]),
    )


def _paper(bibcode: str, row: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: row.get(key) or "" for key in ("title", "abstract")}
    return {"paper_id": bibcode, "year": int(row.get("year") or 0), "identifier": bibcode, **told}
