"""Clusterings side by side: one method over many sizes, and all methods as an earlier study has done it.

Each point is kept as soon as it is there, so that a sweep that was interrupted goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from alignlab.analysis.clusters import METHODS
from alignlab.progress import OnStep, report
from alignlab.services.discover.cluster_classes import LABELLINGS
from alignlab.services.discover.cluster_quality import SCOPES, can_judge, cluster_quality, mean_silhouette
from alignlab.services.discover.cluster_recipe import Clustering, ClusterRecipe
from alignlab.services.discover.clusters import find_clusters
from alignlab.services.workspace import Workspace
from alignlab.store.findings import Finding, finding_stamp, read_finding, write_finding
from alignlab.store.run import Run
from alignlab.store.survey import Survey

Point = dict[str, Any]
#: Sizes that a sweep tries: numbers of clusters, and for HDBSCAN the fewest sources of a cluster.
SIZES = (2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48)
LEAST_SIZES = (5, 10, 20, 40, 80, 160, 320)
#: What the earlier study reports (Pinciroli Vago et al. 2025, arXiv:2510.14102, abstract), as balanced accuracy.
EARLIER = {"eight": 0.40, "accretors": 0.69}
#: Representations and methods that are compared with it: it asks for as many clusters as there are classes.
COMPARED_REPRESENTATIONS = ("spectrum", "spectrum_aligned", "text_aligned", "both")
COMPARED_METHODS = tuple(name for name in METHODS if name != "hdbscan")
COMPARISON = "cluster-comparison"
_VERSION = 1


def sweep_sizes(recipe: ClusterRecipe, n_sources: int) -> tuple[int, ...]:
    """The sizes that a sweep of this recipe tries among so many sources."""
    sizes = LEAST_SIZES if recipe.method == "hdbscan" else SIZES
    return tuple(size for size in sizes if size <= n_sources // 2)


def sweep_clusters(workspace: Workspace, recipe: ClusterRecipe, *, on_step: OnStep | None = None) -> list[Point]:
    """Find clusters of every size and hold them against all classes; what is kept is not computed again.

    Parameters
    ----------
    workspace : Workspace
    recipe : ClusterRecipe
        Its size is varied, all else stays.

    Returns
    -------
    list of dict
        Of each size: ``size``, ``n_clusters``, ``n_noise``, ``seconds`` of one core, ``bic`` of a mixture,
        ``silhouette`` and ``n_silhouette``, and in ``against``, for each of `LABELLINGS`, under ``test`` and ``all``
        the figures of `ClusterQuality`; what cannot be judged is absent there.
    """
    against = tuple(LABELLINGS)
    sizes = sweep_sizes(recipe, workspace.survey.n_sources)
    wanted = [(str(size), recipe.of_size(size), against) for size in sizes]
    return _points(workspace, _sweep_name(recipe), wanted, silhouette=True, on_step=on_step)


def kept_sweep(run: Run, recipe: ClusterRecipe) -> list[Point]:
    """The points of a sweep that are kept, in the order of their sizes; none where it was never begun."""
    return _kept(run, _sweep_name(recipe))


def sweep_stamp(run: Run, recipe: ClusterRecipe) -> int:
    """When a sweep was last written, in nanoseconds; 0 where there is none."""
    return finding_stamp(run.folder, _sweep_name(recipe))


def compare_with_earlier(workspace: Workspace, *, seed: int = 0, on_step: OnStep | None = None) -> list[Point]:
    """Cluster eight classes into eight and accretors into two, as the earlier study has done, by several methods.

    Returns
    -------
    list of dict
        As from `sweep_clusters`, with ``among``, ``method`` and ``representation``, without silhouettes, and held
        against the classes alone that were clustered. Of what the survey has fewer than two classes is left out.
    """
    return _points(workspace, COMPARISON, list(_compared(workspace.survey, seed)), silhouette=False, on_step=on_step)


def kept_comparison(run: Run) -> list[Point]:
    """The points of the comparison that are kept."""
    return _kept(run, COMPARISON)


def comparison_stamp(run: Run) -> int:
    """When the comparison was last written, in nanoseconds; 0 where it was not."""
    return finding_stamp(run.folder, COMPARISON)


def n_compared(survey: Survey) -> int:
    """How many points the whole comparison has."""
    return len(list(_compared(survey, 0)))


_Wanted = tuple[str, ClusterRecipe, tuple[str, ...]]


def _compared(survey: Survey, seed: int) -> Iterator[_Wanted]:
    for labelling in EARLIER:
        k = len(LABELLINGS[labelling].names(survey))
        if k < 2:
            continue
        for representation in COMPARED_REPRESENTATIONS:
            for method in COMPARED_METHODS:
                recipe = ClusterRecipe(method=method, k=k, representation=representation, among=labelling, seed=seed)
                yield f"{labelling}-{recipe.key}", recipe, (labelling,)


def _points(
    workspace: Workspace, name: str, wanted: list[_Wanted], *, silhouette: bool, on_step: OnStep | None
) -> list[Point]:
    run = workspace.run
    done = {point["key"]: point for point in _kept(run, name)}
    for number, (key, recipe, against) in enumerate(wanted):
        told = f"{recipe.label}, {recipe.representation}"
        report(on_step, number, len(wanted), told)
        if key not in done:
            done[key] = {"key": key, **_point(workspace, recipe, against, silhouette=silhouette)}
            points = [done[key] for key, *_ in wanted if key in done]
            write_finding(run.folder, name, _VERSION, Finding(arrays=_sizes(points), told={"points": points}))
    report(on_step, len(wanted), len(wanted), "kept")
    return [done[key] for key, *_ in wanted]


def _point(workspace: Workspace, recipe: ClusterRecipe, against: tuple[str, ...], *, silhouette: bool) -> Point:
    survey, run = workspace.survey, workspace.run
    found = find_clusters(survey, run, recipe)
    value, n = mean_silhouette(survey, run, found, seed=recipe.seed) if silhouette else (math.nan, 0)
    return {
        "size": recipe.size,
        "method": recipe.method,
        "representation": recipe.representation,
        "among": recipe.among,
        "seed": recipe.seed,
        **{name: found.told[name] for name in ("n_clusters", "n_noise", "seconds", "bic") if name in found.told},
        "silhouette": value if math.isfinite(value) else None,
        "n_silhouette": n,
        "against": {labelling: _judged(workspace, found, labelling) for labelling in against},
    }


def _judged(workspace: Workspace, found: Clustering, labelling: str) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for scope in SCOPES:
        if can_judge(workspace.survey, found, labelling, scope):
            quality = cluster_quality(
                workspace.survey, workspace.run, found, labelling=labelling, scope=scope, silhouette=False,
                seed=found.recipe.seed,
            )  # fmt: skip
            figures[scope] = quality.figures()
    return figures


def _kept(run: Run, name: str) -> list[Point]:
    finding = read_finding(run.folder, name, _VERSION)
    return [] if finding is None else list(finding.told["points"])


def _sizes(points: list[Point]) -> dict[str, np.ndarray]:
    return {"size": np.array([point["size"] for point in points], np.int32)}


def _sweep_name(recipe: ClusterRecipe) -> str:
    plain = ClusterRecipe()
    same = replace(recipe, name=plain.name, k=plain.k, min_cluster_size=plain.min_cluster_size)
    return f"cluster-sweep-{recipe.method}-{recipe.representation}-{same.digest()[-6:]}"
