"""What tells sources apart when a person's labels re-rank them: latents, variables, counts and class side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.services.neighbours import representation_latents
from alignlab.store.run import Run
from alignlab.store.survey import Survey

#: Share of each block in the mean squared distance of two sources. Chosen with simulated experts (docs/active.md).
SHARES: dict[str, float] = {"latents": 0.60, "variables": 0.24, "spectrum": 0.07, "class": 0.06, "observation": 0.03}
#: A wider representation is reduced to so many of its principal axes.
_WIDEST = 128
#: Principal axes of the spectrum's latents, each of the same weight, so that the lesser ones are heard.
_SPECTRUM_AXES = 16
_OBSERVATION = ("net_counts", "theta_arcmin")


def rerank_features(survey: Survey, run: Run, representation: str = "both") -> NDArray[np.float32]:
    """Features for `alignlab.services.discover.rerank.Reranker`; nothing in them comes from a simulation's truth.

    Parameters
    ----------
    survey, run
        The run is of this survey.
    representation : str
        Of the latents.

    Returns
    -------
    ndarray of float32, shape (n, d)
        Latents; the 20 variables, each as a normal score, a missing one in the middle; the leading principal axes of
        the spectrum's latents; the catalogued class; normal scores of net counts and off-axis angle. Each block is
        scaled to its share.
    """
    blocks: dict[str, NDArray[np.floating]] = {
        "latents": _narrowed(representation_latents(survey, run, representation)),
        "variables": _normal_scores(survey.variables),
        "spectrum": _whitened(representation_latents(survey, run, "spectrum"), _SPECTRUM_AXES),
        "class": _one_hot(survey.sources["source_class"].fillna("").to_numpy(str)),
        "observation": _normal_scores(
            np.stack([survey.sources[name].to_numpy(np.float64) for name in _OBSERVATION if name in survey.sources], 1)
        ),
    }
    return np.concatenate([_scaled(block, SHARES[name]) for name, block in blocks.items()], axis=1).astype(np.float32)


def _normal_scores(columns: NDArray[np.floating]) -> NDArray[np.float64]:
    """Each column's ranks as values of a standard normal variable; 0 where missing."""
    return np.stack([np.nan_to_num(ndtri(percentile_ranks(column) / 100.0)) for column in columns.T], axis=1)


def _one_hot(values: NDArray[np.str_]) -> NDArray[np.float64]:
    """A column for each value; nothing for an empty one."""
    names = np.unique(values[values != ""])
    return (values[:, None] == names).astype(np.float64)


def _narrowed(latents: NDArray[np.float32]) -> NDArray[np.float32]:
    if latents.shape[1] <= _WIDEST:
        return latents
    centred = latents - latents.mean(axis=0)
    return centred @ _axes(centred, _WIDEST)[0]


def _whitened(latents: NDArray[np.float32], n_axes: int) -> NDArray[np.float64]:
    """Coordinates of directions along the leading principal axes, each with variance 1."""
    length = np.linalg.norm(latents, axis=1, keepdims=True)
    unit = latents / np.maximum(length, np.finfo(np.float32).tiny)
    centred = unit - unit.mean(axis=0)
    axes, deviation = _axes(centred, n_axes)
    return (centred @ axes) / deviation


def _axes(centred: NDArray[np.floating], n_axes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Leading principal axes (d, k), those without variance left out, and the standard deviations along them."""
    variance, axes = np.linalg.eigh(np.asarray(centred.T @ centred, np.float64) / len(centred))
    leading = np.argsort(-variance)[:n_axes]
    leading = leading[variance[leading] > 1e-6 * max(variance[leading[0]], np.finfo(float).tiny)]
    return axes[:, leading], np.sqrt(variance[leading])


def _scaled(block: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """A block about its mean, of so large a mean squared length; one without variance stays zero."""
    centred = np.asarray(block, np.float64) - np.mean(block, axis=0, dtype=np.float64)
    size = float((centred**2).sum(axis=1).mean()) if centred.size else 0.0
    return centred * np.sqrt(share / size) if size > 0 else centred
