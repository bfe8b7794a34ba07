"""Judging reconstructed spectra against the noise-free spectra that a simulator knows."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from alignlab.spectra.grid import minmax_normalise

#: Counts that separate the levels by which reconstructions are reported.
COUNT_LEVELS: tuple[float, ...] = (100, 300, 1000)


@dataclass(frozen=True, kw_only=True)
class ReconstructionScore:
    """Error of one method at one count level.

    Attributes
    ----------
    method : str
        Name of the method; "observed" is the raw data itself.
    level : str
        "<100", "100–300", … or "all".
    n : int
        Spectra compared.
    mae, rmse : float
        Mean absolute error and root mean square error over spectra and bins, on the observed 0…1 scale; NaN if n = 0.
    """

    method: str
    level: str
    n: int
    mae: float
    rmse: float


def on_observed_scale(expected: ArrayLike, observed: ArrayLike) -> NDArray[np.float32]:
    """Put the expected spectrum on the scale to which the observed one is min–max normalised.

    Parameters
    ----------
    expected : array_like, shape (n, n_bins)
        Noise-free expected counts (or rate) per bin.
    observed : array_like, shape (n, n_bins)
        Observed counts (or rate, in the same unit) per bin.

    Returns
    -------
    ndarray of float32, shape (n, n_bins)
        (expected - min) / (max - min) with the extremes of `observed`; zero where an observed spectrum is constant.
    """
    expected = np.asarray(expected, dtype=np.float32)
    observed = np.asarray(observed, dtype=np.float32)
    low = observed.min(axis=-1, keepdims=True)
    span = observed.max(axis=-1, keepdims=True) - low
    return np.divide(expected - low, span, out=np.zeros_like(expected), where=span > 0)


def pca_reconstruction(training: ArrayLike, spectra: ArrayLike, *, n_components: int = 64) -> NDArray[np.float32]:
    """Reconstruct spectra through the principal components of a training set: the linear baseline.

    Parameters
    ----------
    training : array_like, shape (n_training, n_bins)
        Observed min–max normalised spectra.
    spectra : array_like, shape (n, n_bins)
        The same, held out.
    n_components : int
        Components kept (64, as many as the autoencoder's latents).

    Returns
    -------
    ndarray of float32, shape (n, n_bins)
    """
    model = PCA(n_components=n_components, svd_solver="full").fit(np.asarray(training, np.float64))
    return model.inverse_transform(model.transform(np.asarray(spectra, np.float64))).astype(np.float32)


def compare_reconstructions(
    counts: ArrayLike,
    expected: ArrayLike,
    reconstructions: Mapping[str, ArrayLike],
    *,
    levels: tuple[float, ...] = COUNT_LEVELS,
) -> list[ReconstructionScore]:
    """Distance of reconstructions, and of the data themselves, to the noise-free spectra, by count level.

    Parameters
    ----------
    counts : array_like, shape (n, n_bins)
        Observed counts per bin.
    expected : array_like, shape (n, n_bins)
        Noise-free expected counts per bin.
    reconstructions : mapping of str to array_like of shape (n, n_bins)
        Method → reconstruction of ``minmax_normalise(counts)``.
    levels : tuple of float
        Increasing total counts that separate the levels.

    Returns
    -------
    list of ReconstructionScore
        For every method, "observed" first, one per level from faint to bright, then "all".

    Raises
    ------
    ValueError
        If a shape differs, or `levels` do not increase.
    """
    observed = np.asarray(counts, dtype=np.float32)
    if any(b <= a for a, b in itertools.pairwise(levels)):
        raise ValueError(f"levels must increase, not {levels}")
    candidates = {"observed": minmax_normalise(observed), **{m: np.asarray(r) for m, r in reconstructions.items()}}
    for name, values in {"expected": np.asarray(expected), **candidates}.items():
        if values.shape != observed.shape:
            raise ValueError(f"{name} must have the shape of the counts, {observed.shape}, not {values.shape}")
    truth = on_observed_scale(expected, observed)
    level = np.digitize(observed.sum(axis=1, dtype=np.float64), levels)
    groups = [(label, level == i) for i, label in enumerate(level_labels(levels))]
    groups.append(("all", np.ones(len(observed), bool)))
    scores = []
    for method, values in candidates.items():
        error = values - truth
        for label, rows in groups:
            part = error[rows].astype(np.float64)
            empty = part.size == 0
            scores.append(
                ReconstructionScore(
                    method=method,
                    level=label,
                    n=int(rows.sum()),
                    mae=float("nan") if empty else float(np.abs(part).mean()),
                    rmse=float("nan") if empty else float(np.sqrt((part**2).mean())),
                )
            )
    return scores


def level_labels(levels: tuple[float, ...]) -> list[str]:
    """Names of the count levels that `levels` separate, faint to bright."""
    middle = [f"{low:g}–{high:g}" for low, high in itertools.pairwise(levels)]
    return [f"<{levels[0]:g}", *middle, f">{levels[-1]:g}"]
