"""Clusters against known classes: who is in which, and how well clusters stand for classes.

A cluster has no class of its own. It is given one in two ways that must not be confused. **One to one**: every class
at most one cluster, so that the trace of the matrix normalised by class is maximal (Kuhn's Hungarian method). **Many to
one**: every cluster the class of which it holds the largest share, which maximises the balanced accuracy and can only
gain from more clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Percentiles of a 95% interval.
_LIMITS = (2.5, 97.5)


@dataclass(frozen=True, eq=False, kw_only=True)
class Contingency:
    """How many sources of each class are in each cluster.

    Attributes
    ----------
    classes : tuple of str
    counts : ndarray of int64, shape (n_classes, n_clusters)
    n_noise : ndarray of int64, shape (n_classes,)
        Sources of each class in no cluster.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    n_noise: NDArray[np.int64]

    @property
    def n_of_class(self) -> NDArray[np.int64]:
        """Sources of each class, those in no cluster included."""
        return self.counts.sum(axis=1) + self.n_noise

    @property
    def n(self) -> int:
        """All sources."""
        return int(self.n_of_class.sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of each class in each cluster, shape (n_classes, n_clusters); 0 for a class without sources."""
        n = self.n_of_class[:, None]
        return np.divide(self.counts, n, out=np.zeros(self.counts.shape), where=n > 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement:
    """How well clusters that were given classes agree with the sources' own.

    Attributes
    ----------
    class_of : ndarray of int64, shape (n_clusters,)
        Row of the class of each cluster; -1 for a cluster without.
    recall : ndarray of float64, shape (n_classes,)
        Share of each class's sources in a cluster of that class; NaN for a class without sources.
    balanced_accuracy : float
        Mean of `recall`.
    low, high : float
        95% bootstrap interval over the sources, the clusters and their classes being as they are.
    """

    class_of: NDArray[np.int64]
    recall: NDArray[np.float64]
    balanced_accuracy: float
    low: float
    high: float


def contingency(labels: ArrayLike, classes: ArrayLike, *, names: Sequence[str], n_clusters: int) -> Contingency:
    """Count the sources of each class in each cluster.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        Cluster of each source, negative for none.
    classes : array_like of str, shape (n,)
        Sources of other classes than `names` are left out.
    names : sequence of str
        The classes, in the order of the rows.
    n_clusters : int

    Raises
    ------
    ValueError
        If lengths differ or a label is no cluster.
    """
    labels, classes = np.asarray(labels, dtype=np.int64), np.asarray(classes)
    if labels.shape != classes.shape or labels.ndim != 1:
        raise ValueError(f"labels of shape {labels.shape} and classes of shape {classes.shape} do not go together")
    if labels.size and labels.max() >= n_clusters:
        raise ValueError(f"label {labels.max()} is none of {n_clusters} clusters")
    counts = np.zeros((len(names), n_clusters + 1), np.int64)
    for row, name in enumerate(names):
        of_class = labels[classes == name]
        counts[row] = np.bincount(np.where(of_class < 0, n_clusters, of_class), minlength=n_clusters + 1)
    return Contingency(classes=tuple(names), counts=counts[:, :n_clusters], n_noise=counts[:, n_clusters])


def one_to_one(table: Contingency) -> NDArray[np.int64]:
    """Class of each cluster, each class at most once, so that the trace of the shares is maximal; -1 for none."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table.shares, maximize=True)
    class_of = np.full(table.counts.shape[1], -1, np.int64)
    # A class with no source in the cluster that is left over for it has no cluster.
    held = table.counts[rows, columns] > 0
    class_of[columns[held]] = rows[held]
    return class_of


def many_to_one(table: Contingency) -> NDArray[np.int64]:
    """Class of each cluster: the one of which it holds the largest share; -1 where it holds nobody."""
    if not table.counts.size:
        return np.full(table.counts.shape[1], -1, np.int64)
    return np.where(table.counts.sum(axis=0) > 0, table.shares.argmax(axis=0), -1)


def agreement(
    table: Contingency, class_of: NDArray[np.int64], *, rng: np.random.Generator, n_bootstrap: int = 1000
) -> Agreement:
    """How many sources of each class are in a cluster of that class.

    Parameters
    ----------
    table : Contingency
    class_of : ndarray of int64, shape (n_clusters,)
        From `one_to_one` or `many_to_one`, of this table or of other sources'.
    rng : numpy Generator
        Resamples the sources.
    n_bootstrap : int
    """
    rows = np.arange(len(table.classes))
    right = np.where(class_of[None, :] == rows[:, None], table.counts, 0).sum(axis=1)
    n = table.n_of_class
    if not n.sum():
        nothing = np.full(len(rows), np.nan)
        return Agreement(class_of=class_of, recall=nothing, balanced_accuracy=np.nan, low=np.nan, high=np.nan)
    # Resampling sources with replacement draws these numbers from a multinomial distribution.
    drawn = rng.multinomial(n.sum(), np.concatenate([right, n - right]) / n.sum(), size=n_bootstrap)
    drawn_right, drawn_wrong = drawn[:, : len(rows)], drawn[:, len(rows) :]
    resampled = _mean_recall(drawn_right, drawn_right + drawn_wrong)
    low, high = np.percentile(resampled, _LIMITS)
    return Agreement(
        class_of=class_of,
        recall=np.divide(right, n, out=np.full(len(rows), np.nan), where=n > 0),
        balanced_accuracy=float(_mean_recall(right[None], n[None])[0]),
        low=float(low),
        high=float(high),
    )


def _mean_recall(right: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over the classes that have sources, of each row."""
    recall = np.divide(right, n, out=np.zeros(right.shape), where=n > 0)
    return recall.sum(axis=1) / (n > 0).sum(axis=1)
