"""A drawing of a graph: components side by side, the largest on top, nodes without an edge in a band below."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.graph_forces import part, settle, settle_small, springs_of
from alignlab.analysis.graph_structure import backbone
from alignlab.analysis.graphs import Graph

#: Only so many of the most similar ones of a node's edges pull at it: all would draw one knot.
PULLING_EDGES = 12
#: Components up to this size are drawn together, node by node; larger ones on a grid each.
_SMALL = 128
_ROUNDS, _SMALL_ROUNDS = 200, 120
#: Between two components, and between nodes without an edge, where a node has an area of pi.
_MARGIN, _LONELY_SPACING = 2.0, 1.3
#: The band of nodes without an edge is at most so high, as a share of the rest.
_BAND_SHARE = 0.35


def graph_layout(
    graph: Graph, component: NDArray[np.int32], *, seed: int, start: ArrayLike | None = None
) -> NDArray[np.float32]:
    """Draw a graph so that joined nodes are near each other and no components overlap.

    Parameters
    ----------
    graph : Graph
    component : ndarray of int, shape (n,)
        As `alignlab.analysis.graph_structure.components` gives it.
    seed : int
        Of a jitter that parts nodes which start in one place; same seed, same drawing.
    start : array_like, shape (n, 2), optional
        Where nodes are at first (a map of their latents): the drawing keeps its orientation.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Within 0…1, x to the right and y upwards, both in the same unit.
    """
    rng = np.random.default_rng(seed)
    n = graph.n_nodes
    begin = _smooth_start(graph, rng) if start is None else np.asarray(start, np.float32)
    begin = begin + 1e-3 * max(float(np.ptp(begin)), 1e-6) * rng.standard_normal((n, 2)).astype(np.float32)
    thinned = backbone(graph, PULLING_EDGES)
    order = np.argsort(component, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(component))[:-1])
    drawn = [m for m in members if len(m) > 1]
    position = np.zeros((n, 2), np.float32)
    _draw_small(thinned, [m for m in drawn if len(m) <= _SMALL], position)
    adjacency = thinned.adjacency()
    for nodes in drawn:
        if len(nodes) > _SMALL:
            springs = springs_of(adjacency[nodes][:, nodes])
            position[nodes] = part(settle(springs, begin[nodes], rounds=_ROUNDS))
    _pack(position, drawn)
    _lay_band(position, np.concatenate([np.empty(0, np.int64), *(m for m in members if len(m) == 1)]), drawn)
    return _within_unit(position)


def _smooth_start(graph: Graph, rng: np.random.Generator, *, rounds: int = 100) -> NDArray[np.float32]:
    """Two vectors that change little along edges: noise of which each node takes its neighbours' mean, many times."""
    adjacency = graph.adjacency()
    degree = np.maximum(graph.degree, 1)[:, None]
    vectors = rng.standard_normal((graph.n_nodes, 2))
    for _ in range(rounds):
        vectors = 0.5 * (vectors + adjacency @ vectors / degree)
        vectors = np.linalg.qr(vectors - vectors.mean(axis=0))[0]
    return vectors.astype(np.float32)


def _draw_small(graph: Graph, drawn: list[NDArray[np.intp]], position: NDArray[np.float32]) -> None:
    """Draw components of similar size in one batch each, so that hundreds of pairs cost as much as one."""
    if not drawn:
        return
    size = np.array([len(nodes) for nodes in drawn])
    place, group = np.zeros(graph.n_nodes, np.int64), np.full(graph.n_nodes, -1)
    for number, nodes in enumerate(drawn):
        place[nodes], group[nodes] = np.arange(len(nodes)), number
    for width in np.unique(_padded(size)):
        chosen = np.flatnonzero(_padded(size) == width)
        slot = np.full(len(drawn), -1)
        slot[chosen] = np.arange(len(chosen))
        nodes = np.concatenate([drawn[i] for i in chosen])
        at = slot[group[nodes]], place[nodes]
        first, second = graph.edges[slot[group[graph.edges[:, 0]]] >= 0].T
        joined = np.zeros((len(chosen), width, width), bool)
        joined[slot[group[first]], place[first], place[second]] = True
        joined |= joined.transpose(0, 2, 1)
        present = np.zeros((len(chosen), width), bool)
        present[at] = True
        start = np.zeros((len(chosen), width, 2), np.float32)
        # On a circle: of so few nodes any start comes to rest, if no two are in one place.
        angle = 2 * np.pi * place[nodes] / size[group[nodes]]
        start[at] = np.sqrt(width / 2) * np.column_stack([np.cos(angle), np.sin(angle)])
        position[nodes] = settle_small(joined, present, start, rounds=_SMALL_ROUNDS)[at]
    for nodes in drawn:
        position[nodes] = _lying(position[nodes])


def _padded(size: NDArray[np.int64]) -> NDArray[np.int64]:
    """The next power of two: components that are drawn together."""
    return 2 ** np.ceil(np.log2(size)).astype(np.int64)


def _lying(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turned so that the longest extent is horizontal, with the heavier end on the left."""
    centred = points - points.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned = centred @ axes.T
    return turned * np.where(np.sum(turned**3, axis=0) > 0, -1, 1)


def _pack(position: NDArray[np.float32], drawn: list[NDArray[np.intp]]) -> None:
    """Shelves from top to bottom: boxes side by side, the highest first, each within the width of the drawing."""
    if not drawn:
        return
    low = np.array([position[nodes].min(axis=0) for nodes in drawn])
    extent = np.array([position[nodes].max(axis=0) for nodes in drawn]) - low + _MARGIN
    area = float(np.prod(extent, axis=1).sum())
    # Beside one that fills most of the drawing, a shelf of small ones would leave a column empty.
    most = float(extent[:, 0].max())
    width = most if most * most > 0.75 * area else max(most, float(np.sqrt(1.3 * area)))
    left = top = shelf = 0.0
    for number in np.argsort(-extent[:, 1], kind="stable"):
        if left and left + extent[number, 0] > width:
            left, top, shelf = 0.0, top - shelf, 0.0
        shelf = max(shelf, float(extent[number, 1]))
        corner = np.array([left, top - extent[number, 1]])
        position[drawn[number]] += (corner - low[number] + _MARGIN / 2).astype(np.float32)
        left += float(extent[number, 0])


def _lay_band(position: NDArray[np.float32], lonely: NDArray[np.intp], drawn: list[NDArray[np.intp]]) -> None:
    """Nodes without an edge, in their order, in rows below everything else."""
    if not len(lonely):
        return
    linked = np.concatenate(drawn) if drawn else np.empty(0, np.int64)
    if len(linked):
        (left, bottom), (right, top) = position[linked].min(axis=0), position[linked].max(axis=0)
        width = max(float(right - left), _MARGIN)
        spacing = min(_LONELY_SPACING, float(np.sqrt(_BAND_SHARE * width * max(top - bottom, 1.0) / len(lonely))))
    else:
        left, bottom, width, spacing = 0.0, 0.0, float(np.sqrt(2 * len(lonely))), 1.0
    per_row = max(1, int(width / spacing) + 1)
    row, column = np.divmod(np.arange(len(lonely)), per_row)
    position[lonely] = np.column_stack([left + column * spacing, bottom - 1.5 * _MARGIN - row * spacing])


def _within_unit(position: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scaled and moved into 0…1, the shorter side in the middle."""
    if not len(position):
        return position
    low, high = position.min(axis=0), position.max(axis=0)
    scale = max(float((high - low).max()), 1e-9)
    return np.clip((position - (low + high) / 2) / scale + 0.5, 0, 1).astype(np.float32)
