"""How well clusters agree with known classes, and how well they are set apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis import clusters as engine
from alignlab.analysis.contingency import Agreement, Contingency, agreement, contingency, many_to_one, one_to_one
from alignlab.errors import AlignlabError
from alignlab.services.discover.cluster_classes import LABELLINGS
from alignlab.services.discover.cluster_recipe import Clustering
from alignlab.services.neighbours import representation_latents
from alignlab.store.run import Run
from alignlab.store.survey import Survey

Scope = Literal["test", "all"]
SCOPES: tuple[Scope, ...] = ("test", "all")
N_BOOTSTRAP = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusterQuality:
    """Clusters against known classes.

    Attributes
    ----------
    labelling, scope : str
        The classes, and the sources that are judged.
    table : Contingency
        Of the judged sources of these classes; those in no cluster count as wrong in both agreements.
    one_to_one, many_to_one : Agreement
        Each class at most one cluster (Hungarian), and each cluster the class of which it holds the largest share.
        On the test split clusters are given classes by the sources of the other splits; on all sources by the very
        sources that are judged, which flatters many clusters.
    ari, nmi : float
        Adjusted Rand index and normalised mutual information of the judged sources, noise counting as one cluster.
    silhouette : float
        Mean silhouette of clustered sources of all classes and splits, in the space that was clustered; NaN where it
        is not defined or was not asked for.
    n_silhouette : int
        Of how many of them, drawn at random.
    """

    labelling: str
    scope: str
    table: Contingency
    one_to_one: Agreement
    many_to_one: Agreement
    ari: float
    nmi: float
    silhouette: float
    n_silhouette: int

    @property
    def n(self) -> int:
        """Sources that are judged."""
        return self.table.n

    @property
    def chance(self) -> float:
        """Balanced accuracy of guessing."""
        return 1 / max(int((self.table.n_of_class > 0).sum()), 1)

    def figures(self) -> dict[str, Any]:
        """Its figures as JSON; None where one is not defined."""
        one, many = self.one_to_one, self.many_to_one
        found = {
            "n": self.n,
            "n_noise": int(self.table.n_noise.sum()),
            "n_classes": len(self.table.classes),
            "balanced_accuracy": one.balanced_accuracy,
            "balanced_accuracy_low": one.low,
            "balanced_accuracy_high": one.high,
            "many_to_one": many.balanced_accuracy,
            "many_to_one_low": many.low,
            "many_to_one_high": many.high,
            "ari": self.ari,
            "nmi": self.nmi,
            "silhouette": self.silhouette,
            "n_silhouette": self.n_silhouette,
        }
        return {key: value if np.isfinite(value) else None for key, value in found.items()}


def cluster_quality(
    survey: Survey,
    run: Run,
    found: Clustering,
    *,
    labelling: str = "classes",
    scope: Scope = "test",
    silhouette: bool = True,
    seed: int = 0,
) -> ClusterQuality:
    """Hold clusters against the classes that a survey knows.

    Parameters
    ----------
    survey : Survey
    run : Run
    found : Clustering
    labelling : str
        A key of `LABELLINGS`.
    scope : {"test", "all"}
        The sources that are judged; what was not clustered is left out.
    silhouette : bool
        Whether to compute it: seconds.
    seed : int
        Of the bootstrap and of the silhouette's sample.

    Raises
    ------
    AlignlabError
        If fewer than two of the classes have judged sources.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    groups, names = LABELLINGS[labelling].of(survey), LABELLINGS[labelling].names(survey)
    judged = _judged(survey, found, groups, scope)
    others = judged if scope == "all" else _judged(survey, found, groups, "all") & ~judged
    table = contingency(found.labels[judged], groups[judged], names=names, n_clusters=found.n_clusters)
    if (table.n_of_class > 0).sum() < 2:
        raise AlignlabError(
            f"Survey {survey.name!r} has too few classified sources here: {table.n} in {scope}.",
            remedy="Judge all sources, or choose other classes.",
        )
    given_by = contingency(found.labels[others], groups[others], names=names, n_clusters=found.n_clusters)
    rng = np.random.default_rng(seed)
    value, n_silhouette = mean_silhouette(survey, run, found, seed=seed) if silhouette else (float("nan"), 0)
    return ClusterQuality(
        labelling=labelling,
        scope=scope,
        table=table,
        one_to_one=agreement(table, one_to_one(given_by), rng=rng, n_bootstrap=N_BOOTSTRAP),
        many_to_one=agreement(table, many_to_one(given_by), rng=rng, n_bootstrap=N_BOOTSTRAP),
        ari=float(adjusted_rand_score(groups[judged], found.labels[judged])),
        nmi=float(normalized_mutual_info_score(groups[judged], found.labels[judged])),
        silhouette=value,
        n_silhouette=n_silhouette,
    )


def can_judge(survey: Survey, found: Clustering, labelling: str, scope: Scope) -> bool:
    """Whether at least two of the classes have judged sources."""
    groups = LABELLINGS[labelling].of(survey)
    return len(np.unique(groups[_judged(survey, found, groups, scope)])) > 1


def mean_silhouette(survey: Survey, run: Run, found: Clustering, *, seed: int = 0) -> tuple[float, int]:
    """Mean silhouette in the space that was clustered, and of how many sources; NaN where it is not defined."""
    recipe = found.recipe
    rows = np.flatnonzero(found.labels != engine.LEFT_OUT)
    latents = representation_latents(survey, run, recipe.representation)[rows]
    x = engine.scaled(latents, recipe.scaling, n_components=recipe.components, seed=recipe.seed)
    return engine.silhouette(x, found.labels[rows], seed=seed)


def _judged(survey: Survey, found: Clustering, groups: NDArray[np.str_], scope: Scope) -> NDArray[np.bool_]:
    known = (groups != "") & (found.labels != engine.LEFT_OUT)
    return np.asarray(known & (survey.split == "test") if scope == "test" else known)
