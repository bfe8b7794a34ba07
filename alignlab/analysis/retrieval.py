"""Cross-modal retrieval: does a source's spectrum find the source's own texts among all candidates?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import normalise_rows

#: Percentages of the candidates for which recall is reported (paper, section 3: 1% and 5%).
PERCENTS: tuple[float, ...] = (1, 5, 10)
_INTERVAL = (2.5, 97.5)

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class RetrievalMetrics:
    """How well queries find their partners; every interval is a bootstrap 95% one over the queries.

    Attributes
    ----------
    n_candidates : int
        How many rows were searched (and how many queries there were).
    within : dict of float to int
        Percentage → number of candidates it stands for, see `candidates_within`.
    recall, recall_interval : dict of float to float, and to (low, high)
        Percentage → fraction of queries whose partner is among that many best candidates.
    median_rank, median_rank_interval : float, (low, high)
        1 is the best possible; (n_candidates + 1) / 2 is chance.
    mean_reciprocal_rank, mean_reciprocal_rank_interval : float, (low, high)
    ranks : ndarray of float64, shape (n,)
        Rank of each query's partner; ties count as their mean rank.
    """

    n_candidates: int
    within: dict[float, int]
    recall: dict[float, float]
    recall_interval: dict[float, Interval]
    median_rank: float
    median_rank_interval: Interval
    mean_reciprocal_rank: float
    mean_reciprocal_rank_interval: Interval
    ranks: NDArray[np.float64] = field(repr=False)

    def to_dict(self) -> dict[str, float | int | list[float]]:
        """Everything but the ranks, ready for JSON (``recall_at_1_percent``, ``median_rank``, …)."""
        out: dict[str, float | int | list[float]] = {"n_candidates": self.n_candidates}
        for percent, value in self.recall.items():
            out[f"recall_at_{percent:g}_percent"] = value
            out[f"recall_at_{percent:g}_percent_interval"] = list(self.recall_interval[percent])
            out[f"candidates_within_{percent:g}_percent"] = self.within[percent]
        out["median_rank"] = self.median_rank
        out["median_rank_interval"] = list(self.median_rank_interval)
        out["mean_reciprocal_rank"] = self.mean_reciprocal_rank
        out["mean_reciprocal_rank_interval"] = list(self.mean_reciprocal_rank_interval)
        return out


def candidates_within(n_candidates: int, percent: float) -> int:
    """Number of candidates that `percent` of `n_candidates` stands for: rounded up, so 1% of 1,719 is 18."""
    if not 0 < percent <= 100:
        raise ValueError(f"percent must be above 0 and at most 100, not {percent}")
    return math.ceil(round(n_candidates * percent / 100, 9))


def partner_ranks(queries: ArrayLike, candidates: ArrayLike, *, block: int = 1024) -> NDArray[np.float64]:
    """Rank (1 = best) of candidate row i for query row i, by cosine similarity.

    Parameters
    ----------
    queries, candidates : array_like, shape (n, d)
        Row i of one belongs to row i of the other.
    block : int
        Queries per matrix product.

    Returns
    -------
    ndarray of float64, shape (n,)
        One plus the number of better candidates plus half the number of equally good others, so that a collapsed
        space, in which all are equal, gives chance and not perfection.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, or a value is NaN or infinite.
    """
    a, b = normalise_rows(queries), normalise_rows(candidates)
    if a.shape != b.shape or len(a) == 0:
        raise ValueError(f"queries {a.shape} and candidates {b.shape} must have the same shape, with at least one row")
    b_t = torch.from_numpy(b).T
    ranks = np.empty(len(a))
    for start in range(0, len(a), block):
        stop = min(start + block, len(a))
        similarity = torch.from_numpy(a[start:stop]) @ b_t
        own = similarity[torch.arange(stop - start), torch.arange(start, stop)][:, None]
        better = (similarity > own).sum(dim=1)
        equal_others = (similarity == own).sum(dim=1) - 1
        ranks[start:stop] = (1 + better + 0.5 * equal_others).numpy()
    return ranks


def retrieval_metrics(
    queries: ArrayLike,
    candidates: ArrayLike,
    *,
    rng: np.random.Generator,
    percents: tuple[float, ...] = PERCENTS,
    n_bootstrap: int = 1000,
) -> RetrievalMetrics:
    """Measure retrieval of `candidates` by `queries` (paper, section 3: spectrum → text on the test split).

    Parameters
    ----------
    queries, candidates : array_like, shape (n, d)
        Row i of one belongs to row i of the other.
    rng : numpy.random.Generator
        For the bootstrap.
    percents : tuple of float
        Percentages of the candidates for recall.
    n_bootstrap : int
        Resamplings of the queries; the candidates stay.

    Returns
    -------
    RetrievalMetrics
    """
    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be positive, not {n_bootstrap}")
    ranks = partner_ranks(queries, candidates)
    n = len(ranks)
    samples = ranks[rng.integers(n, size=(n_bootstrap, n))]
    within = {percent: candidates_within(n, percent) for percent in percents}
    return RetrievalMetrics(
        n_candidates=n,
        within=within,
        recall={percent: float(np.mean(ranks <= limit)) for percent, limit in within.items()},
        recall_interval={p: _interval(np.mean(samples <= limit, axis=1)) for p, limit in within.items()},
        median_rank=float(np.median(ranks)),
        median_rank_interval=_interval(np.median(samples, axis=1)),
        mean_reciprocal_rank=float(np.mean(1 / ranks)),
        mean_reciprocal_rank_interval=_interval(np.mean(1 / samples, axis=1)),
        ranks=ranks,
    )


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, _INTERVAL)
    return float(low), float(high)
