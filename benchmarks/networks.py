"""Times and memory of networks: graphs, degrees, figures of the nodes, the drawing; and networkx's way of the same.

python benchmarks/networks.py [--data data] [--sources 11447] [--large 200000] [--only CASE ...]

Latents are those of the demo's run below `--data`; a larger survey is made of points between near sources. Every case
runs in a process of its own. Seconds of the processor are of all threads: on a busy machine they are what to compare.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from alignlab.analysis.core_periphery import core_periphery
from alignlab.analysis.graph_centrality import eigenvector_centrality, path_centralities
from alignlab.analysis.graph_communities import communities
from alignlab.analysis.graph_layout import graph_layout
from alignlab.analysis.graph_structure import components, core_numbers
from alignlab.analysis.graphs import Graph, neighbour_graph, threshold_degrees, threshold_graph
from alignlab.analysis.similarity import normalise_rows, top_k
from alignlab.config import Config
from alignlab.services.discover.network_tables import degree_table
from alignlab.services.workspace import Catalogue, Workspace

DRAWN = 5_000


def latents_of(workspace: Workspace, n: int) -> np.ndarray:
    """Latents of `n` sources: the demo's, a part of them, or points between those that are near each other."""
    latents = normalise_rows(workspace.run.latents("both"))
    rng = np.random.default_rng(0)
    if n <= len(latents):
        return latents[np.sort(rng.choice(len(latents), n, replace=False))]
    near = top_k(latents, latents, 8, exclude_self=True).index
    first = rng.integers(len(latents), size=n)
    corners = np.column_stack([first, *(near[first, rng.integers(8, size=n)] for _ in range(3))])
    between = np.einsum("nk,nkd->nd", rng.dirichlet(np.ones(4), size=n).astype(np.float32), latents[corners])
    return normalise_rows(between + 0.02 * rng.standard_normal(between.shape).astype(np.float32))


def with_degree_table(workspace: Workspace, latents: np.ndarray, threshold: float) -> str:
    graph = threshold_graph(latents, np.arange(len(latents)), threshold)
    table = degree_table(workspace.survey, graph.rows, graph.degree)
    return f"{graph.n_edges:,} edges, high above {table.high_above:g}"


def degrees_alone(latents: np.ndarray, threshold: float) -> str:
    return f"{threshold_degrees(latents, threshold).sum() // 2:,} edges, none kept"


def networkx_way(latents: np.ndarray, threshold: float) -> str:
    """As one would write it: the whole matrix, the graph from it, degrees from the graph."""
    import networkx as nx

    unit = latents.astype(np.float64)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, 0)
    graph = nx.from_numpy_array(np.where(similarity >= threshold, similarity, 0))
    return f"{graph.number_of_edges():,} edges, mean degree {np.mean([d for _, d in graph.degree()]):.1f}"


def by_neighbours(latents: np.ndarray) -> str:
    return f"{neighbour_graph(latents, np.arange(len(latents)), 10).n_edges:,} edges"


def all_pairs(latents: np.ndarray) -> str:
    """A hundredth of the queries, so that its time is to be multiplied."""
    return f"{len(top_k(latents[::100], latents, 11).index):,} queries"


def figures_of(graph: Graph) -> str:
    component = components(graph)
    core = core_periphery(graph.degree).core.sum()
    core_numbers(graph)
    eigenvector_centrality(graph)
    paths = path_centralities(graph, component, seed=0)
    groups = communities(graph, seed=0)
    return f"{graph.n_edges:,} edges, core {core:,}, {paths.n_pivots} pivots, modularity {groups.modularity:.3f}"


def drawing_of(graph: Graph) -> str:
    component = components(graph)
    position = graph_layout(graph, component, seed=0)
    ends = position[graph.edges]
    pairs = position[np.random.default_rng(0).integers(graph.n_nodes, size=(20_000, 2))]
    length, anywhere = (np.median(np.linalg.norm(p[:, 0] - p[:, 1], axis=1)) for p in (ends, pairs))
    return f"{graph.n_nodes:,} nodes, an edge is {length / anywhere:.3f} of the distance of any two"


def rustworkx_drawing(graph: Graph) -> str:
    import rustworkx as rx

    theirs = rx.PyGraph()
    theirs.add_nodes_from(range(graph.n_nodes))
    theirs.add_edges_from_no_data([tuple(edge) for edge in graph.edges.tolist()])
    position = np.array([place for _, place in sorted(rx.spring_layout(theirs, seed=0, num_iter=50).items())])
    ends = position[graph.edges]
    pairs = position[np.random.default_rng(0).integers(graph.n_nodes, size=(20_000, 2))]
    length, anywhere = (np.median(np.linalg.norm(p[:, 0] - p[:, 1], axis=1)) for p in (ends, pairs))
    return f"{graph.n_nodes:,} nodes, an edge is {length / anywhere:.3f} of the distance of any two"


def cases(workspace: Workspace, n: int, large: int) -> dict[str, Callable[[], Callable[[], str]]]:
    """What is timed: a case prepares its input, and returns the work."""

    def some(size: int) -> np.ndarray:
        return latents_of(workspace, size)

    def graph(size: int) -> Graph:
        return threshold_graph(some(size), np.arange(size), 0.9)

    found: dict[str, Callable[[], Callable[[], str]]] = {
        f"{n:,}, threshold {threshold:g}, graph and degree table": partial(
            lambda t: partial(with_degree_table, workspace, some(n), t), threshold
        )
        for threshold in (0.95, 0.9, 0.7, 0.5)
    }
    found |= {
        f"{n:,}, threshold -1, degrees alone": lambda: partial(degrees_alone, some(n), -1.0),
        f"{n:,}, threshold 0.9, networkx": lambda: partial(networkx_way, some(n), 0.9),
        f"{n:,}, threshold 0.7, networkx": lambda: partial(networkx_way, some(n), 0.7),
        f"{n:,}, 10 nearest": lambda: partial(by_neighbours, some(n)),
        f"{large:,}, 10 nearest": lambda: partial(by_neighbours, some(large)),
        f"{large:,}, 10 nearest of a hundredth, all pairs": lambda: partial(all_pairs, some(large)),
        f"{n:,}, threshold 0.9, cores, centralities, communities": lambda: partial(figures_of, graph(n)),
        f"{DRAWN:,}, threshold 0.9, drawing": lambda: partial(drawing_of, graph(DRAWN)),
        f"{DRAWN:,}, threshold 0.9, drawing by rustworkx": lambda: partial(rustworkx_drawing, graph(DRAWN)),
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--sources", type=int, default=11_447)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--only", nargs="*", default=[], help="cases whose name contains one of these")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    workspace = Catalogue(Config(data_dir=options.data)).open_workspace()
    known = cases(workspace, options.sources, options.large)
    if options.case:
        work = known[options.case]()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, cpu = time.perf_counter(), time.process_time()
        result = work()
        took = time.perf_counter() - started, time.process_time() - cpu
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(json.dumps([*took, more, result]))
        return
    print(f"{'':58s} {'s':>7s} {'cpu s':>7s} {'MB more':>8s}")
    for name in known:
        if options.only and not any(part in name for part in options.only):
            continue
        told = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--case", name], capture_output=True, text=True)
        if told.returncode:
            print(f"{name:58s} failed: {told.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        wall, cpu, more, result = json.loads(told.stdout.splitlines()[-1])
        print(f"{name:58s} {wall:7.2f} {cpu:7.2f} {more:8.0f}   {result}", flush=True)


if __name__ == "__main__":
    main()
