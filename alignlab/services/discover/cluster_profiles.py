"""What a cluster is, physically: its variables, its typical spectrum, its classes, the words of its papers, a name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contrast import RankedVariables
from alignlab.progress import OnStep, report
from alignlab.services.contrast import FEWEST, WordContrast, variable_contrast, word_contrast
from alignlab.services.discover.cluster_names import suggest_name, told_apart
from alignlab.services.discover.cluster_recipe import Clustering
from alignlab.services.discover.cluster_spectra import TypicalSpectrum, typical_spectrum
from alignlab.services.workspace import Workspace
from alignlab.variables import VARIABLES

#: Percentiles of the spread of a cluster's sources: the middle 68%.
SPREAD = (16, 84)


@dataclass(frozen=True, kw_only=True)
class VariableProfile:
    """One variable in a cluster, in its unit; NaN where no source has a value.

    Attributes
    ----------
    name : str
        Of `alignlab.variables`.
    median, low, high : float
        Median and the middle 68% of the cluster's sources.
    n : int
        Sources of the cluster with a value.
    median_rest : float
        Median of the survey's other sources.
    delta : float
        Cliff's delta: how much more probably a source of the cluster has the larger value than the smaller one.
    """

    name: str
    median: float
    low: float
    high: float
    n: int
    median_rest: float
    delta: float


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusterProfile:
    """What a cluster is.

    Attributes
    ----------
    cluster : int
        Its label.
    name : str
        Suggested by rule from what follows; no two clusters share theirs.
    evidence : tuple of str
        The reasons for each word of the name, with numbers.
    n : int
        Its sources.
    counts : float
        Their median number of counts between 0.5 and 8 keV; NaN where the survey does not tell.
    counts_delta : float
        Cliff's delta of the counts against all other sources.
    classes : tuple of (str, int)
        Known classes and how many sources, the most frequent first; those without class are left out.
    variables : tuple of VariableProfile
        All 20, in their order; empty for a cluster of fewer than `FEWEST` sources.
    spectrum : TypicalSpectrum
    words : WordContrast or None
        What is said of it more and less than of all others; None for fewer than `FEWEST` sources.
    """

    cluster: int
    name: str
    evidence: tuple[str, ...]
    n: int
    counts: float
    counts_delta: float
    classes: tuple[tuple[str, int], ...]
    variables: tuple[VariableProfile, ...]
    spectrum: TypicalSpectrum
    words: WordContrast | None

    def by_effect(self) -> list[VariableProfile]:
        """The variables that set it apart, the largest effect first; those that could not be compared are left out."""
        known = [variable for variable in self.variables if np.isfinite(variable.delta)]
        return sorted(known, key=lambda variable: -abs(variable.delta))


def cluster_profiles(workspace: Workspace, found: Clustering, *, on_step: OnStep | None = None) -> list[ClusterProfile]:
    """Describe every cluster of the workspace's run, the largest first.

    The first call for a survey counts the words of its papers, which takes a second per 20,000 of them.
    """
    sources = workspace.survey.sources
    counts = RankedVariables(sources[["counts"]].to_numpy(np.float32)) if "counts" in sources else None
    profiles = []
    for cluster in range(found.n_clusters):
        report(on_step, cluster, found.n_clusters, f"cluster {cluster + 1}")
        profiles.append(_profile(workspace, cluster, found.labels == cluster, counts))
    names = told_apart(
        [profile.name for profile in profiles],
        [profile.counts_delta for profile in profiles],
        [profile.words for profile in profiles],
    )
    return [replace(profile, name=name) for profile, name in zip(profiles, names, strict=True)]


def _profile(
    workspace: Workspace, cluster: int, mask: NDArray[np.bool_], counts: RankedVariables | None
) -> ClusterProfile:
    survey = workspace.survey
    can_compare = FEWEST <= mask.sum() <= survey.n_sources - FEWEST
    variables = _variables(workspace, mask) if can_compare else ()
    words = word_contrast(workspace, mask) if can_compare else None
    brightness = None if counts is None else counts.contrast(mask)
    counted = survey.sources["source_class"].astype(str)[mask].value_counts()
    classes = tuple((str(name), int(n)) for name, n in counted.items() if name)
    name, evidence = suggest_name(int(mask.sum()), classes, variables, words)
    return ClusterProfile(
        cluster=cluster,
        name=name,
        evidence=evidence,
        n=int(mask.sum()),
        counts=np.nan if brightness is None else float(brightness.median_selected[0]),
        counts_delta=np.nan if brightness is None else float(brightness.delta[0]),
        classes=classes,
        variables=variables,
        spectrum=typical_spectrum(survey, workspace.run, mask),
        words=words,
    )


def _variables(workspace: Workspace, mask: NDArray[np.bool_]) -> tuple[VariableProfile, ...]:
    contrast = variable_contrast(workspace, mask).contrast
    inside = workspace.survey.variables[mask]
    found = []
    for place, variable in enumerate(VARIABLES):
        values = inside[:, place][np.isfinite(inside[:, place])]
        low, high = np.percentile(values, SPREAD) if len(values) else (np.nan, np.nan)
        found.append(
            VariableProfile(
                name=variable.name,
                median=float(contrast.median_selected[place]),
                low=float(low),
                high=float(high),
                n=len(values),
                median_rest=float(contrast.median_rest[place]),
                delta=float(contrast.delta[place]),
            )
        )
    return tuple(found)
