"""Isolation forests: how few random cuts separate a source from the others (Liu, Ting & Zhou 2008)."""

from __future__ import annotations

import numpy as np
from coniferest.isoforest import IsolationForest
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.analysis.similarity import finite_matrix

#: Trees, and sources from which each is grown (Liu, Ting & Zhou 2008, section 5).
N_TREES, N_SUBSAMPLES = 100, 256
#: Classes with fewer sources have no forest of their own.
SMALLEST_CLASS = 30


def forest_scores(
    latents: ArrayLike, *, seed: int, n_trees: int = N_TREES, n_subsamples: int = N_SUBSAMPLES
) -> NDArray[np.float32]:
    """Scores by coniferest's isolation forest, fitted to the very sources that it scores.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    seed : int
        Of the trees; the number of threads does not change them.
    n_trees, n_subsamples : int
        Trees, and sources from which each is grown (all of them where there are fewer).

    Returns
    -------
    ndarray of float32, shape (n,)
        ``2 ** (-mean path / c(n_subsamples))``: 0 to 1, 0.5 for a source like most, higher is stranger.
    """
    x = finite_matrix(latents, "latents")
    forest = IsolationForest(n_trees=n_trees, n_subsamples=min(n_subsamples, len(x)), random_seed=seed)
    return (-forest.fit(x).score_samples(x)).astype(np.float32)


def sklearn_forest_scores(
    latents: ArrayLike, *, seed: int, n_trees: int = N_TREES, n_subsamples: int = N_SUBSAMPLES
) -> NDArray[np.float32]:
    """The same by scikit-learn's isolation forest; parameters and scale as in `forest_scores`."""
    # Imported here: scikit-learn's ensembles take a second that coniferest's forests need not wait for.
    from sklearn.ensemble import IsolationForest as SklearnForest

    x = finite_matrix(latents, "latents")
    forest = SklearnForest(n_estimators=n_trees, max_samples=min(n_subsamples, len(x)), random_state=seed)
    return (-forest.fit(x).score_samples(x)).astype(np.float32)


def class_forest_percentiles(
    features: ArrayLike, classes: NDArray[np.str_], *, seed: int, n_trees: int = N_TREES
) -> NDArray[np.float32]:
    """How strange a source is among the sources of its own class: a forest for each class, its scores as percentiles.

    Parameters
    ----------
    features : array_like, shape (n, d)
        Latents, or variables from `rank_features`.
    classes : ndarray of str, shape (n,)
    seed : int
        Of the trees.
    n_trees : int
        Of each class's forest.

    Returns
    -------
    ndarray of float32, shape (n,)
        0 to 100 in every class; NaN in classes of fewer than `SMALLEST_CLASS` sources, and for a blank class.
    """
    x = finite_matrix(features, "features")
    percentiles = np.full(len(x), np.nan, np.float32)
    names, which, counts = np.unique(classes, return_inverse=True, return_counts=True)
    for number in np.flatnonzero((counts >= SMALLEST_CLASS) & (names != "")):
        rows = np.flatnonzero(which == number)
        percentiles[rows] = percentile_ranks(forest_scores(x[rows], seed=seed, n_trees=n_trees))
    return percentiles


def rank_features(variables: ArrayLike) -> NDArray[np.float32]:
    """Measured variables as a forest can cut them: each by its rank from 0 to 1, a missing value in the middle.

    Parameters
    ----------
    variables : array_like, shape (n, m)
        In any units, NaN where missing. A forest cuts evenly between the extremes, so that one huge value would
        leave the others uncut: ranks have no such value.
    """
    columns = [percentile_ranks(column) / 100 for column in np.asarray(variables).T]
    return np.nan_to_num(np.stack(columns, axis=1), nan=0.5).astype(np.float32)
