"""Clusters of a run's sources: found by a recipe, kept beside the run, held against classes, told by their physics.

What a cluster is held against and described by is in modules of its own; their names are offered here too.
"""

from __future__ import annotations

import importlib
import json
import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.clusters import LEFT_OUT
from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.progress import OnStep, part_of, report
from alignlab.services.discover.cluster_classes import LABELLINGS, Labelling
from alignlab.services.discover.cluster_profiles import ClusterProfile, cluster_profiles
from alignlab.services.discover.cluster_quality import SCOPES, ClusterQuality, cluster_quality
from alignlab.services.discover.cluster_recipe import Clustering, ClusterRecipe
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
from alignlab.store.survey import Survey

__all__ = [
    "LABELLINGS",
    "SCOPES",
    "ClusterProfile",
    "ClusterQuality",
    "ClusterRecipe",
    "Clustering",
    "Labelling",
    "bring_forward",
    "cluster_profiles",
    "cluster_quality",
    "clustering",
    "clustering_stamp",
    "delete_clustering",
    "find_clusters",
    "keep_clusters",
    "kept_clusterings",
]

#: Names of their findings begin so.
PREFIX = "clusters-"
#: Raised when what is kept changes its meaning.
VERSION = 1
#: Latents in which a source about which nothing is written has no place of its own.
_OF_TEXT = ("both", "text", "text_aligned")


def find_clusters(
    survey: Survey, run: Run, recipe: ClusterRecipe, *, latents: ArrayLike | None = None, on_step: OnStep | None = None
) -> Clustering:
    """Find clusters of a run's sources.

    Parameters
    ----------
    survey : Survey
        Of the run.
    run : Run
    recipe : ClusterRecipe
    latents : array_like, shape (n, d), optional
        Other latents of the same sources, in place of those that the recipe names.

    Raises
    ------
    AlignlabError
        If too few sources are left.
    """
    from alignlab.analysis import clusters as engine

    report(on_step, 0, 3, "reading latents")
    rows = _clustered(survey, recipe)
    x = representation_latents(survey, run, recipe.representation) if latents is None else np.asarray(latents)
    if len(x) != survey.n_sources:
        raise AlignlabError(f"{len(x):,} latents are not those of the {survey.n_sources:,} sources of {survey.name!r}.")
    # Loaded before the clock starts.
    importlib.import_module("sklearn.cluster")
    importlib.import_module("sklearn.mixture")
    started = time.thread_time()
    report(on_step, 1, 3, recipe.label)
    prepared = engine.scaled(x[rows], recipe.scaling, n_components=recipe.components, seed=recipe.seed)
    found = engine.find(prepared, recipe.method, k=recipe.k, min_cluster_size=recipe.min_cluster_size, seed=recipe.seed)
    labels = np.full(survey.n_sources, LEFT_OUT, np.int32)
    labels[rows] = found.labels
    report(on_step, 3, 3, recipe.label)
    told = {
        **found.told,
        "n_clusters": int(found.labels.max(initial=-1)) + 1,
        "n_noise": int((found.labels < 0).sum()),
        "n_left_out": survey.n_sources - len(rows),
        "seconds": round(time.thread_time() - started, 2),
    }
    return Clustering(recipe=recipe, labels=labels, told=told)


def keep_clusters(
    workspace: Workspace, recipe: ClusterRecipe, *, latents: ArrayLike | None = None, on_step: OnStep | None = None
) -> Clustering:
    """Find clusters, name them, and keep them beside the run under the recipe's `key`; parameters as above."""
    found = find_clusters(workspace.survey, workspace.run, recipe, latents=latents, on_step=part_of(on_step, 0, 0.7))
    report(part_of(on_step, 0.7, 1), 0, 1, "naming them")
    profiles = cluster_profiles(workspace, found)
    told = {**found.told, "names": [profile.name for profile in profiles]}
    header = {"recipe": json.loads(recipe.to_json()), "told": told, "survey": workspace.survey.digest}
    write_finding(
        workspace.run.folder, PREFIX + recipe.key, VERSION, Finding(arrays={"labels": found.labels}, told=header)
    )
    report(on_step, 1, 1, "kept")
    return Clustering(recipe=recipe, labels=found.labels, told=told)


def kept_clusterings(run: Run) -> list[str]:
    """Keys of the clusterings kept beside a run, the newest first."""
    names = [name.removeprefix(PREFIX) for name in finding_names(run.folder, PREFIX)]
    return sorted(names, key=lambda name: -clustering_stamp(run, name))


def clustering(run: Run, name: str) -> Clustering:
    """The clustering kept under that key.

    Raises
    ------
    MissingArtefactError
        If there is none.
    """
    finding = read_finding(run.folder, PREFIX + name, VERSION)
    if finding is None:
        raise MissingArtefactError(
            f"Run {run.run_id!r} keeps no clusters {name!r}.", remedy="Find them with 'alignlab clusters'."
        )
    return Clustering(
        recipe=ClusterRecipe.from_json(finding.told["recipe"]),
        labels=finding.arrays["labels"],
        told=finding.told["told"],
    )


def clustering_stamp(run: Run, name: str) -> int:
    """When a clustering was kept, in nanoseconds, for caches; 0 where there is none."""
    return finding_stamp(run.folder, PREFIX + name)


def bring_forward(run: Run, name: str) -> None:
    """Make a kept clustering the newest, so that the Atlas offers it."""
    if name in kept_clusterings(run)[:1]:
        return
    finding = read_finding(run.folder, PREFIX + name, VERSION)
    if finding is not None:
        write_finding(run.folder, PREFIX + name, VERSION, finding)


def delete_clustering(run: Run, name: str) -> None:
    """Forget a clustering, if it is kept."""
    delete_finding(run.folder, PREFIX + name)


def _clustered(survey: Survey, recipe: ClusterRecipe) -> NDArray[np.intp]:
    """Rows of the sources that a recipe asks about."""
    asked = np.ones(survey.n_sources, bool)
    if recipe.among != "classes":
        asked &= LABELLINGS[recipe.among].of(survey) != ""
    if recipe.representation in _OF_TEXT and survey.has_array("text_mask"):
        asked &= np.asarray(survey.text_mask).any(axis=1)
    return np.flatnonzero(asked)
