"""For whom retrieval works and for whom it does not: sources in groups, and those that are confused with others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.retrieval import candidates_within, rank_metrics, share_interval
from alignlab.analysis.similarity import top_k
from alignlab.literature.aspects import ASPECTS
from alignlab.services.source_names import source_label
from alignlab.store.survey import Survey

#: Counts between the groups.
COUNT_EDGES = (100, 300, 1000)
#: From so many papers on, sources are one group.
MOST_PAPERS = 4
#: Pairs that are kept for reading.
N_CONFUSED = 12
_ASPECT_WORDS = {"nature": "what it is", "spectrum": "X-ray spectrum", "environment": "surroundings"}
_PERCENTS = (1.0, 5.0)
#: The median of fewer has no interval worth the name.
_FEWEST_FOR_MEDIAN = 6

Groups = list[tuple[str, NDArray[np.bool_]]]


def source_groups(survey: Survey, rows: NDArray[np.int64]) -> dict[str, Groups]:
    """The sources `rows` in groups: by class, by counts, by number of papers, and by the aspects that are discussed.

    Returns
    -------
    dict
        Kind of group → its groups, each with a label and a mask over `rows`; groups without a source are left out.
    """
    source_class = survey.sources["source_class"].to_numpy(dtype=str)[rows]
    names, sizes = np.unique(source_class, return_counts=True)
    order = names[np.argsort(-sizes, kind="stable")]
    counts = np.digitize(survey.sources["counts"].to_numpy()[rows], COUNT_EDGES)
    papers = np.clip(survey.n_papers[rows], 1, MOST_PAPERS)
    groups: dict[str, Groups] = {
        "class": [(name or "unclassified", source_class == name) for name in order],
        "counts": [(label, counts == level) for level, label in enumerate(_between(COUNT_EDGES))],
        "papers": [(f"{n}{' or more' if n == MOST_PAPERS else ''}", papers == n) for n in range(1, MOST_PAPERS + 1)],
        "aspects": list(_by_aspects(np.asarray(survey.text_mask)[rows])),
    }
    return {kind: [(label, mask) for label, mask in found if mask.any()] for kind, found in groups.items()}


def group_figures(
    ranks: NDArray[np.float64], mask: NDArray[np.bool_], *, rng: np.random.Generator, n_bootstrap: int
) -> dict[str, Any]:
    """Recall at 1% and 5% with Wilson's intervals, and the median rank with a bootstrap one, of some of the queries."""
    n_candidates, own = len(ranks), ranks[mask]
    told: dict[str, Any] = {}
    for percent in _PERCENTS:
        hits = int((own <= candidates_within(n_candidates, percent)).sum())
        told[f"recall_at_{percent:g}_percent"] = hits / len(own)
        told[f"recall_at_{percent:g}_percent_interval"] = list(share_interval(hits, len(own)))
    found = rank_metrics(own, n_candidates=n_candidates, rng=rng, n_bootstrap=n_bootstrap)
    interval = list(found.median_rank_interval) if len(own) >= _FEWEST_FOR_MEDIAN else [None, None]
    return {**told, "median_rank": found.median_rank, "median_rank_interval": interval}


def first_hits(survey: Survey, rows: NDArray[np.int64], first: NDArray[np.int64]) -> dict[str, Any]:
    """How often the first text is about a source of the query's class, and how often it would be by chance.

    Parameters
    ----------
    survey : Survey
    rows, first : ndarray of int64, shape (n,)
        Sources that ask, and the place in `rows` of the one whose text comes first.
    """
    source_class = survey.sources["source_class"].to_numpy(dtype=str)[rows]
    hits = int((source_class == source_class[first]).sum())
    shares = np.unique(source_class, return_counts=True)[1] / len(rows)
    return {
        "same_class": hits / len(rows),
        "same_class_interval": list(share_interval(hits, len(rows))),
        "same_class_chance": float((shares**2).sum()),
    }


def first_places(queries: ArrayLike, candidates: ArrayLike) -> NDArray[np.int64]:
    """Row of the most similar candidate of each query, shape (n,)."""
    return np.asarray(top_k(queries, candidates, 1).index[:, 0])


def confused_pairs(
    survey: Survey,
    rows: NDArray[np.int64],
    first: NDArray[np.int64],
    ranks: NDArray[np.float64],
    *,
    most: int = N_CONFUSED,
) -> list[dict[str, Any]]:
    """The sources whose own text comes last of all, each beside the source whose text comes first instead.

    Parameters
    ----------
    survey : Survey
    rows, first, ranks : ndarray, shape (n,)
        Sources that ask, the place in `rows` of the one whose text comes first, and the rank of their own text.
    most : int
    """
    worst = [int(place) for place in np.argsort(-ranks, kind="stable")[:most] if first[place] != place]
    return [
        {
            "rank": float(ranks[place]),
            "source": _told(survey, int(rows[place])),
            "first": _told(survey, int(rows[first[place]])),
        }
        for place in worst
    ]


def _told(survey: Survey, index: int) -> dict[str, Any]:
    source = survey.sources.iloc[index]
    written = survey.summaries_of(index)
    return {
        "index": index,
        "name": source_label(survey, index),
        "class": str(source["source_class"]),
        "counts": int(source["counts"]),
        "texts": {aspect: written[aspect] for aspect in ASPECTS if aspect in written},
    }


def _between(edges: tuple[int, ...]) -> Iterator[str]:
    yield f"below {edges[0]:,}"
    yield from (f"{low:,}–{high:,}" for low, high in pairwise(edges))
    yield f"{edges[-1]:,} or more"


def _by_aspects(mask: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Groups that exclude each other, those with most aspects first."""
    subsets = np.unique(mask, axis=0)
    for subset in sorted(subsets.tolist(), key=lambda on: (-sum(on), [not told for told in on])):
        names = [_ASPECT_WORDS[aspect] for aspect, told in zip(ASPECTS, subset, strict=True) if told]
        label = (
            "all three" if len(names) == len(ASPECTS) else " and ".join(names) + (" only" if len(names) == 1 else "")
        )
        yield label, (mask == subset).all(axis=1)
