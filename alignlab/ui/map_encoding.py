"""A map as it goes to the browser: coordinates, coded variables and categories, and how to read them.

The protocol is in ``frontend/README.md``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from alignlab.services.discover.map_findings import NO_CLUSTER
from alignlab.services.maps import METHOD_LABELS, MapTable
from alignlab.ui import colours
from alignlab.ui.map_codes import encode
from alignlab.ui.words import REPRESENTATION_LABELS
from alignlab.variables import VARIABLES, Variable

#: Lower edges of the count levels (counts from 0.5 to 8 keV); the CSC fits spectra above 150 net counts.
COUNT_EDGES = (0, 20, 50, 150, 500, 2000, 10000)
#: Above this number of rows a tooltip gives the row's number instead of its name.
NAMED_UP_TO = 200_000
_UNKNOWN = 255
_SPLITS = ("train", "calibration", "validation", "test")
_GROUPS = {"hard": "Hardness", "var": "Variability", "powlaw": "Power-law fit", "bb": "Blackbody fit"} | {
    "brems": "Bremsstrahlung fit",
    "apec": "Plasma fit",
    "flux": "Significance",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class EncodedMap:
    """A map as it goes to the browser.

    Attributes
    ----------
    table : pyarrow.Table
        One row per point; overlays follow the survey's own sources.
    meta : dict
        How to read the columns; JSON.
    n : int
        Number of the survey's own sources, the first rows.
    dataset : str
        Identifies the survey's own rows: a selection made on others does not apply.
    overlays : tuple of (str, int)
        Name and number of sources of each survey laid over the map, in the order of their rows.
    """

    table: pa.Table
    meta: dict[str, Any]
    n: int
    dataset: str
    overlays: tuple[tuple[str, int], ...]

    def locate(self, row: int) -> tuple[str | None, int]:
        """Which source a row is: name of the overlay (None for the survey itself) and index in its survey."""
        if row < self.n:
            return None, row
        start = self.n
        for name, size in self.overlays:
            if row < start + size:
                return name, row - start
            start += size
        raise IndexError(f"the map has no row {row}")

    def row_of(self, overlay: str | None, index: int) -> int:
        """The row of a source; the inverse of `locate`."""
        start = self.n
        for name, size in self.overlays:
            if name == overlay:
                return start + index
            start += size
        return index


def encode_map(
    table: MapTable, n_papers: NDArray[np.integer], *, dataset: str, rows_id: str, caption: str, file_stem: str
) -> EncodedMap:
    """Code a map for the browser: float32 coordinates, 16-bit variables, 8-bit categories, names.

    Parameters
    ----------
    table : MapTable
    n_papers : ndarray of int, shape (n,)
        Of the survey's own sources.
    dataset, rows_id : str
        Identify the survey's own rows, and these with the overlays.
    caption, file_stem : str
        For figures: what they show, and what their files are called.
    """
    n = len(table.x)
    frames = [table.sources, *(o.sources for o in table.overlays)]
    rows = pd.concat(frames, ignore_index=True) if len(frames) > 1 else table.sources
    x = np.concatenate([table.x, *(o.x for o in table.overlays)]).astype(np.float32)
    y = np.concatenate([table.y, *(o.y for o in table.overlays)]).astype(np.float32)
    values = np.concatenate([table.variables, *(o.variables for o in table.overlays)])
    columns: dict[str, Any] = {"x": x, "y": y}
    if len(rows) <= NAMED_UP_TO:
        columns["name"] = pa.array(rows["name"].astype(str).tolist(), pa.string())
    described = []
    measured = [(_describe(variable), values[:, number]) for number, variable in enumerate(VARIABLES)]
    for description, column in [*measured, *_further_variables(table, rows, n_papers)]:
        codes = encode(column)
        columns[description["name"]] = codes.codes
        described.append({**description, "softening": codes.softening, "low": codes.low, "high": codes.high})
    categories = []
    for category, codes8 in [*_categories(rows, n, n_papers), *_clusters(table, len(rows))]:
        columns[category["name"]] = codes8
        categories.append(category)
    objects, n_repeated = _objects(table.sources, len(rows))
    if n_repeated:
        columns["object"] = objects
    sent = pa.table(columns)
    # A lasso's link names the first digits: those of the survey's own places, whatever is laid over them.
    geometry = _digest(x[:n].tobytes(), y[:n].tobytes())[:8] + _digest(x.tobytes(), y.tobytes())[:8]
    meta = {
        "key": "atlas",
        "title": f"{REPRESENTATION_LABELS[table.representation]} · {METHOD_LABELS[table.method]}",
        "n": n,
        "dataset": dataset,
        "rows": rows_id,
        "geometry": geometry,
        "version": _digest(geometry.encode(), rows_id.encode(), *(name.encode() for name in columns)),
        "duplicates": n_repeated,
        "caption": caption,
        "file_stem": file_stem,
        "variables": described,
        "categories": categories,
        "overlays": _overlay_rows(table, n),
        "palettes": _palettes(categories[0]["values"]),
        "defaults": {"colour": "source_class", "palette": "cividis"},
    }
    return EncodedMap(
        table=sent,
        meta=meta,
        n=n,
        dataset=dataset,
        overlays=tuple((o.survey_name, len(o.x)) for o in table.overlays),
    )


def _describe(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "unit": variable.display_unit,
        "group": _GROUPS[variable.name.split("_")[0]],
        "description": variable.description,
        "diverging": variable.diverging,
        "stretch": "linear" if variable.scale == "linear" else "log",
        "wall": True,
    }


_Column = tuple[dict[str, Any], NDArray[np.floating]]
_TRUST = {
    "trustworthiness": ("trustworthiness here", "Whether a source's neighbours on this map are its true neighbours."),
    "continuity": ("continuity here", "Whether a source's true neighbours are near it on this map."),
    "knn_recall": ("true neighbours kept", "Share of a source's nearest true neighbours that are nearest on this map."),
}


def _further_variables(table: MapTable, rows: pd.DataFrame, n_papers: NDArray[np.integer]) -> list[_Column]:
    """Counts, number of papers, how far the map can be trusted at each point, and how strange its source is."""

    def plain(name: str, label: str, unit: str, group: str, description: str, stretch: str) -> dict[str, Any]:
        described = {"name": name, "label": label, "unit": unit, "group": group, "description": description}
        return {**described, "diverging": False, "stretch": stretch, "wall": False}

    found: list[_Column] = []
    if "counts" in rows:
        described = plain("counts", "counts", "0.5–8 keV", "Catalogue", "Background included.", "log")
        found.append((described, rows["counts"].to_numpy(dtype=np.float64)))
    papers = np.full(len(rows), np.nan)
    papers[: len(table.x)] = n_papers
    described = plain("n_papers", "number of papers", "", "Catalogue", "Papers known for the source.", "linear")
    found.append((described, papers))
    if table.quality is not None:
        for name, (label, description) in _TRUST.items():
            local = np.full(len(rows), np.nan)
            local[: len(table.x)] = getattr(table.quality, name)
            found.append((plain(name, label, "", "Can I trust this map?", description, "linear"), local))
    if table.findings.outliers is not None:
        percentile = np.full(len(rows), np.nan)
        percentile[: len(table.x)] = table.findings.outliers.percentile
        said = table.findings.outliers.description
        found.append((plain("outlier_percentile", "outlier percentile", "%", "Discover", said, "linear"), percentile))
    return found


def _clusters(table: MapTable, n_rows: int) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """Kept clusters as categories; sources of other surveys are in none."""
    found = []
    for clusters in table.findings.clusterings:
        codes = np.full(n_rows, _UNKNOWN, dtype=np.uint8)
        codes[: len(table.x)] = clusters.codes
        category = {"name": clusters.name, "label": clusters.label, "values": list(clusters.values), "ordinal": False}
        found.append(({**category, "unknown": NO_CLUSTER}, codes))
    return found


def _objects(sources: pd.DataFrame, n_rows: int) -> tuple[NDArray[np.uint32], int]:
    """A number for each object, the same for all observations of it, and how many sources share theirs with others."""
    numbers, _ = pd.factorize(sources["name"].astype(str))
    objects = np.concatenate([numbers, np.arange(n_rows - len(numbers)) + len(numbers)]).astype(np.uint32)
    times = np.bincount(numbers)
    return objects, int(times[times > 1].sum())


def _categories(
    rows: pd.DataFrame, n: int, n_papers: NDArray[np.integer]
) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """Class, count level and split, each with its values and codes (255 where unknown)."""
    classes = rows["source_class"].astype(str)
    counted = {str(name): int(size) for name, size in classes[:n].value_counts().items() if name}
    names = colours.class_order(counted)
    found = {name: code for code, name in enumerate(names)}
    other = found.get(colours.OTHER, _UNKNOWN)
    codes = np.array([found.get(name, other if name in counted else _UNKNOWN) for name in classes], dtype=np.uint8)
    categories = [({"name": "source_class", "label": "class", "values": names, "ordinal": False}, codes)]
    if "counts" in rows:
        counts = rows["counts"].to_numpy(dtype=np.float64)
        level = np.digitize(counts, COUNT_EDGES[1:]).astype(np.uint8)
        level[~np.isfinite(counts)] = _UNKNOWN
        labels = [f"{low:,}–{high - 1:,}" for low, high in pairwise(COUNT_EDGES)]
        values = [*labels, f"≥ {COUNT_EDGES[-1]:,}"]
        categories.append(
            ({"name": "count_level", "label": "counts (0.5–8 keV)", "values": values, "ordinal": True}, level)
        )
    if "split" in rows:
        split = np.full(len(rows), _UNKNOWN, dtype=np.uint8)
        for code, name in enumerate(_SPLITS):
            split[:n][rows["split"].to_numpy()[:n] == name] = code
        categories.append(({"name": "split", "label": "split", "values": list(_SPLITS), "ordinal": False}, split))
    papers = np.full(len(rows), _UNKNOWN, dtype=np.uint8)
    papers[:n] = n_papers > 0
    values = ["no paper", "has papers"]
    categories.append(({"name": "papers", "label": "papers", "values": values, "ordinal": False}, papers))
    return categories


def _overlay_rows(table: MapTable, n: int) -> list[dict[str, Any]]:
    spans, start = [], n
    for overlay in table.overlays:
        label = overlay.survey_name + (" (simulated)" if overlay.simulated else " (observed)")
        spans.append({"survey": label, "start": start, "stop": start + len(overlay.x)})
        start += len(overlay.x)
    return spans


def _palettes(classes: list[str]) -> dict[str, str]:
    packed = {}
    for shade in ("light", "dark"):
        for name in ("cividis", "batlow", "diverging"):
            packed[f"{name}_{shade}"] = "".join(colours.scale(name, shade))
        packed[f"classes_{shade}"] = "".join(colours.category_colours(classes, shade))
        packed[f"missing_{shade}"] = colours.missing_colour(shade)
    return packed


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
