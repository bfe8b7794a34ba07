"""Kept clusters and what is said of them, shared by all sessions of the app until they are kept anew."""

from __future__ import annotations

import numpy as np
import streamlit as st

from alignlab.services.discover.cluster_profiles import ClusterProfile, cluster_profiles
from alignlab.services.discover.cluster_quality import ClusterQuality, Scope, cluster_quality
from alignlab.services.discover.cluster_recipe import Clustering, ClusterRecipe
from alignlab.services.discover.cluster_spectra import TypicalSpectrum, typical_spectrum
from alignlab.services.discover.cluster_sweep import (
    Point,
    comparison_stamp,
    kept_comparison,
    kept_sweep,
    sweep_stamp,
)
from alignlab.services.discover.clusters import clustering, clustering_stamp
from alignlab.services.workspace import Workspace
from alignlab.ui.clusters_page.choose import Chosen


def kept(workspace: Workspace, recipe: ClusterRecipe) -> Clustering | None:
    """The clusters of a recipe; None where they have not been found."""
    key = recipe.key
    stamp = clustering_stamp(workspace.run, key)
    return _kept(workspace, workspace.run.digest, key, stamp) if stamp else None


def quality(workspace: Workspace, chosen: Chosen, found: Clustering) -> ClusterQuality:
    """How the clusters agree with the chosen classes."""
    stamp = clustering_stamp(workspace.run, chosen.recipe.key)
    seen = (workspace.run.digest, chosen.recipe.key, stamp)
    return _quality(workspace, found, seen, chosen.labelling, chosen.scope)


def profiles(workspace: Workspace, found: Clustering) -> list[ClusterProfile]:
    """What each cluster is."""
    key = found.recipe.key
    return _profiles(workspace, found, (workspace.run.digest, key, clustering_stamp(workspace.run, key)))


def typical(workspace: Workspace) -> TypicalSpectrum:
    """The typical spectrum of all sources."""
    return _typical(workspace, workspace.run.digest)


def sweep(workspace: Workspace, recipe: ClusterRecipe) -> list[Point]:
    """The kept points of the sweep of this recipe."""
    return kept_sweep(workspace.run, recipe) if sweep_stamp(workspace.run, recipe) else []


def comparison(workspace: Workspace) -> list[Point]:
    """The kept points of the comparison with the earlier study."""
    return kept_comparison(workspace.run) if comparison_stamp(workspace.run) else []


@st.cache_resource(max_entries=16, show_spinner=False)
def _kept(_workspace: Workspace, run: str, key: str, stamp: int) -> Clustering:
    del run, stamp  # only there to be part of the key
    return clustering(_workspace.run, key)


@st.cache_resource(max_entries=32, show_spinner=False)
def _quality(
    _workspace: Workspace, _found: Clustering, seen: tuple[str, str, int], labelling: str, scope: Scope
) -> ClusterQuality:
    del seen
    return cluster_quality(_workspace.survey, _workspace.run, _found, labelling=labelling, scope=scope)


@st.cache_resource(max_entries=16, show_spinner=False)
def _profiles(_workspace: Workspace, _found: Clustering, seen: tuple[str, str, int]) -> list[ClusterProfile]:
    del seen
    return cluster_profiles(_workspace, _found)


@st.cache_resource(max_entries=4, show_spinner=False)
def _typical(_workspace: Workspace, run: str) -> TypicalSpectrum:
    del run
    return typical_spectrum(_workspace.survey, _workspace.run, np.ones(_workspace.survey.n_sources, bool))
