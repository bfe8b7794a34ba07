"""How alike a source's neighbours are: the spread of variables among them, against that among any sources."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

_BLOCK_ENTRIES = 1_000_000


def percent_places(values: ArrayLike) -> NDArray[np.float64]:
    """Place of each value among all of its variable, in percent, so that variables of any unit can be compared.

    Parameters
    ----------
    values : array_like, shape (n, m)
        NaN (or infinity) where a source has no value.

    Returns
    -------
    ndarray of float64, shape (n, m)
        0 to 100, equal values at their mean place; NaN stays NaN.
    """
    x = np.asarray(values, dtype=np.float64)
    places = np.full(x.shape, np.nan)
    for column in range(x.shape[1]):
        rows = np.isfinite(x[:, column])
        if rows.any():
            places[rows, column] = 100 * (rankdata(x[rows, column]) - 0.5) / rows.sum()
    return places


def mean_difference(values: ArrayLike) -> NDArray[np.float64]:
    """Mean absolute difference between any two of the values along the second axis (Gini's mean difference).

    Parameters
    ----------
    values : array_like, shape (n, k, m)
        Row i holds the values of the k neighbours of source i; NaN where a neighbour has none.

    Returns
    -------
    ndarray of float64, shape (n, m)
        NaN where fewer than two neighbours have a value.
    """
    x = np.sort(np.asarray(values, dtype=np.float64), axis=1)  # NaN last
    n = np.isfinite(x).sum(axis=1)
    place = np.arange(1, x.shape[1] + 1)[None, :, None]
    total = np.where(np.isfinite(x), (2 * place - n[:, None, :] - 1) * np.nan_to_num(x), 0).sum(axis=1)
    pairs = n * (n - 1) / 2
    return np.divide(total, pairs, out=np.full(total.shape, np.nan), where=pairs > 0)


def neighbour_spread(index: ArrayLike, values: ArrayLike) -> NDArray[np.float64]:
    """Spread of every variable among the neighbours of each source, relative to that among any two sources.

    Parameters
    ----------
    index : array_like of int, shape (n, k)
        Rows of `values`: the neighbours of source i.
    values : array_like, shape (n_base, m)

    Returns
    -------
    ndarray of float64, shape (n, m)
        1 is as among random sources, 0 is all alike; NaN where fewer than two neighbours have the variable, or where it
        is the same for all.
    """
    base = np.asarray(values, dtype=np.float64)
    random = mean_difference(base[None])[0]
    found = mean_difference(base[np.asarray(index)])
    return np.divide(found, random, out=np.full(found.shape, np.nan), where=random > 0)


def resampled_means(values: ArrayLike, *, rng: np.random.Generator, n_resamples: int = 1000) -> NDArray[np.float64]:
    """Means of columns when the rows are drawn anew, the same draws for all columns.

    Parameters
    ----------
    values : array_like, shape (n, m)
        A row without a value is left out of that column.
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    ndarray of float64, shape (n_resamples, m)
    """
    x = np.asarray(values, dtype=np.float64)
    present, filled = np.isfinite(x).astype(np.float64), np.nan_to_num(x)
    size = max(1, _BLOCK_ENTRIES // len(x))
    chances = np.full(len(x), 1 / len(x))
    means = []
    for start in range(0, n_resamples, size):
        drawn = rng.multinomial(len(x), chances, size=min(size, n_resamples - start)).astype(np.float64)
        n = drawn @ present
        means.append(np.divide(drawn @ filled, n, out=np.full(n.shape, np.nan), where=n > 0))
    return np.vstack(means)
