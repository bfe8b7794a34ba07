"""Networks of sources: who resembles whom, who is in the midst of many and who stands at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.graphs import Graph
from alignlab.progress import OnStep
from alignlab.services.workspace import Workspace

#: Sources with a higher probability of being variable (broad band) are the default subset.
VARIABLE_ABOVE = 0.9
VARIABLE, ALL = "variable", "all"
#: Thresholds of the slides, for buttons beside a slider.
THRESHOLDS = (0.5, 0.7, 0.9)
CENTRALITIES: Mapping[str, str] = {
    "degree": "Degree",
    "eigenvector": "Eigenvector centrality",
    "betweenness": "Betweenness",
    "closeness": "Closeness",
}


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """Which sources, and which of them are joined.

    Attributes
    ----------
    subset : str
        ``variable`` (var_prob_b above 0.9), ``all``, ``class:<class>`` or ``selection:<name of one kept in the Lab>``.
    representation : str
        Whose cosine similarity counts.
    threshold : float or None
        Sources at least so similar are joined. Exactly one of `threshold` and `k` is given.
    k : int or None
        Each source is joined with its `k` nearest ones.
    mutual : bool
        With `k`: only where each is among the other's nearest; otherwise where either is (union).
    seed : int
        Of the drawing, the communities and the sampled centralities.
    """

    subset: str = VARIABLE
    representation: str = "both"
    threshold: float | None = None
    k: int | None = None
    mutual: bool = False
    seed: int = 0


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
        If the threshold gives more edges than are kept; it carries the degrees.
    StoppedError
        If `on_step` returned False.
    """
    raise NotImplementedError
