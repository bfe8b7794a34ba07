"""Why a source is strange: the latents, variables and energy bands that set it apart, and what it is nearest to.

Everything is told against the nearest normal sources (`alignlab.services.discover.reason_references`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contributions import forest_contributions
from alignlab.services.discover.reason_changes import changes_to_normal
from alignlab.services.discover.reason_ground import ReasonGround, reason_ground
from alignlab.services.discover.reason_parts import (
    BandReason,
    Change,
    KindShare,
    LatentReason,
    NearestNormal,
    SpectrumComparison,
    VariableReason,
)
from alignlab.services.discover.reason_references import References, references
from alignlab.services.discover.reason_spectrum import compared_spectrum
from alignlab.services.discover.reason_variables import variable_reasons
from alignlab.services.discover.reason_words import sentence
from alignlab.services.neighbours import nearest
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import Workspace
from alignlab.store.survey import Survey

if TYPE_CHECKING:
    from alignlab.services.discover.outliers import OutlierScores

__all__ = [
    "BandReason",
    "Change",
    "KindShare",
    "LatentReason",
    "NearestNormal",
    "OutlierReasons",
    "SpectrumComparison",
    "VariableReason",
    "outlier_reasons",
]

#: Neighbours whose classes are its kinds, and numbers of the latent vector that are told.
N_KINDS, N_LATENTS = 50, 8


@dataclass(frozen=True, eq=False, kw_only=True)
class OutlierReasons:
    """Everything that is told of why a source is strange.

    Attributes
    ----------
    index : int
    name, source_class : str
    method : str
        Whose score is explained.
    percentile : float
        Of its score; NaN where it has none.
    rank, n_scored : int
        1 for the strangest, of the sources that have a score; rank 0 where it has none.
    percentiles : mapping of str to float
        Of its scores by every method, NaN where it has none.
    sentence : str
        All of it in one.
    latents : tuple of LatentReason
        Largest contribution first.
    spectrum_share : float
        Share of what sets it apart in the forest that lies in the spectrum's half of the latents; NaN where the
        representation has one half.
    variables : tuple of VariableReason
        All that can be compared, largest difference first.
    bands : tuple of BandReason
        Most significant first; empty where nothing stands out.
    spectrum : SpectrumComparison or None
        None where only a shape is known or too few normal sources have counts.
    nearest_normal : NearestNormal or None
    step : float
        How far towards the nearest normal source the forest first calls it normal, 0 to 1; 0 where it is normal
        already, NaN where there is no normal source.
    changes : tuple of Change
        Of variables, over that way, largest first.
    kinds : tuple of KindShare
        Classes of its neighbours by spectrum and by text, most frequent first.
    """

    index: int
    name: str
    source_class: str
    method: str
    percentile: float
    rank: int
    n_scored: int
    percentiles: Mapping[str, float]
    sentence: str
    latents: tuple[LatentReason, ...]
    spectrum_share: float
    variables: tuple[VariableReason, ...]
    bands: tuple[BandReason, ...]
    spectrum: SpectrumComparison | None
    nearest_normal: NearestNormal | None
    step: float
    changes: tuple[Change, ...]
    kinds: tuple[KindShare, ...]


def outlier_reasons(
    workspace: Workspace, index: int, scores: OutlierScores, *, method: str = "combined"
) -> OutlierReasons:
    """Say why source `index` of the workspace's survey is strange.

    What does not depend on the source is made once per survey, run and representation and shared by all threads.

    Parameters
    ----------
    workspace : Workspace
    index : int
    scores : OutlierScores
        Of this survey and run.
    method : str
        Whose ranking is explained: sources below its 90th percentile are the normal ones.

    Raises
    ------
    AlignlabError
        If there is no such source or method.
    """
    subject = subject_of(workspace, index)
    percentile = scores.percentile(method)
    ground = reason_ground(workspace, scores.representation)
    normal = references(workspace.survey, ground, index, percentile)
    spectrum, bands = compared_spectrum(workspace.survey, index, normal)
    step, changes = changes_to_normal(ground, index, normal)
    latents, spectrum_share = _latent_reasons(ground, index, normal)
    found = OutlierReasons(
        index=index,
        name=subject.name,
        source_class=subject.source_class,
        method=method,
        percentile=float(percentile[index]),
        rank=int((percentile > percentile[index]).sum()) + 1 if np.isfinite(percentile[index]) else 0,
        n_scored=int(np.isfinite(percentile).sum()),
        percentiles={name: _percentile_of(values, index) for name, values in scores.scores.items()},
        sentence="",
        latents=latents,
        spectrum_share=spectrum_share,
        variables=variable_reasons(workspace.survey, ground, index, normal),
        bands=bands,
        spectrum=spectrum,
        nearest_normal=_nearest_normal(workspace.survey, normal, percentile),
        step=step,
        changes=changes,
        kinds=(*_kinds(subject, "spectrum"), *(_kinds(subject, "text") if subject.has_text else ())),
    )
    return replace(found, sentence=sentence(found))


def _percentile_of(scores: NDArray[np.floating], index: int) -> float:
    """`OutlierScores.percentile` of one source: ranking all of them for every method would take most of the time."""
    if not np.isfinite(scores[index]):
        return np.nan
    known = np.isfinite(scores).sum()
    return float(50 * ((scores < scores[index]).sum() + (scores <= scores[index]).sum()) / known)


def _latent_reasons(ground: ReasonGround, index: int, normal: References) -> tuple[tuple[LatentReason, ...], float]:
    """The numbers that isolate it most, and the share of what isolates it that lies in the spectrum's half."""
    isolating = forest_contributions(ground.forest, ground.latents[index][None])[0]
    sigma = np.full(len(isolating), np.nan)
    if len(normal.rows) > 1:
        near = ground.latents[normal.rows]
        spread = near.std(axis=0, ddof=1)
        np.divide(ground.latents[index] - near.mean(axis=0), spread, out=sigma, where=spread > 0)
    n = ground.n_spectrum
    told = tuple(
        LatentReason(
            name=f"spectrum {i + 1}" if i < n else f"text {i - n + 1}",
            contribution=float(isolating[i]),
            sigma=float(sigma[i]),
        )
        for i in np.argsort(-isolating)[:N_LATENTS]
    )
    whole = np.maximum(isolating, 0)
    has_halves = 0 < n < len(isolating) and whole.sum() > 0
    return told, float(whole[:n].sum() / whole.sum()) if has_halves else np.nan


def _nearest_normal(survey: Survey, normal: References, percentile: NDArray[np.floating]) -> NearestNormal | None:
    if not len(normal.rows):
        return None
    row = int(normal.rows[0])
    facts = survey.sources.iloc[row]
    return NearestNormal(
        index=row,
        name=str(facts["name"]),
        source_class=str(facts["source_class"] or ""),
        counts=float(facts["counts"]),
        similarity=float(normal.similarity[0]),
        percentile=float(percentile[row]),
    )


def _kinds(subject: Subject, by: Literal["spectrum", "text"]) -> tuple[KindShare, ...]:
    """Classes of the sources around it in one half of the shared space."""
    survey, run = subject.workspace.survey, subject.workspace.run
    candidates = np.flatnonzero(survey.text_mask.any(axis=1)) if by == "text" else None
    near = nearest(
        survey, subject.latents(f"{by}_aligned"), run.latents(f"{by}_aligned"), k=N_KINDS, leave_out=subject.index,
        candidates=candidates,
    )  # fmt: skip
    classes = Counter(neighbour.source_class for neighbour in near if neighbour.source_class)
    n = classes.total()
    return tuple(KindShare(by=by, source_class=name, share=times / n, n=n) for name, times in classes.most_common())
