"""Sources at a network's periphery as candidates for anomalies: how far an outlier ranking agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contrast import RankedVariables
from alignlab.errors import AlignlabError

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

#: What a source at the periphery has little of.
MEASURES: Mapping[str, str] = {
    "degree": "Degree",
    "core_number": "Core number",
    "core": "In Lip's core",
    "closeness": "Closeness",
    "eigenvector": "Eigenvector centrality",
    "betweenness": "Betweenness",
}
TOP_SHARES = (0.01, 0.05)


@dataclass(frozen=True, kw_only=True)
class TopOverlap:
    """The strangest sources and as many of the most peripheral.

    Attributes
    ----------
    share : float
        Which part of the network is looked at, such as 0.01.
    n : int
        Sources on each side.
    n_shared : float
        In both; where equal values leave open who belongs to the most peripheral, the mean of all choices.
    n_by_chance : float
        What would be shared if neither knew of the other.
    """

    share: float
    n: int
    n_shared: float
    n_by_chance: float


@dataclass(frozen=True, kw_only=True)
class MeasureAgreement:
    """How far one measure of the periphery agrees with the outlier ranking.

    Attributes
    ----------
    measure : str
        Its key in `MEASURES`.
    auc, low, high : float
        Probability that one of the strangest 5% has less of it than one of the others (equal values count half), with
        its 95% interval; 0.5 is no agreement.
    overlaps : tuple of TopOverlap
        One per share in `TOP_SHARES`.
    """

    measure: str
    auc: float
    low: float
    high: float
    overlaps: tuple[TopOverlap, ...]


@dataclass(frozen=True, kw_only=True)
class PeripheryAgreement:
    """Agreement of a network's periphery with an outlier ranking, both within the network's sources.

    Attributes
    ----------
    n : int
        Sources of the network that have an outlier score.
    n_strange : int
        The strangest 5% of them.
    measures : tuple of MeasureAgreement
        One per measure in `MEASURES`.
    """

    n: int
    n_strange: int
    measures: tuple[MeasureAgreement, ...]


def periphery_agreement(network: Network, strangeness: NDArray[np.floating]) -> PeripheryAgreement:
    """Hold a network's periphery against an outlier ranking.

    Parameters
    ----------
    network : Network
    strangeness : ndarray of float, shape (n_sources of the survey,)
        Such as ``OutlierScores.of("forest")``: higher is stranger, NaN where there is no score.

    Raises
    ------
    AlignlabError
        If fewer than 20 sources of the network have a score.
    """
    score = np.asarray(strangeness, np.float64)[network.graph.rows]
    scored = np.flatnonzero(np.isfinite(score))
    if len(scored) < 20:
        raise AlignlabError(
            f"Only {len(scored)} sources of the network have an outlier score: too few for a comparison.",
            remedy="Take a larger network, or score all sources.",
        )
    strange_order = np.argsort(-score[scored], kind="stable")
    n_strange = _n_of(len(scored), max(TOP_SHARES))
    strange = np.zeros(len(scored), bool)
    strange[strange_order[:n_strange]] = True
    little = np.column_stack([-_measure(network, name)[scored] for name in MEASURES])
    contrast = RankedVariables(little).contrast(strange)
    return PeripheryAgreement(
        n=len(scored),
        n_strange=n_strange,
        measures=tuple(
            MeasureAgreement(
                measure=name,
                auc=(1 + float(contrast.delta[column])) / 2,
                low=(1 + float(contrast.delta_low[column])) / 2,
                high=(1 + float(contrast.delta_high[column])) / 2,
                overlaps=tuple(_overlap(strange_order, little[:, column], share) for share in TOP_SHARES),
            )
            for column, name in enumerate(MEASURES)
        ),
    )


def _measure(network: Network, name: str) -> NDArray[np.float64]:
    own = {"core_number": network.core_number, "core": network.core}
    return np.asarray(own.get(name, network.centralities.get(name)), np.float64)


def _overlap(strange_order: NDArray[np.intp], little: NDArray[np.float64], share: float) -> TopOverlap:
    total = len(little)
    n = _n_of(total, share)
    strangest = np.zeros(total, bool)
    strangest[strange_order[:n]] = True
    last = np.sort(little)[total - n]
    surely, perhaps = little > last, little == last
    open_places = (n - surely.sum()) / perhaps.sum()
    return TopOverlap(
        share=share,
        n=n,
        n_shared=float(strangest[surely].sum() + open_places * strangest[perhaps].sum()),
        n_by_chance=n * n / total,
    )


def _n_of(total: int, share: float) -> int:
    return max(1, round(share * total))
