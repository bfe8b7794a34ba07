"""The ranking that follows a person's labels: a Gaussian process whose prior mean is the ranking without them.

Measured against coniferest's AADForest and PineForest with simulated experts (docs/active.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.errors import AlignlabError
from alignlab.services.discover.triage import UNSURE, VALUES

#: Weight that is expected of an ordinary source, and how much more for each factor of ten in how many are as strange.
_PRIOR_LOW, _PRIOR_RISE = -0.8, 0.15
#: Two sources tell of each other as far as this part of their usual distance; a label may be off by so much.
_LENGTH, _NOISE_VARIANCE = 1.0, 0.1
#: How much a source gains for being unlike all that have a label, at most.
_CURIOSITY = 0.1
_PAIRS_SAMPLED = 100_000
_BLOCK_ROWS = 65_536


@dataclass(frozen=True, eq=False, kw_only=True)
class Reranker:
    """Ranks sources by what a person has said of some of them. Built once; never changes; threads may share it.

    Attributes
    ----------
    features : ndarray of float32, shape (n, d)
    static : ndarray of float32, shape (n,)
        The ranking without labels, 0 to 1; NaN for a source that is not ranked.
    squared_distance : float
        Median of the features' squared distances, of the pairs that differ.
    """

    features: NDArray[np.float32]
    static: NDArray[np.float32]
    squared_distance: float

    @classmethod
    def build(cls, features: NDArray[np.float32], *, seed: int, static: ArrayLike | None = None) -> Reranker:
        """Prepare for sources.

        Parameters
        ----------
        features : ndarray, shape (n, d)
            What tells sources apart, such as `alignlab.services.discover.rerank_features.rerank_features`.
        seed : int
            Of the pairs whose distances are looked at, and of the isolation forest where `static` is not given.
        static : array_like, shape (n,), optional
            Scores by which sources are ranked before there are labels: higher is earlier, NaN is not ranked. Those of
            an isolation forest on `features` by default.

        Raises
        ------
        ValueError
            If shapes do not fit, or a feature is missing.
        """
        x = np.ascontiguousarray(features, np.float32)
        if x.ndim != 2 or not len(x) or not np.isfinite(x).all():
            raise ValueError(f"features must be finite and of shape (n, d), not {x.shape}")
        scores = _forest_scores(x, seed) if static is None else np.asarray(static, np.float64)
        if scores.shape != (len(x),):
            raise ValueError(f"static must have one score for each of {len(x)} sources, not shape {scores.shape}")
        first, second = np.random.default_rng(seed).integers(0, len(x), (2, _PAIRS_SAMPLED))
        squared = np.einsum("ij,ij->i", *[x[first] - x[second]] * 2) if x.shape[1] else np.zeros(1)
        positive = squared[squared > 0]
        return cls(
            features=x,
            static=percentile_ranks(scores) / np.float32(100),
            squared_distance=float(np.median(positive)) if len(positive) else 1.0,
        )

    def rank(self, labels: Mapping[int, float]) -> NDArray[np.float32]:
        """How much each source is wanted, shape (n,): higher is more; without labels, the static ranking.

        Parameters
        ----------
        labels : mapping of int to float
            Row of a labelled source to the weight of its label, −1 to 1 (`label_weight`).

        Returns
        -------
        ndarray of float32, shape (n,)
            The process's mean, and `_CURIOSITY` times its standard deviation; NaN where `static` is.

        Raises
        ------
        ValueError
            If a row is not one of the sources, or a weight is not between −1 and 1.
        """
        if not labels:
            return self.static.copy()
        rows = np.fromiter(labels, np.int64, len(labels))
        weights = np.fromiter(labels.values(), np.float64, len(labels))
        if rows.min() < 0 or rows.max() >= len(self.features) or not (np.abs(weights) <= 1).all():
            raise ValueError("labels must be weights between −1 and 1 by the row of a source")
        prior = self._prior()
        known = self._kernel(rows, self.features[rows]) + _NOISE_VARIANCE * np.eye(len(rows))
        # With the inverse of the lower triangle, mean and variance are one product each.
        whitener = np.linalg.inv(np.linalg.cholesky(known))
        told = (whitener @ (weights - prior[rows])).astype(np.float32)
        wanted = np.empty(len(self.features), np.float32)
        for block in self._blocks():
            share = whitener.astype(np.float32) @ self._kernel(rows, self.features[block]).astype(np.float32)
            spread = np.sqrt(np.maximum(1 - np.einsum("ij,ij->j", share, share), 0))
            wanted[block] = prior[block] + told @ share + _CURIOSITY * spread
        wanted[np.isnan(self.static)] = np.nan
        return wanted

    def _prior(self) -> NDArray[np.float64]:
        """The weight that is expected of each source before there are labels."""
        surprise = -np.log10(1 - np.nan_to_num(self.static, nan=0.0).astype(np.float64))
        return _PRIOR_LOW + _PRIOR_RISE * surprise

    def _kernel(self, rows: NDArray[np.int64], others: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much labelled sources tell of others, 0 to 1, shape (n_rows, n_others)."""
        mine = self.features[rows]
        product = (mine @ others.T).astype(np.float64)
        squared = np.einsum("ij,ij->i", mine, mine)[:, None] + np.einsum("ij,ij->i", others, others) - 2 * product
        return np.exp(-np.maximum(squared, 0) / (2 * _LENGTH**2 * self.squared_distance))

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, len(self.features), _BLOCK_ROWS):
            yield slice(start, start + _BLOCK_ROWS)


def label_weight(value: str) -> float | None:
    """What a label says, from −1 (0: of no interest) to 1 (5: what is looked for); None for ``unsure``.

    Raises
    ------
    AlignlabError
        If it is not one of `VALUES`.
    """
    if value not in VALUES:
        raise AlignlabError(f"There is no label {value!r}.", remedy=f"Give one of {', '.join(VALUES)}.")
    return None if value == UNSURE else 2 * int(value) / 5 - 1


def queue_order(scores: ArrayLike, labelled: NDArray[np.bool_], *, unlabelled_first: bool = True) -> NDArray[np.int64]:
    """Rows in the order in which a person is shown them, highest score first; rows without a score are left out.

    Parameters
    ----------
    scores : array_like, shape (n,)
    labelled : ndarray of bool, shape (n,)
        What this person has labelled already.
    unlabelled_first : bool
        Whether those come after all others.
    """
    value = np.asarray(scores, np.float64)
    later = labelled if unlabelled_first else np.zeros(len(value), bool)
    order = np.lexsort((-value, later))
    return order[np.isfinite(value[order])]


def _forest_scores(features: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    # Imported here: a page that has scores need not wait for it.
    from coniferest.isoforest import IsolationForest

    # More threads are slower at the size of a survey.
    return -IsolationForest(n_trees=100, n_jobs=1, random_seed=seed).fit(features).score_samples(features)
