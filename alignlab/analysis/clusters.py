"""Clusters of vectors: k-means, Gaussian mixture, HDBSCAN, agglomerative; arrays in, labels out.

Labels are numbered by size: cluster 0 is the largest. The same vectors, parameters and seed give the same labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import AlignlabError

#: What a source in no cluster is labelled with, and one that was not clustered at all.
NOISE, LEFT_OUT = -1, -2
METHODS: Mapping[str, str] = {
    "kmeans": "k-means",
    "mixture": "Gaussian mixture",
    "hdbscan": "HDBSCAN",
    "agglomerative": "agglomerative (Ward)",
}
SCALINGS: Mapping[str, str] = {
    "none": "as they are",
    "standard": "each latent to variance 1",
    "unit": "each source to length 1",
}
#: Ward's tree of more sources than this would take more than half a gigabyte: it is grown from a sample of them.
MOST_IN_TREE = 5_000
#: Silhouettes are of at most so many sources: all pairs of them are compared.
MOST_IN_SILHOUETTE = 5_000
_KMEANS_STARTS = 4
#: Added to the variances of a mixture, relative to the mean variance of the columns.
_RIDGE = 1e-3
_SMOOTHING = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """What a method made of some vectors.

    Attributes
    ----------
    labels : ndarray of int32, shape (n,)
        0 is the largest cluster; -1 is noise.
    told : dict
        What is to be known of it: how many vectors a tree was grown from, a mixture's BIC.
    """

    labels: NDArray[np.int32]
    told: dict[str, Any]


def scaled(latents: ArrayLike, scaling: str = "none", *, n_components: int = 0, seed: int = 0) -> NDArray[np.float32]:
    """Latents as clusters are looked for in them.

    Parameters
    ----------
    latents : array_like, shape (n, d)
    scaling : str
        A key of `SCALINGS`.
    n_components : int
        Project onto so many principal components afterwards; 0 for none, as where there are no more dimensions.
    seed : int
        Of the projection.

    Returns
    -------
    ndarray of float32, shape (n, d) or (n, n_components)

    Raises
    ------
    ValueError
        If a value is not finite or the scaling is unknown.
    """
    # Imported here: torch takes seconds, which pages that only name methods need not wait for.
    from alignlab.analysis.projections import pca
    from alignlab.analysis.similarity import finite_matrix, normalise_rows

    x = finite_matrix(latents, "latents")
    if scaling == "unit":
        x = normalise_rows(x)
    elif scaling == "standard":
        deviation = x.std(axis=0)
        x = np.divide(x - x.mean(axis=0), deviation, out=np.zeros_like(x), where=deviation > 0)
    elif scaling != "none":
        raise ValueError(f"scaling must be one of {', '.join(SCALINGS)}, not {scaling!r}")
    if 0 < n_components < x.shape[1]:
        x = pca(x, n_components=n_components, seed=seed).coordinates
    return np.ascontiguousarray(x, dtype=np.float32)


def find(x: ArrayLike, method: str, *, k: int = 12, min_cluster_size: int = 50, seed: int = 0) -> Found:
    """Find clusters of vectors.

    Parameters
    ----------
    x : array_like, shape (n, d)
        From `scaled`.
    method : str
        A key of `METHODS`.
    k : int
        How many clusters; HDBSCAN finds their number itself.
    min_cluster_size : int
        HDBSCAN: sources that make a cluster.
    seed : int

    Raises
    ------
    AlignlabError
        If there are fewer vectors than clusters, or the method is unknown.
    """
    x = np.ascontiguousarray(x, dtype=np.float32)
    if method not in METHODS:
        raise AlignlabError(f"There is no clustering method {method!r}.", remedy=f"Choose one of {', '.join(METHODS)}.")
    fewest = min_cluster_size if method == "hdbscan" else k
    if len(x) < max(fewest, 2):
        raise AlignlabError(
            f"{len(x):,} sources cannot make these clusters: {max(fewest, 2):,} are needed.",
            remedy="Ask for fewer clusters.",
        )
    with _one_thread():
        if method == "hdbscan":
            labels, told = _hdbscan(x, min_cluster_size)
        elif method == "kmeans":
            labels, told = _kmeans(x, k, seed)
        elif method == "mixture":
            labels, told = _mixture(x, k, seed)
        else:
            labels, told = _agglomerative(x, k, seed)
    return Found(labels=by_size(labels), told=told)


def by_size(labels: ArrayLike) -> NDArray[np.int32]:
    """The same clusters numbered by their size, the largest 0; negative labels stay as they are."""
    labels = np.asarray(labels)
    inside = labels >= 0
    names, members = np.unique(labels[inside], return_inverse=True)
    order = np.argsort(-np.bincount(members, minlength=len(names)), kind="stable")
    place = np.empty(len(names), np.int32)
    place[order] = np.arange(len(names))
    out = labels.astype(np.int32)
    out[inside] = place[members]
    return out


def silhouette(x: ArrayLike, labels: ArrayLike, *, seed: int = 0) -> tuple[float, int]:
    """Mean silhouette of clustered sources, and of how many: at most `MOST_IN_SILHOUETTE`, drawn at random.

    NaN where fewer than two clusters have members in the sample. Sources in no cluster are left out.
    """
    from sklearn.metrics import silhouette_score

    labels = np.asarray(labels)
    rows = np.flatnonzero(labels >= 0)
    if len(rows) > MOST_IN_SILHOUETTE:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_IN_SILHOUETTE, replace=False))
    n_clusters = len(np.unique(labels[rows]))
    if not 2 <= n_clusters < len(rows):
        return float("nan"), len(rows)
    with _one_thread():
        return float(silhouette_score(np.asarray(x)[rows], labels[rows])), len(rows)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let compiled libraries use one thread: two that wait for each other on a busy machine cost ten times as much.

    The sums, and so the clusters, then do not depend on the number of cores.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def _kmeans(x: NDArray[np.float32], k: int, seed: int) -> tuple[NDArray, dict[str, Any]]:
    from sklearn.cluster import KMeans

    found = KMeans(k, n_init=_KMEANS_STARTS, algorithm="elkan", random_state=seed).fit(x)
    return found.labels_, {"inertia": float(found.inertia_)}


def _mixture(x: NDArray[np.float32], k: int, seed: int) -> tuple[NDArray, dict[str, Any]]:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    x = x.astype(np.float64)
    ridge = _RIDGE * float(x.var(axis=0).mean()) or 1e-6
    mixture = GaussianMixture(k, reg_covar=ridge, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        # What has not converged is told with the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = mixture.fit_predict(x)
    return labels, {"bic": float(mixture.bic(x)), "converged": bool(mixture.converged_)}


def _hdbscan(x: NDArray[np.float32], min_cluster_size: int) -> tuple[NDArray, dict[str, Any]]:
    from sklearn.cluster import HDBSCAN

    return HDBSCAN(min_cluster_size=min_cluster_size, min_samples=_SMOOTHING, copy=True).fit_predict(x), {}


def _agglomerative(x: NDArray[np.float32], k: int, seed: int) -> tuple[NDArray, dict[str, Any]]:
    """Ward's clusters; of many vectors those of a sample, and every other vector joins the nearest centre."""
    from sklearn.cluster import AgglomerativeClustering

    n = len(x)
    rows = np.arange(n)
    if n > MOST_IN_TREE:
        rows = np.sort(np.random.default_rng(seed).choice(n, MOST_IN_TREE, replace=False))
    labels = AgglomerativeClustering(k).fit_predict(x[rows])
    told = {"n_in_tree": len(rows)}
    if len(rows) == n:
        return labels, told
    centres = np.stack([x[rows[labels == cluster]].mean(axis=0) for cluster in range(k)])
    joined = (np.square(centres).sum(axis=1) - 2 * x @ centres.T).argmin(axis=1)
    joined[rows] = labels
    return joined, told
