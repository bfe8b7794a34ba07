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
_NORMAL_95 = 1.959964

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class RetrievalMetrics:
    """How well queries find their partners; every interval is a bootstrap 95% one over the queries.

    Attributes
    ----------
    n_candidates : int
        How many rows were searched.
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


def ranks_of_scores(scores: ArrayLike) -> NDArray[np.float64]:
    """Rank (1 = best) of candidate i for query i, ties as their mean rank, where scores are given.

    Parameters
    ----------
    scores : array_like, shape (n, n)
        Query i's score of candidate j, greater is better; minus infinity rules a candidate out.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    scores = np.asarray(scores)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or not len(scores):
        raise ValueError(f"scores must have shape (n, n) with at least one row, not {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError(f"scores hold NaN in {int(np.isnan(scores).any(axis=1).sum())} rows")
    own = np.diagonal(scores)[:, None]
    return np.asarray(0.5 * (1 + (scores > own).sum(axis=1) + (scores >= own).sum(axis=1)))


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
    ranks = partner_ranks(queries, candidates)
    return rank_metrics(ranks, n_candidates=len(ranks), rng=rng, percents=percents, n_bootstrap=n_bootstrap)


def rank_metrics(
    ranks: ArrayLike,
    *,
    n_candidates: int,
    rng: np.random.Generator,
    percents: tuple[float, ...] = PERCENTS,
    n_bootstrap: int = 1000,
) -> RetrievalMetrics:
    """The figures of queries whose partners have these ranks.

    Parameters
    ----------
    ranks : array_like, shape (n,)
        From 1 to `n_candidates`, as from `partner_ranks`; they may be those of some queries only.
    n_candidates : int
        How many rows each of them searched.
    rng : numpy.random.Generator
        For the bootstrap.
    percents : tuple of float
        Percentages of the candidates for recall.
    n_bootstrap : int
        Resamplings of the queries; the candidates stay.
    """
    ranks = _checked_ranks(ranks, n_candidates)
    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be positive, not {n_bootstrap}")
    n = len(ranks)
    samples = ranks[rng.integers(n, size=(n_bootstrap, n))]
    within = {percent: candidates_within(n_candidates, percent) for percent in percents}
    return RetrievalMetrics(
        n_candidates=n_candidates,
        within=within,
        recall={percent: float(np.mean(ranks <= limit)) for percent, limit in within.items()},
        recall_interval={p: _interval(np.mean(samples <= limit, axis=1)) for p, limit in within.items()},
        median_rank=float(np.median(ranks)),
        median_rank_interval=_interval(np.median(samples, axis=1)),
        mean_reciprocal_rank=float(np.mean(1 / ranks)),
        mean_reciprocal_rank_interval=_interval(np.mean(1 / samples, axis=1)),
        ranks=ranks,
    )


def recall_curve(
    ranks: ArrayLike, percents: ArrayLike, *, n_candidates: int, rng: np.random.Generator, n_bootstrap: int = 1000
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Recall at each percentage of the candidates (paper, Fig. 2), with its 95% bootstrap interval over the queries.

    Parameters
    ----------
    ranks : array_like, shape (n,)
    percents : array_like, shape (m,)
        Each above 0 and at most 100.
    n_candidates, rng, n_bootstrap
        As for `rank_metrics`.

    Returns
    -------
    recall, low, high : ndarray of float64, each of shape (m,)
    """
    ranks = _checked_ranks(ranks, n_candidates)
    limits = np.array([candidates_within(n_candidates, float(percent)) for percent in np.asarray(percents)])
    n = len(ranks)
    recall = np.searchsorted(np.sort(ranks), limits, side="right") / n
    drawn = np.sort(ranks[rng.integers(n, size=(n_bootstrap, n))], axis=1)
    samples = np.stack([np.searchsorted(row, limits, side="right") for row in drawn]) / n
    low, high = np.percentile(samples, _INTERVAL, axis=0)
    return recall, low, high


def recall_ratio(
    ranks: ArrayLike, best: ArrayLike, limit: int, *, rng: np.random.Generator, n_bootstrap: int = 1000
) -> tuple[float, Interval]:
    """Recall as a share of what another ranker reaches for the same queries, with its 95% paired bootstrap interval.

    Parameters
    ----------
    ranks, best : array_like, shape (n,)
        Ranks of the partners by either ranker.
    limit : int
        How many candidates are read.

    Returns
    -------
    ratio : float
        NaN where the other ranker finds nothing.
    interval : tuple of float
    """
    hits, others = np.asarray(ranks) <= limit, np.asarray(best) <= limit
    if hits.shape != others.shape or hits.ndim != 1 or not len(hits):
        raise ValueError(f"ranks {hits.shape} and best {others.shape} must have the same shape (n,), with a query")
    if not others.any():
        return math.nan, (math.nan, math.nan)
    drawn = rng.integers(len(hits), size=(n_bootstrap, len(hits)))
    found = others[drawn].sum(axis=1)
    return float(hits.sum() / others.sum()), _interval(hits[drawn].sum(axis=1)[found > 0] / found[found > 0])


def share_interval(n_hits: int, n: int) -> Interval:
    """95% interval of a share of few queries after Wilson 1927 (doi:10.1080/01621459.1927.10502953).

    The bootstrap gives no width at all where none, or each, of a handful of queries succeeded.
    """
    if not 0 <= n_hits <= n or n < 1:
        raise ValueError(f"{n_hits} of {n} is not a share")
    share, z2 = n_hits / n, _NORMAL_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def _checked_ranks(ranks: ArrayLike, n_candidates: int) -> NDArray[np.float64]:
    ranks = np.asarray(ranks, dtype=np.float64)
    if ranks.ndim != 1 or not len(ranks):
        raise ValueError(f"ranks must have shape (n,) with at least one query, not {ranks.shape}")
    if not ((ranks >= 1) & (ranks <= n_candidates)).all():
        raise ValueError(f"ranks must be from 1 to {n_candidates}, not {ranks.min():g} to {ranks.max():g}")
    return ranks


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, _INTERVAL)
    return float(low), float(high)
