"""Which of many known spectra could the photons of a source have come from?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

#: Counts per bin below which an expectation is not believed, so that a stray photon rules no spectrum out.
_LEAST_EXPECTED = 1e-3
#: Expected counts that are held at a time.
_BLOCK_ENTRIES = 4_000_000


@dataclass(frozen=True, eq=False)
class ShapeMatch:
    """How well known spectra explain observed photons, each array of shape (n, k).

    Attributes
    ----------
    weight : ndarray of float32
        Probability that source *i* has the spectrum *k*, were all equally frequent; each row sums to 1.
    log_scale : ndarray of float32
        Natural logarithm of how much brighter than spectrum *k* the source would be.
    """

    weight: NDArray[np.float32]
    log_scale: NDArray[np.float32]


def match_shapes(
    counts: ArrayLike,
    background: ArrayLike,
    area: ArrayLike,
    *,
    known: ArrayLike,
    known_area: ArrayLike,
) -> ShapeMatch:
    """Compare observed counts with known spectra by Poisson's likelihood, whatever the source's brightness.

    Parameters
    ----------
    counts, background : array_like, shape (n, b)
        Counts in the aperture, and how many of them are expected from the background.
    area : array_like, shape (n, b)
        Effective area at each bin, in any unit.
    known, known_area : array_like, shape (k, b)
        Expected counts of the known sources without background, and the effective area they were seen with: their
        spectra are carried over to the area of each observation, its redistribution aside.

    Returns
    -------
    ShapeMatch
    """
    x, b, a, s, s_area = (_matrix(values) for values in (counts, background, area, known, known_area))
    if x.shape != b.shape or x.shape != a.shape or s.shape != s_area.shape or x.shape[1] != s.shape[1]:
        raise ValueError(f"counts {tuple(x.shape)} and known spectra {tuple(s.shape)} do not go together")
    unfolded = s.clamp(min=0) / s_area
    b = b + _LEAST_EXPECTED
    net = (x.sum(1) - b.sum(1)).clamp(min=1.0)
    scale = net[:, None] / (a @ unfolded.T).clamp(min=1e-30)
    log_likelihood = torch.empty(len(x), len(s))
    size = max(1, _BLOCK_ENTRIES // unfolded.numel())
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        expected = unfolded * a[rows, None]
        expected *= scale[rows, :, None]
        expected += b[rows, None]
        # The sum of what is expected is that of what was seen, for every spectrum.
        log_likelihood[rows] = torch.bmm(expected.log_(), x[rows, :, None])[..., 0]
    return ShapeMatch(torch.softmax(log_likelihood, dim=1).numpy(), scale.log().numpy())


def merged_bins(values: ArrayLike, n_merged: int) -> NDArray[np.float32]:
    """Sums over `n_merged` neighbouring columns, which divide the number of columns."""
    values = np.asarray(values, dtype=np.float32)
    if values.ndim != 2 or values.shape[1] % n_merged:
        raise ValueError(f"{n_merged} does not divide the columns of {values.shape}")
    return np.asarray(values.reshape(len(values), -1, n_merged).sum(axis=2))


def _matrix(values: ArrayLike) -> torch.Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32, ndmin=2))
