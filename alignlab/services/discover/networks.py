"""Networks of sources: who resembles whom, who is in the midst of many and who stands at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import alignlab
from alignlab.analysis.core_periphery import CorePeriphery, core_periphery
from alignlab.analysis.graph_centrality import PathCentralities, eigenvector_centrality, path_centralities
from alignlab.analysis.graph_communities import Communities, communities
from alignlab.analysis.graph_layout import graph_layout
from alignlab.analysis.graph_structure import components, core_numbers
from alignlab.analysis.graphs import Graph, neighbour_graph, threshold_degrees, threshold_graph
from alignlab.analysis.projections import pca
from alignlab.progress import OnStep, part_of, report
from alignlab.services.discover.network_files import write_graph
from alignlab.services.discover.network_periphery import periphery_agreement
from alignlab.services.discover.network_recipe import (
    ALL,
    THRESHOLDS,
    VARIABLE,
    VARIABLE_ABOVE,
    NetworkRecipe,
    NetworkSources,
    network_sources,
)
from alignlab.services.discover.network_tables import degree_table
from alignlab.services.neighbours import representation_latents
from alignlab.services.workspace import Workspace
from alignlab.store.findings import (
    Finding,
    delete_finding,
    finding_names,
    finding_stamp,
    read_finding,
    write_finding,
)
from alignlab.store.run import Run

__all__ = [
    "ALL",
    "CENTRALITIES",
    "THRESHOLDS",
    "VARIABLE",
    "VARIABLE_ABOVE",
    "Network",
    "NetworkRecipe",
    "degree_table",
    "network",
    "network_degrees",
    "periphery_agreement",
    "write_graph",
]

#: Raised when a network's figures change their meaning: kept ones are then computed again.
VERSION = 1
#: Above this nothing but the degrees is computed.
MOST_EDGES = 10_000_000
#: Networks that are kept beside a run; the ones that were computed first make room.
_MOST_KEPT = 24
CENTRALITIES: Mapping[str, str] = {
    "degree": "Degree",
    "eigenvector": "Eigenvector centrality",
    "betweenness": "Betweenness",
    "closeness": "Closeness",
}
_PER_NODE = ("positions", "component", "core_number", "core", "community")


@dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """A graph of sources with everything known of its nodes; arrays have one entry per node of `graph`.

    Attributes
    ----------
    recipe : NetworkRecipe
    graph : Graph
    positions : ndarray of float32, shape (n, 2)
        A drawing within 0…1, x to the right and y upwards; sources without an edge stand in a band at the bottom.
    component : ndarray of int32, shape (n,)
        Connected component, 0 the largest.
    core_number : ndarray of int32, shape (n,)
        Largest k such that the node is in the k-core.
    core : ndarray of bool, shape (n,)
        Whether it is in the core, by Lip's exact division into core and periphery.
    community : ndarray of int32, shape (n,)
        0 the largest.
    centralities : mapping of str to ndarray of float32, shape (n,)
        One per name in `CENTRALITIES`.
    told : dict
        Provenance and figures, as JSON: n, edges, density, components, modularity, what was sampled, ...
    """

    recipe: NetworkRecipe
    graph: Graph
    positions: NDArray[np.float32]
    component: NDArray[np.int32]
    core_number: NDArray[np.int32]
    core: NDArray[np.bool_]
    community: NDArray[np.int32]
    centralities: Mapping[str, NDArray[np.float32]]
    told: dict[str, Any]

    @property
    def degree(self) -> NDArray[np.int64]:
        """Edges at each node, shape (n,)."""
        return self.graph.degree


def network(workspace: Workspace, recipe: NetworkRecipe, on_step: OnStep | None = None) -> Network:
    """The network of a recipe, read where it is kept beside the run, else computed and kept.

    Raises
    ------
    AlignlabError
        If the recipe names no sources, or fewer than two.
    TooManyEdgesError
        If the threshold gives more than 10 million edges; it carries the degrees.
    StoppedError
        If `on_step` returned False.
    """
    sources = network_sources(workspace, recipe)
    folder, name = workspace.run.folder, recipe.finding_name(sources.rows)
    kept = read_finding(folder, name, VERSION)
    if kept is not None:
        return _from_finding(recipe, kept)
    found = _compute(workspace, recipe, sources, on_step)
    write_finding(folder, name, VERSION, _as_finding(found))
    others = [other for other in finding_names(folder, "network-") if other != name]
    for oldest in sorted(others, key=lambda other: finding_stamp(folder, other))[: len(others) + 1 - _MOST_KEPT]:
        delete_finding(folder, oldest)
    return found


def network_degrees(
    workspace: Workspace, recipe: NetworkRecipe, on_step: OnStep | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of a recipe's sources and the degree of each, exact however many edges there are.

    Raises
    ------
    AlignlabError
        As `network` does, but never for too many edges.
    """
    rows = network_sources(workspace, recipe).rows
    latents = representation_latents(workspace.survey, workspace.run, recipe.representation)[rows]
    if recipe.threshold is None:
        return rows, _join(latents, rows, recipe, on_step).degree
    return rows, threshold_degrees(latents, recipe.threshold, on_step=on_step)


def _compute(workspace: Workspace, recipe: NetworkRecipe, sources: NetworkSources, on_step: OnStep | None) -> Network:
    rows = sources.rows
    latents = representation_latents(workspace.survey, workspace.run, recipe.representation)[rows]
    graph = _join(latents, rows, recipe, part_of(on_step, 0, 0.3))
    report(on_step, 30, 100, "components and cores")
    component, division = components(graph), core_periphery(graph.degree)
    core_number = core_numbers(graph)
    paths = path_centralities(graph, component, seed=recipe.seed, on_step=part_of(on_step, 0.35, 0.6))
    eigenvector = eigenvector_centrality(graph)
    report(on_step, 60, 100, "communities")
    groups = communities(graph, seed=recipe.seed)
    report(on_step, 75, 100, "drawing")
    positions = graph_layout(graph, component, seed=recipe.seed, start=_start(workspace.run, recipe, latents, rows))
    return Network(
        recipe=recipe,
        graph=graph,
        positions=positions,
        component=component,
        core_number=core_number,
        core=division.core,
        community=groups.label,
        centralities={
            "degree": graph.degree.astype(np.float32),
            "eigenvector": eigenvector,
            "betweenness": paths.betweenness,
            "closeness": paths.closeness,
        },
        told=_provenance(workspace, recipe, sources) | _figures(graph, component, division, core_number, groups, paths),
    )


def _join(
    latents: NDArray[np.float32], rows: NDArray[np.int64], recipe: NetworkRecipe, on_step: OnStep | None
) -> Graph:
    if recipe.threshold is not None:
        return threshold_graph(latents, rows, recipe.threshold, max_edges=MOST_EDGES, on_step=on_step)
    report(on_step, 0, 1, "nearest sources")
    return neighbour_graph(latents, rows, min(int(recipe.k or 0), len(rows) - 1), mutual=recipe.mutual, on_step=on_step)


def _start(
    run: Run, recipe: NetworkRecipe, latents: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    """Where the drawing starts: as the Atlas's map lies, so that both are oriented alike; else from the graph alone."""
    for method in ("umap", "tsne"):
        if run.has_projection(recipe.representation, method):
            return run.projection(recipe.representation, method).coordinates[rows]
    return pca(latents).coordinates if min(latents.shape) >= 2 else None


def _provenance(workspace: Workspace, recipe: NetworkRecipe, sources: NetworkSources) -> dict[str, Any]:
    return {
        "survey": workspace.survey.name,
        "origin": workspace.survey.origin,
        "run": workspace.run.run_id,
        "recipe": asdict(recipe),
        "joined_by": recipe.joined_by,
        "n_without_text": sources.n_without_text,
        "alignlab_version": alignlab.__version__,
    }


def _figures(
    graph: Graph,
    component: NDArray[np.int32],
    division: CorePeriphery,
    core_number: NDArray[np.int32],
    groups: Communities,
    paths: PathCentralities,
) -> dict[str, Any]:
    n, size = graph.n_nodes, np.bincount(component)
    return {
        "n": n,
        "n_edges": graph.n_edges,
        "density": graph.n_edges / (n * (n - 1) / 2),
        "mean_degree": float(graph.degree.mean()),
        "max_degree": int(graph.degree.max()),
        "n_components": len(size),
        "n_isolated": int((graph.degree == 0).sum()),
        "largest_component": int(size[0]),
        "max_core_number": int(core_number.max()),
        "n_in_deepest_core": int((core_number == core_number.max()).sum()),
        "n_core": int(division.core.sum()),
        "n_always_core": int(division.always.sum()),
        "n_possible_core": int(division.possible.sum()),
        "core_exceptions": division.n_exceptions,
        "core_exceptions_share": division.exceptions_share if division.n_pairs else None,
        "n_communities": int((np.bincount(groups.label) > 1).sum()),
        "modularity": groups.modularity,
        "paths_n_sampled": paths.n_sampled,
        "paths_n_pivots": paths.n_pivots,
    }


def _as_finding(found: Network) -> Finding:
    arrays: dict[str, NDArray] = {
        "rows": found.graph.rows,
        "edges": found.graph.edges,
        "similarity": found.graph.similarity,
        **{name: getattr(found, name) for name in _PER_NODE},
        **{f"centrality_{name}": found.centralities[name] for name in CENTRALITIES},
    }
    return Finding(arrays=arrays, told=found.told)


def _from_finding(recipe: NetworkRecipe, kept: Finding) -> Network:
    arrays = kept.arrays
    return Network(
        recipe=recipe,
        graph=Graph(arrays["rows"], arrays["edges"], arrays["similarity"]),
        centralities={name: arrays[f"centrality_{name}"] for name in CENTRALITIES},
        told=kept.told,
        **{name: arrays[name] for name in _PER_NODE},
    )
