"""The network that is shown: computed once per process and recipe, while the page says how far it is."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.progress import OnStep
from alignlab.services.discover.network_recipe import NetworkRecipe, network_sources
from alignlab.services.discover.outliers import OutlierScores, finding_name, kept_outliers
from alignlab.services.workspace import Workspace
from alignlab.store.findings import finding_stamp
from alignlab.store.lab import Lab
from alignlab.ui.networks_page.encoding import EncodedNetwork, encode_network

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

#: The ranking that periphery sources are held against.
FOREST = "forest"


@dataclass(frozen=True, eq=False)
class DegreesOnly:
    """What is known of a network with too many edges to be kept.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        `source_index` of its sources.
    degree : ndarray of int64, shape (n,)
        Exact.
    problem : str
        In words, with the way out.
    """

    rows: NDArray[np.int64]
    degree: NDArray[np.int64]
    problem: str


@dataclass(eq=False)
class _Held:
    """A network, once there is one; sessions that want the same wait for the first."""

    network: Network | DegreesOnly | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


def network_of(workspace: Workspace, lab: Lab, recipe: NetworkRecipe) -> Network | DegreesOnly:
    """The network of a recipe, or only its degrees where it has too many edges.

    Raises
    ------
    AlignlabError
        As `alignlab.services.discover.networks.network` does.
    """
    held = _held(workspace.survey.digest, workspace.run.digest, recipe, _subset_digest(lab, workspace, recipe))
    with held.lock:
        if held.network is None:
            bar = st.progress(0.0, text="Comparing every source with every other …")

            def tell(done: int, total: int, info: str) -> bool:
                bar.progress(min(done / max(total, 1), 1.0), text=f"The network: {info}")
                return True

            try:
                held.network = _compute(workspace, recipe, tell)
            finally:
                bar.empty()
    return held.network


def _compute(workspace: Workspace, recipe: NetworkRecipe, tell: OnStep) -> Network | DegreesOnly:
    # Imported here, under the progress bar: torch takes seconds.
    from alignlab.analysis.graphs import TooManyEdgesError
    from alignlab.services.discover.networks import network

    try:
        return network(workspace, recipe, tell)
    except TooManyEdgesError as error:
        return DegreesOnly(network_sources(workspace, recipe).rows, error.degree, str(error))


@st.cache_resource(max_entries=4, show_spinner=False)
def _held(survey: str, run: str, recipe: NetworkRecipe, subset: str) -> _Held:
    del survey, run, recipe, subset  # only there to be the key
    return _Held()


def _subset_digest(lab: Lab, workspace: Workspace, recipe: NetworkRecipe) -> str:
    """Identifies the members of a saved selection, which may be saved anew under its name."""
    kind, _, name = recipe.subset.partition(":")
    mask = lab.selection(workspace.survey.name, name) if kind == "selection" else None
    return "" if mask is None else hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16]


def outlier_scores_of(workspace: Workspace, recipe: NetworkRecipe) -> OutlierScores | None:
    """Outlier scores in the same vectors, where the Outliers page or a job has kept them."""
    return _scores(workspace, workspace.run.digest, recipe.representation, _stamp(workspace, recipe))


def _stamp(workspace: Workspace, recipe: NetworkRecipe) -> int:
    return finding_stamp(workspace.run.folder, finding_name(recipe.representation, "all"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _scores(_workspace: Workspace, run: str, representation: str, stamp: int) -> OutlierScores | None:
    del run, stamp
    return kept_outliers(_workspace.run, representation)


def encoded_network(
    workspace: Workspace, lab: Lab, shown: Network, *, title: str, scores: OutlierScores | None
) -> EncodedNetwork:
    """The network as it goes to the browser, with the forest's percentile where there are scores."""
    recipe = shown.recipe
    subset = _subset_digest(lab, workspace, recipe)
    stamp = 0 if scores is None else _stamp(workspace, recipe)
    return _encoded(
        workspace, shown, scores, workspace.survey.digest, workspace.run.digest, recipe, subset, stamp, title
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _encoded(
    _workspace: Workspace,
    _shown: Network,
    _scores: OutlierScores | None,
    survey: str,
    run: str,
    recipe: NetworkRecipe,
    subset: str,
    stamp: int,
    title: str,
) -> EncodedNetwork:
    del survey, run, recipe, subset, stamp
    percentile = None if _scores is None else _scores.percentile(FOREST)
    return encode_network(_shown, _workspace.survey.sources, title=title, percentile=percentile)
