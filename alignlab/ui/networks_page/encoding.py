"""A network as it goes to the browser: nodes with coded colours, the edges that are drawn, and how to read them.

The protocol is in ``frontend/README.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from alignlab.analysis.drawn_edges import strongest_edges
from alignlab.services.discover.network_periphery import MEASURES
from alignlab.ui import colours
from alignlab.ui.map_codes import encode

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

#: Edges that are sent and drawn: 5 bytes each, and a quarter of a second in the browser.
DRAWN_EDGES = 200_000
#: Communities with a colour of their own; the smaller ones share a grey.
NAMED_COMMUNITIES = 11
CORE, PERIPHERY, ALONE = "core", "periphery", "without an edge"
_UNKNOWN = 255
_PARTS = {"light": ("0c7beb", "c8702a", "ced3da"), "dark": ("56a7ff", "e58e79", "403c3e")}


@dataclass(frozen=True, eq=False, kw_only=True)
class EncodedNetwork:
    """A network as it goes to the browser.

    Attributes
    ----------
    nodes : pyarrow.Table
        One row per node, in the graph's order.
    edges : pyarrow.Table
        The drawn ones: positions of both ends, and the similarity from 0 (weakest) to 255.
    meta : dict
        How to read both; JSON.
    rows : ndarray of int64, shape (n,)
        `source_index` of each node.
    n_edges : int
        Of the graph; more than are drawn where it was thinned.
    """

    nodes: pa.Table
    edges: pa.Table
    meta: dict[str, Any]
    rows: NDArray[np.int64]
    n_edges: int

    def position_of(self, index: int | None) -> int | None:
        """Position of a source among the nodes; None where it is none of them."""
        if index is None:
            return None
        found = np.flatnonzero(self.rows == index)
        return int(found[0]) if found.size else None


def encode_network(
    network: Network, sources: pd.DataFrame, *, title: str, percentile: NDArray[np.floating] | None = None
) -> EncodedNetwork:
    """Code a network for the browser.

    Parameters
    ----------
    network : Network
    sources : DataFrame
        Of the survey, one row per source: ``name`` and ``source_class``.
    title : str
        In a corner of the drawing, and for screen readers.
    percentile : ndarray of float, shape (n_sources,), optional
        Outlier percentile of every source of the survey, to colour by.
    """
    graph = network.graph
    rows = sources.iloc[graph.rows]
    columns: dict[str, Any] = {
        "x": network.positions[:, 0].astype(np.float32),
        "y": network.positions[:, 1].astype(np.float32),
        "name": pa.array(rows["name"].astype(str).tolist(), pa.string()),
        "edge_count": network.degree.astype(np.int32),
    }
    categories, palettes = [], _scales()
    for described, codes, looks in (_classes(sources, rows), _parts(network), _communities(network, rows)):
        columns[described["name"]] = codes
        categories.append(described)
        palettes |= {f"{described['name']}_{shade}": "".join(look) for shade, look in looks.items()}
    variables = []
    for described, values in _measures(network, percentile):
        coded = encode(values)
        columns[described["name"]] = coded.codes
        variables.append({**described, "softening": coded.softening, "low": coded.low, "high": coded.high})
    nodes, edges = pa.table(columns), _drawn(network)
    graph_id = _digest(graph.rows, network.positions, graph.edges, graph.similarity)
    meta = {
        "key": "networks",
        "title": title,
        "said": edges_said(edges.num_rows, graph.n_edges),
        "graph": graph_id,
        "version": f"{graph_id}-{_digest(*(nodes[name].to_numpy() for name in columns if name != 'name'))}",
        "variables": variables,
        "categories": categories,
        "palettes": palettes,
        "defaults": {"paint": "source_class"},
    }
    return EncodedNetwork(nodes=nodes, edges=edges, meta=meta, rows=graph.rows, n_edges=graph.n_edges)


def edges_said(n_drawn: int, n_edges: int) -> str:
    """Which edges the drawing shows, in words."""
    if n_edges == 0:
        return "no edges"
    if n_drawn == n_edges:
        return f"all {n_edges:,} edges drawn"
    return f"{n_drawn:,} of {n_edges:,} edges drawn, the strongest of every source; counts refer to all"


def _drawn(network: Network) -> pa.Table:
    graph = network.graph
    places = strongest_edges(graph.edges, graph.similarity, n=graph.n_nodes, most=DRAWN_EDGES)
    ends = graph.edges[places].astype(np.uint16 if graph.n_nodes <= 65_536 else np.uint32)
    similarity = graph.similarity[places]
    low, high = (float(similarity.min()), float(similarity.max())) if len(places) else (0.0, 0.0)
    unit = (similarity - low) / (high - low) if high > low else np.ones(len(places), dtype=np.float32)
    weight = np.rint(255 * unit).astype(np.uint8)
    return pa.table({"first": ends[:, 0].copy(), "second": ends[:, 1].copy(), "weight": weight})


_Category = tuple[dict[str, Any], NDArray[np.uint8], Mapping[str, list[str]]]


def _classes(sources: pd.DataFrame, rows: pd.DataFrame) -> _Category:
    """Classes with the colours that they have on the Atlas."""
    sizes = sources["source_class"].astype(str).value_counts()
    counted = {str(name): int(size) for name, size in sizes.items() if name}
    names = colours.class_order(counted)
    found = {name: code for code, name in enumerate(names)}
    other = found.get(colours.OTHER, _UNKNOWN)
    codes = [found.get(name, other if name in counted else _UNKNOWN) for name in rows["source_class"].astype(str)]
    looks = {shade: colours.class_colours(names, shade) or [colours.missing_colour(shade)] for shade in _PARTS}
    described = {"name": "source_class", "label": "class", "values": names, "ordinal": False}
    return described, np.array(codes, dtype=np.uint8), looks


def _parts(network: Network) -> _Category:
    """Core, periphery, and the sources that nobody resembles."""
    codes = np.where(network.degree == 0, 2, np.where(network.core, 0, 1)).astype(np.uint8)
    described = {
        "name": "part",
        "label": "core and periphery",
        "values": [CORE, PERIPHERY, ALONE],
        "ordinal": False,
        "description": "Lip's exact division: the core's sources resemble each other, the periphery's do not.",
    }
    return described, codes, {shade: list(look) for shade, look in _PARTS.items()}


def _communities(network: Network, rows: pd.DataFrame) -> _Category:
    """The largest communities, each with its most frequent class; single sources belong to none."""
    community = network.community
    sizes = np.bincount(community, minlength=1)
    named = [int(c) for c in np.argsort(-sizes, kind="stable")[:NAMED_COMMUNITIES] if sizes[c] > 1]
    codes = np.full(len(community), _UNKNOWN, dtype=np.uint8)
    classes = rows["source_class"].astype(str).to_numpy()
    values = []
    for code, number in enumerate(named):
        mine = community == number
        codes[mine] = code
        names, counts = np.unique(classes[mine], return_counts=True)
        values.append(f"{number + 1}, mostly {names[counts.argmax()] or 'unclassified'}")
    if (smaller := (codes == _UNKNOWN) & (sizes[community] > 1)).any():
        codes[smaller] = len(values)
        values.append("smaller ones")
    looks = {shade: colours.class_colours(values, shade) for shade in _PARTS}
    described = {
        "name": "community",
        "label": "community",
        "values": values,
        "ordinal": False,
        "unknown": "no community",
    }
    return described, codes, looks


def _measures(
    network: Network, percentile: NDArray[np.floating] | None
) -> list[tuple[dict[str, Any], NDArray[np.float64]]]:
    def plain(name: str, label: str, stretch: str, unit: str = "") -> dict[str, Any]:
        return {"name": name, "label": label, "unit": unit, "diverging": False, "stretch": stretch}

    found = [(plain("degree", "degree", "log", "edges"), network.degree.astype(np.float64))]
    found.append((plain("core_number", "core number", "linear", "edges"), network.core_number.astype(np.float64)))
    for name, values in network.centralities.items():
        if name != "degree":
            found.append((plain(name, MEASURES[name].lower(), "percentile"), np.asarray(values, dtype=np.float64)))
    if percentile is not None:
        found.append(
            (plain("outlier", "outlier percentile", "linear", "%"), percentile[network.graph.rows].astype(np.float64))
        )
    return found


def _scales() -> dict[str, str]:
    packed = {}
    for shade in _PARTS:
        packed[f"cividis_{shade}"] = "".join(colours.scale("cividis", shade))
        packed[f"missing_{shade}"] = colours.missing_colour(shade)
    return packed


def _digest(*arrays: NDArray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
