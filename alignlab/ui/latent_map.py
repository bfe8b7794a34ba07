"""The latent map as a Streamlit element. What goes to the browser and what comes back: ``frontend/README.md``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from alignlab.services.maps import METHOD_LABELS, MapTable
from alignlab.ui import colours
from alignlab.ui.frontend_build import read_bundle
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
#: Hands the marks to the map in the same page: they are a few bytes and change often, the table is large and does not.
_MARKS_JS = """
export default function ({ data }) {
  if (!data) return;
  window.alignlabMarks = { ...window.alignlabMarks, [data.key]: data };
  window.dispatchEvent(new CustomEvent("alignlab:marks", { detail: data }));
}
"""


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
        Identifies the rows: a selection or pick made on other rows does not apply.
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


@dataclass(frozen=True, eq=False)
class MapEvent:
    """What a person did on the map.

    Attributes
    ----------
    pick : int or None
        Row that was clicked.
    selected : ndarray of bool, shape (n,)
        Which of the survey's own sources are selected.
    """

    pick: int | None
    selected: NDArray[np.bool_]


def encode_map(table: MapTable, *, dataset: str) -> EncodedMap:
    """Code a map for the browser: float32 coordinates, 16-bit variables, 8-bit categories, names.

    Parameters
    ----------
    table : MapTable
    dataset : str
        Identifies the survey and its overlays.
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
    for number, variable in enumerate(VARIABLES):
        codes = encode(values[:, number])
        columns[variable.name] = codes.codes
        reading = {"softening": codes.softening, "low": codes.low, "high": codes.high}
        described.append({**_describe(variable), **reading})
    categories = []
    for category, codes8 in _categories(rows, n):
        columns[category["name"]] = codes8
        categories.append(category)
    sent = pa.table(columns)
    geometry = _digest(x.tobytes(), y.tobytes())
    meta = {
        "key": "atlas",
        "title": f"{REPRESENTATION_LABELS[table.representation]} · {METHOD_LABELS[table.method]}",
        "n": n,
        "dataset": dataset,
        "geometry": geometry,
        "version": _digest(geometry.encode(), dataset.encode()),
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


def latent_map(encoded: EncodedMap, *, key: str, on_event: Callable[[MapEvent], None]) -> None:
    """Draw the map; `on_event` is called before the page runs again whenever a person picks or selects.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """

    def receive() -> None:
        state = st.session_state[key].get("view")
        if state and state["dataset"] == encoded.dataset:
            on_event(MapEvent(state["pick"], unpack_selection(state["selection"], encoded.n)))

    _map_component(read_bundle())(
        key=key, data={"table": encoded.table, "meta": encoded.meta}, on_view_change=receive, height="content"
    )


def map_marks(encoded: EncodedMap, *, pick: int | None, neighbours: list[int]) -> None:
    """Tell the map which source is in the card and which are its neighbours, without sending the table again."""
    data = {"key": encoded.meta["key"], "dataset": encoded.dataset, "pick": pick, "neighbours": neighbours}
    _marks_component()(key="alignlab_map_marks", data=data, height=1)


def unpack_selection(bits: str, n: int) -> NDArray[np.bool_]:
    """Read a base64 bitset (bit *i* of byte *b* is row 8 b + *i*) into a mask of shape (n,)."""
    if not bits:
        return np.zeros(n, dtype=np.bool_)
    packed = np.frombuffer(base64.b64decode(bits), dtype=np.uint8)
    return np.unpackbits(packed, count=n, bitorder="little").astype(np.bool_)


@cache
def _map_component(bundle: str) -> ComponentRenderer:
    return st.components.v2.component("alignlab_latent_map", js=bundle, isolate_styles=False)


@cache
def _marks_component() -> ComponentRenderer:
    return st.components.v2.component("alignlab_map_marks", js=_MARKS_JS, isolate_styles=False)


def _describe(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "unit": variable.display_unit,
        "group": _GROUPS[variable.name.split("_")[0]],
        "description": variable.description,
        "diverging": variable.diverging,
        "stretch": "linear" if variable.scale == "linear" else "log",
    }


def _categories(rows: pd.DataFrame, n: int) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
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
        packed[f"classes_{shade}"] = "".join(colours.class_colours(classes, shade)) or colours.missing_colour(shade)
        packed[f"missing_{shade}"] = colours.missing_colour(shade)
    return packed


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
