"""Two-dimensional maps of a latent space: PCA at once, UMAP and t-SNE on exact neighbours, new sources on old maps."""

from __future__ import annotations

import re
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import finite_matrix, normalise_rows, top_k
from alignlab.progress import OnStep, StoppedError, report

_MIN_ROWS = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class PcaMap:
    """A linear map that can place new sources exactly.

    Attributes
    ----------
    mean : ndarray of float32, shape (d,)
    components : ndarray of float32, shape (n_components, d)
        Orthonormal rows, by falling variance.
    explained_variance_ratio : ndarray of float32, shape (n_components,)
    coordinates : ndarray of float32, shape (n, n_components)
        Of the sources that it was made from.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    explained_variance_ratio: NDArray[np.float32]
    coordinates: NDArray[np.float32]

    def transform(self, x: ArrayLike) -> NDArray[np.float32]:
        """Coordinates, shape (n, n_components), of sources with latents `x`, shape (n, d)."""
        return np.asarray((finite_matrix(x, "x") - self.mean) @ self.components.T, np.float32)


def pca(x: ArrayLike, *, n_components: int = 2, seed: int = 0) -> PcaMap:
    """Principal components of a latent space.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Latents.
    n_components : int
        Coordinates per source.
    seed : int
        Used only above 1,000 dimensions, where the components are found by a randomised method.

    Returns
    -------
    PcaMap
        Signs are fixed (the largest loading of each component is positive), so that equal data give equal maps.

    Raises
    ------
    ValueError
        If `n_components` exceeds n or d, or a value is not finite.
    """
    # Imported here: placing a few sources on a finished map must not wait a second for scikit-learn.
    from sklearn.decomposition import PCA

    x = finite_matrix(x, "x")
    if not 1 <= n_components <= min(x.shape):
        raise ValueError(f"n_components must be 1 to {min(x.shape)} for latents of shape {x.shape}, not {n_components}")
    with np.errstate(invalid="ignore"):
        # All-equal rows have no variance to explain: their 0/0 becomes 0 below.
        model = PCA(n_components=n_components, random_state=seed).fit(x)
    loadings = model.components_
    signs = np.sign(np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1))
    components, mean = (loadings * signs).astype(np.float32), model.mean_.astype(np.float32)
    ratio = np.nan_to_num(model.explained_variance_ratio_).astype(np.float32)
    return PcaMap(
        mean=mean, components=components, explained_variance_ratio=ratio, coordinates=(x - mean) @ components.T
    )


def umap_map(
    x: ArrayLike, *, seed: int, n_neighbors: int = 15, min_dist: float = 0.1, on_step: OnStep | None = None
) -> NDArray[np.float32]:
    """Two-dimensional UMAP from exact cosine neighbours, started from PCA.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Latents.
    seed : int
        Same seed, same map (which makes UMAP use one thread).
    n_neighbors : int
        Size of the neighbourhood, the source itself included; fewer for fewer sources.
    min_dist : float
        Smallest distance between points on the map.
    on_step : callable, optional
        Called about twice a second with the epoch; False stops.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If there are fewer than five sources or a value is not finite.
    StoppedError
        If `on_step` returned False.
    """
    x = _enough_rows(x)
    report(on_step, 0, 1, "UMAP: neighbours")
    near = top_k(x, x, min(n_neighbors, len(x) - 1) - 1, exclude_self=True)
    own = np.arange(len(x))[:, None]
    index = np.hstack([own, near.index])
    distance = np.hstack([np.zeros((len(x), 1), np.float32), near.cosine_distance])
    start = _pca_start(x)
    report(on_step, 0, 1, "UMAP: graph")
    progress = _EpochReporter(on_step)
    with warnings.catch_warnings():
        # Importing umap says that TensorFlow, needed for its parametric variant only, is absent.
        warnings.filterwarnings("ignore", category=ImportWarning)
        # Our neighbours are arrays, not umap's search index; we place new sources with `place_new`.
        warnings.filterwarnings("ignore", message="precomputed_knn\\[2\\]")
        import umap

        model = umap.UMAP(
            n_neighbors=index.shape[1],
            min_dist=min_dist,
            metric="cosine",
            init=10 * start / max(float(np.abs(start).max()), 1e-12),
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(index, distance),
            tqdm_kwds={"disable": False, "file": progress, "mininterval": 0.5, "bar_format": "{n_fmt}/{total_fmt}"},
        )
        return np.ascontiguousarray(model.fit_transform(x), dtype=np.float32)


def tsne_map(
    x: ArrayLike, *, seed: int, perplexity: float = 30, n_jobs: int = 2, on_step: OnStep | None = None
) -> NDArray[np.float32]:
    """Two-dimensional t-SNE (openTSNE, Barnes–Hut with theta 0.8) from exact neighbours, started from PCA.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Latents.
    seed : int
        Kept for the record: with a PCA start and exact neighbours nothing is random.
    perplexity : float
        Effective number of neighbours; smaller for few sources.
    n_jobs : int
        Threads.
    on_step : callable, optional
        Called every 25 iterations; False stops.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If there are fewer than five sources or a value is not finite.
    StoppedError
        If `on_step` returned False.
    """
    import openTSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    x = _enough_rows(x)
    exaggerated, total = 250, 750
    report(on_step, 0, total, "t-SNE: neighbours")
    perplexity = min(perplexity, (len(x) - 1) / 3)
    near = top_k(x, x, min(len(x) - 1, int(3 * perplexity)), exclude_self=True)
    affinities = PerplexityBasedNN(
        perplexity=perplexity,
        knn_index=PrecomputedNeighbors(near.index, near.chord_distance.astype(np.float64)),
        n_jobs=n_jobs,
    )
    iterations_done = 0
    stopped = False

    def step(iteration: int, error: float, embedding: NDArray[np.float64]) -> bool:
        nonlocal stopped
        done = iterations_done + iteration
        stopped = on_step is not None and not on_step(min(done, total), total, f"t-SNE: divergence {error:.2f}")
        return stopped

    start = _pca_start(x).astype(np.float64)
    model = openTSNE.TSNEEmbedding(
        1e-4 * start / max(float(start[:, 0].std()), 1e-12),
        affinities,
        negative_gradient_method="bh",
        theta=0.8,
        n_jobs=n_jobs,
        random_state=seed,
        callbacks=[step],
        callbacks_every_iters=25,
    )
    for n_iter, settings in (
        (exaggerated, {"exaggeration": 12, "momentum": 0.5}),
        (total - exaggerated, {"momentum": 0.8}),
    ):
        model = model.optimize(n_iter=n_iter, **settings)
        if stopped:
            raise StoppedError("stopped on request during t-SNE")
        iterations_done += n_iter
    return np.ascontiguousarray(model, dtype=np.float32)


def place_new(
    latents_new: ArrayLike, latents_base: ArrayLike, coordinates: ArrayLike, *, k: int = 10
) -> NDArray[np.float32]:
    """Place new sources on an existing map: the mean of their neighbours' positions, the more similar the heavier.

    Parameters
    ----------
    latents_new : array_like, shape (n, d)
        Latents of the new sources.
    latents_base : array_like, shape (n_base, d)
        Latents from which the map was made.
    coordinates : array_like, shape (n_base, 2)
        The map.
    k : int
        Neighbours used; fewer when the base is smaller.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Weights are inverse squared distances between normalised latents, so a source identical to one of the base
        lands on it.

    Raises
    ------
    ValueError
        If shapes disagree or a value is not finite.
    """
    base, positions = finite_matrix(latents_base, "latents_base"), finite_matrix(coordinates, "coordinates")
    if len(base) != len(positions):
        raise ValueError(f"{len(base)} base latents and {len(positions)} coordinates: they must be the same sources")
    near = top_k(latents_new, base, min(k, len(base)))
    # Rounding leaves 1e-7 in the cosine of equal float32 vectors: below that, a neighbour counts as identical.
    weight = 1 / np.maximum(near.cosine_distance.astype(np.float64), 1e-6)
    weight /= weight.sum(axis=1, keepdims=True)
    return np.einsum("nk,nkc->nc", weight, positions[near.index]).astype(np.float32)


def _enough_rows(x: ArrayLike) -> NDArray[np.float32]:
    x = finite_matrix(x, "x")
    if len(x) < _MIN_ROWS:
        raise ValueError(f"a map needs at least {_MIN_ROWS} sources, not {len(x)}")
    return x


def _pca_start(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """First two principal components of the normalised latents; the second is zero for one-dimensional latents."""
    rows = normalise_rows(x)
    coordinates = pca(rows, n_components=min(2, rows.shape[1])).coordinates
    return np.pad(coordinates, ((0, 0), (0, 2 - coordinates.shape[1])))


class _EpochReporter:
    """A file for umap's progress bar that turns "done/total" into calls of `on_step`, and stops by raising."""

    def __init__(self, on_step: OnStep | None) -> None:
        self._on_step = on_step
        self._thread = threading.get_ident()

    def write(self, text: str) -> None:
        found = re.search(r"(\d+)/(\d+)", text)
        # tqdm's monitor thread may write too; only an exception in the working thread ends the work.
        if found and threading.get_ident() == self._thread:
            report(self._on_step, int(found[1]), int(found[2]), "UMAP: epochs")

    def flush(self) -> None:
        pass
