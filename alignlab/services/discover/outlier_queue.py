"""The order in which sources are looked at: a ranking, believed as far as one likes, those with a label last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.services.discover.artefacts import ArtefactScores, believable
from alignlab.services.discover.rerank import label_weight, queue_order
from alignlab.services.discover.triage import VALUES
from alignlab.store.survey import Survey

#: The ranking that follows a person's labels, beside the methods of `outliers.METHODS`.
BY_LABELS = "labels"


@dataclass(frozen=True, eq=False, kw_only=True)
class OutlierQueue:
    """Sources in the order in which they are to be looked at.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        Sources that have a score; those with a label last, where that was asked.
    rank : ndarray of int, shape (n,)
        Place of each in the ranking, from 1, whether labelled or not; 0 for a source without a score.
    rank_by_score : ndarray of int, shape (n,)
        The same before anything was demoted.
    percentile : ndarray of float32, shape (n,)
        Of the score itself, before anything was demoted; NaN where there is none.
    labelled : ndarray of bool, shape (n,)
    """

    rows: NDArray[np.int64]
    rank: NDArray[np.int64]
    rank_by_score: NDArray[np.int64]
    percentile: NDArray[np.float32]
    labelled: NDArray[np.bool_]

    def place(self, index: int) -> int | None:
        """Where a source stands in the queue, from 0; None where it has no score."""
        found = np.flatnonzero(self.rows == index)
        return int(found[0]) if found.size else None

    def step(self, index: int, by: int) -> int:
        """The source so many places after `index`, at most the last one, at least the first."""
        place = self.place(index)
        return int(self.rows[0 if place is None else min(max(place + by, 0), len(self.rows) - 1)])

    def next_open(self, index: int) -> int:
        """The source without a label that follows `index` in the ranking; after the last one, the first."""
        free = self.rows[~self.labelled[self.rows] & (self.rows != index)]
        behind = free[self.rank[free] > self.rank[index]]
        return int(behind[0]) if behind.size else int(free[0]) if free.size else index

    def first_open(self, seen: set[int]) -> int | None:
        """The best source without a label that has not been seen, else the best without a label; None without any."""
        free = self.rows[~self.labelled[self.rows]]
        fresh = (int(row) for row in free if int(row) not in seen)
        return next(fresh, int(free[0]) if free.size else None)


def outlier_queue(
    score: NDArray[np.floating],
    artefacts: ArtefactScores,
    *,
    strength: float = 1.0,
    labelled: NDArray[np.bool_],
    unlabelled_first: bool = True,
) -> OutlierQueue:
    """Put sources in order.

    Parameters
    ----------
    score : ndarray of float, shape (n,)
        Higher is to be looked at earlier; NaN leaves a source out.
    artefacts : ArtefactScores
        What speaks against each source.
    strength : float
        How far that demotes them: 0 not at all, 1 fully.
    labelled : ndarray of bool, shape (n,)
        Sources that have been judged.
    unlabelled_first : bool
        Whether those come last.
    """
    shown = believable(score, artefacts, strength)
    return OutlierQueue(
        rows=queue_order(shown, labelled, unlabelled_first=unlabelled_first),
        rank=_ranks(shown),
        rank_by_score=_ranks(score),
        percentile=percentile_ranks(score),
        labelled=labelled,
    )


def _ranks(score: NDArray[np.floating]) -> NDArray[np.int64]:
    """Place of each, from 1; 0 where there is no score."""
    order = queue_order(score, np.zeros(len(score), dtype=np.bool_), unlabelled_first=False)
    rank = np.zeros(len(score), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return rank


def label_weights(survey: Survey, labels: Mapping[str, str]) -> dict[int, float]:
    """A person's labels by source, as `Reranker.rank` wants them; those that say nothing are left out.

    Where several observations share a name, the label is of the first.
    """
    names = survey.sources["name"]
    found: dict[int, float] = {}
    told: set[str] = set()
    for row in np.flatnonzero(names.isin(list(labels)).to_numpy()):
        name = str(names.iloc[row])
        weight = label_weight(labels[name]) if labels[name] in VALUES else None
        if weight is not None and name not in told:
            found[int(row)] = weight
            told.add(name)
    return found


def labelled_mask(survey: Survey, labels: Mapping[str, str]) -> NDArray[np.bool_]:
    """Which sources have a label, shape (n,); every observation of a source has its label."""
    return survey.sources["name"].isin(list(labels)).to_numpy()


@dataclass(frozen=True, kw_only=True)
class PlantedFound:
    """How well a ranking of a simulated survey did.

    Attributes
    ----------
    found, planted : int
        Planted rarities among the first `looked_at` sources, and among all that are ranked.
    artefacts_found, artefacts : int
        The same of planted artefacts, which should not be there.
    looked_at : int
    """

    found: int
    planted: int
    artefacts_found: int
    artefacts: int
    looked_at: int


def planted_found(survey: Survey, rank: NDArray[np.int64], *, percent: float = 1.0) -> PlantedFound | None:
    """Count the planted rarities in the first `percent` of a ranking, to report it; None where nothing was planted.

    Parameters
    ----------
    survey : Survey
    rank : ndarray of int, shape (n,)
        Place of each source from 1; 0 for one that is not ranked.
    percent : float
    """
    if survey.truth is None or "rarity" not in survey.truth:
        return None
    rarity = survey.truth["rarity"].fillna("").astype(str)
    ranked = rank > 0
    looked_at = max(1, round(int(ranked.sum()) * percent / 100))
    artefact = rarity.str.contains("artefact").to_numpy() & ranked
    planted = (rarity != "").to_numpy() & ranked & ~artefact
    if not planted.any():
        return None
    first = ranked & (rank <= looked_at)
    return PlantedFound(
        found=int((planted & first).sum()),
        planted=int(planted.sum()),
        artefacts_found=int((artefact & first).sum()),
        artefacts=int(artefact.sum()),
        looked_at=looked_at,
    )
