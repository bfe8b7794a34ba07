"""New realisations of spectra whose expected counts are known."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from alignlab.spectra.grid import PI_CHANNEL_KEV, EnergyGrid, overlap_matrix

#: A spectrum is made fainter or brighter with this probability.
_SCALED_FRACTION = 0.5


class PoissonSpectra:
    """Draws new observed spectra for known expected ones, with the correlations that rebinned channels have.

    Photons are counted in instrument channels and then shared among the bins, so neighbouring bins that share a channel
    rise and fall together; drawing in the bins themselves would give a finer noise than any observation has.

    Parameters
    ----------
    expected : array_like, shape (n, n_bins) or (n, n_channels)
        Noise-free expected counts per bin, or per channel when `channel_edges_kev` is given.
    grid : EnergyGrid
        The bins.
    channel_edges_kev : array_like, shape (n_channels + 1,), optional
        Edges of the channels of `expected`. By default bins are moved to channels of 14.6 eV first.
    """

    def __init__(self, expected: ArrayLike, *, grid: EnergyGrid, channel_edges_kev: ArrayLike | None = None) -> None:
        values = np.asarray(expected, dtype=np.float32)
        if channel_edges_kev is None:
            low, high = grid.edges_kev[0] / PI_CHANNEL_KEV, grid.edges_kev[-1] / PI_CHANNEL_KEV
            edges = np.arange(np.floor(low), np.ceil(high) + 1) * PI_CHANNEL_KEV
            values = values @ overlap_matrix(grid.edges_kev, edges).astype(np.float32)
        else:
            edges = np.asarray(channel_edges_kev, dtype=np.float64)
        self.channels = torch.from_numpy(np.ascontiguousarray(values))
        self.to_bins = torch.from_numpy(overlap_matrix(edges, grid.edges_kev).astype(np.float32))

    def draw(
        self, rows: Tensor, *, scaling: tuple[float, float] = (1, 1), generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw new observed and matching expected counts, each (len(rows), n_bins).

        Half of the rows are first made fainter or brighter by a factor from the log-uniform range `scaling`.
        """
        expected = self.channels[rows]
        if scaling != (1, 1):
            low, high = np.log(scaling)
            chosen, place = torch.rand(2, len(rows), 1, generator=generator)
            factor = torch.exp(float(low) + place * float(high - low))
            expected = expected * torch.where(chosen < _SCALED_FRACTION, factor, 1.0)
        observed = torch.poisson(expected, generator=generator)
        return observed @ self.to_bins, expected @ self.to_bins
