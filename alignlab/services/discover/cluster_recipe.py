"""How clusters are to be found, and what was found: the forms that the other modules share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.clusters import METHODS, SCALINGS
from alignlab.services.discover.cluster_classes import LABELLINGS
from alignlab.store.run import REPRESENTATIONS
from alignlab.training.recipe_base import Range, Recipe

MOST_CLUSTERS = 200
#: Of `n_components`: as many as suit the method.
AS_SUITS = -1
#: Densities of 128 dimensions need more sources than there are, and minutes: HDBSCAN and mixtures see fewer.
_COMPONENTS = {"kmeans": 0, "mixture": 16, "hdbscan": 8, "agglomerative": 0}


@dataclass(frozen=True, kw_only=True)
class ClusterRecipe(Recipe):
    """How clusters are found.

    Attributes
    ----------
    method : str
        A key of `alignlab.analysis.clusters.METHODS`.
    k : int
        How many clusters; HDBSCAN finds their number itself.
    min_cluster_size : int
        HDBSCAN alone: sources that make a cluster.
    representation : str
        Latents that are clustered.
    among : str
        Which sources: a key of `LABELLINGS`; ``classes`` are all of them.
    scaling : str
        A key of `alignlab.analysis.clusters.SCALINGS`.
    n_components : int
        Principal components that the latents are projected onto first; 0 for none, -1 for as many as suit the method.
    seed : int
    """

    name: str = "clusters"
    method: str = "kmeans"
    k: int = 12
    min_cluster_size: int = 50
    representation: str = "both"
    among: str = "classes"
    scaling: str = "none"
    n_components: int = AS_SUITS
    seed: int = 0

    RANGES: ClassVar[dict[str, Range]] = {
        "k": (2, MOST_CLUSTERS),
        "min_cluster_size": (2, 100_000),
        "n_components": (AS_SUITS, 256),
        "seed": (0, 2**31 - 1),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "method": tuple(METHODS),
        "representation": tuple(REPRESENTATIONS),
        "among": tuple(LABELLINGS),
        "scaling": tuple(SCALINGS),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the clusters do not depend on it.",
        "method": "How clusters are found.",
        "k": "How many clusters; HDBSCAN finds their number itself.",
        "min_cluster_size": "HDBSCAN alone: sources that make a cluster.",
        "representation": "The latents that are clustered.",
        "among": "Which sources are clustered: all, or those of some classes.",
        "scaling": "What is done to the latents first.",
        "n_components": "Principal components that the latents are projected onto first; 0: none, -1: what suits.",
        "seed": "Of every random draw.",
    }

    @property
    def components(self) -> int:
        """Principal components that the latents are projected onto; 0 for none."""
        return _COMPONENTS[self.method] if self.n_components == AS_SUITS else self.n_components

    @property
    def size(self) -> int:
        """The number that a sweep varies: `k`, for HDBSCAN `min_cluster_size`."""
        return self.min_cluster_size if self.method == "hdbscan" else self.k

    def of_size(self, size: int) -> Self:
        """The same recipe with another `size`."""
        if self.method == "hdbscan":
            return replace(self, min_cluster_size=size)
        return replace(self, k=size)

    @property
    def key(self) -> str:
        """Name under which the clusters are kept, such as ``kmeans-12-both-7f3a12``."""
        plain = replace(self, name="clusters")
        return f"{self.method}-{self.size}-{self.representation}-{plain.digest()[-6:]}"

    @property
    def label(self) -> str:
        """The recipe in a few words, such as ``k-means, 12 clusters``."""
        what = f"at least {self.size:,} sources each" if self.method == "hdbscan" else f"{self.k} clusters"
        return f"{METHODS[self.method]}, {what}"

    @property
    def short_label(self) -> str:
        """The recipe for a menu, such as ``k-means 12 · both``; with what is not as usual."""
        size = f"≥ {self.min_cluster_size:,}" if self.method == "hdbscan" else str(self.k)
        unusual = [f"seed {self.seed}"] if self.seed else []
        unusual += [self.scaling] if self.scaling != "none" else []
        unusual += [f"{self.components} components"] if self.n_components != AS_SUITS else []
        unusual += [LABELLINGS[self.among].label] if self.among != "classes" else []
        method = METHODS[self.method].partition(" (")[0]
        return " · ".join([f"{method} {size}", self.representation.replace("_", ", "), *unusual])


@dataclass(frozen=True, eq=False, kw_only=True)
class Clustering:
    """Clusters of a run's sources.

    Attributes
    ----------
    recipe : ClusterRecipe
    labels : ndarray of int32, shape (n,)
        Cluster of each source, 0 the largest; -1 in none (noise); -2 not asked about: without text where the latents
        hold what the text says, or of a class that was left out.
    told : dict
        JSON: ``n_clusters``, ``n_noise``, ``n_left_out``, ``seconds`` of one core; ``n_in_tree`` where a tree was
        grown from a sample, ``bic`` and ``converged`` of a mixture, and once kept ``names``, one per cluster.
    """

    recipe: ClusterRecipe
    labels: NDArray[np.int32]
    told: dict[str, Any]

    @property
    def n_clusters(self) -> int:
        """How many there are."""
        return int(self.told["n_clusters"])

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Sources of each cluster, the most first."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.n_clusters)

    @property
    def names(self) -> list[str]:
        """Names that suggest themselves, where they have been found; numbers from 1 otherwise."""
        return list(self.told.get("names") or [f"cluster {place + 1}" for place in range(self.n_clusters)])
