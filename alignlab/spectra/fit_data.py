"""The data of a batch of spectral fits: counts, response and background on the fitter's channels and energies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from alignlab.spectra.fit_models import SpectralModel, energy_edges
from alignlab.spectra.fit_solver import Batch, detected_photons
from alignlab.spectra.grid import overlap_matrix
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV

#: Energies that a fit uses: the CSC's broad band.
FIT_RANGE_KEV = (0.5, 7.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """From the caller's energies to those of a model: area (n_e, n_grid) times bin width, redistribution per row."""

    area: torch.Tensor
    channels: torch.Tensor
    folding: torch.Tensor


class FitData:
    """The input of a fit, checked, and its translation to the fitter's channels and energies.

    Parameters
    ----------
    channel_counts, background, exposure_s, area, redistribution, energy_edges_kev, channel_edges_kev, fit_range_kev
        As in `alignlab.spectra.fit.fit_spectra`.
    """

    def __init__(
        self,
        channel_counts: ArrayLike,
        background: ArrayLike,
        exposure_s: ArrayLike,
        area: ArrayLike,
        redistribution: ArrayLike,
        energy_edges_kev: ArrayLike | None,
        channel_edges_kev: ArrayLike | None,
        fit_range_kev: tuple[float, float],
    ) -> None:
        edges_in = np.asarray(MODEL_EDGES_KEV if energy_edges_kev is None else energy_edges_kev, dtype=float)
        channel_edges = np.asarray(CHANNEL_EDGES_KEV if channel_edges_kev is None else channel_edges_kev, dtype=float)
        self.counts = np.asarray(channel_counts, dtype=np.float32)
        if self.counts.ndim != 2:
            raise ValueError(f"channel_counts must be (n, n_ch), not {self.counts.shape}")
        n_channels, n_energies = self.counts.shape[1], len(edges_in) - 1
        self.background = _checked("background", background, self.counts.shape)
        self.exposure_s = _checked("exposure_s", exposure_s, (len(self.counts),)).astype(float)
        self.area = _checked("area", area, (len(self.counts), n_energies))
        matrix = _checked("redistribution", redistribution, (n_energies, n_channels)).astype(float)
        if len(channel_edges) != n_channels + 1:
            raise ValueError(f"channel_edges_kev must have {n_channels + 1} values, not {len(channel_edges)}")
        _checked("channel_counts", self.counts, self.counts.shape)

        member = channel_groups(channel_edges, fit_range_kev)
        self.in_range = member >= 0
        self._gather = np.zeros((n_channels, member.max() + 1), dtype=np.float32)
        self._gather[self.in_range, member[self.in_range]] = 1
        self._energy_edges, self._matrix = edges_in, matrix
        self._grids: dict[float, _Grid] = {}

    def __len__(self) -> int:
        """Number of sources."""
        return len(self.counts)

    def fittable(self, fit_mask: ArrayLike | None) -> NDArray[np.int64]:
        """Numbers of the wanted sources that have net counts in the fit range, an area and an exposure."""
        net = (self.counts - self.background)[:, self.in_range].sum(axis=1)
        wanted = (net > 0) & (self.exposure_s > 0) & (self.area.max(axis=1, initial=0) > 0)
        if fit_mask is not None:
            mask = np.asarray(fit_mask, dtype=bool)
            if mask.shape != (len(self.counts),):
                raise ValueError(f"fit_mask must be ({len(self.counts)},), not {mask.shape}")
            wanted &= mask
        return np.flatnonzero(wanted)

    def _grid(self, step: float) -> _Grid:
        if step not in self._grids:
            # Both the area and the redistribution of a bin of the model's energy grid are means over it.
            edges = energy_edges(step)
            to_grid = overlap_matrix(edges, self._energy_edges)
            channels = to_grid @ self._matrix / np.clip(to_grid.sum(axis=1, keepdims=True), 1e-12, None)
            self._grids[step] = _Grid(
                area=torch.as_tensor(to_grid.T * np.diff(edges), dtype=torch.float32),
                channels=torch.as_tensor(channels, dtype=torch.float32),
                folding=torch.as_tensor(channels @ self._gather, dtype=torch.float32),
            )
        return self._grids[step]

    def batch(self, model: SpectralModel, rows: NDArray[np.int64]) -> Batch:
        """The sources `rows` on the energy grid of a model."""
        grid = self._grid(model.energy_step)
        return Batch(
            counts=torch.as_tensor(self.counts[rows] @ self._gather).double(),
            background=torch.as_tensor(self.background[rows] @ self._gather).double(),
            area=torch.as_tensor(self.area[rows]) @ grid.area,
            redistribution=grid.folding,
        )

    def expected_channels(self, model: SpectralModel, x: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Expected counts (model + background) per PI channel."""
        grid = self._grid(model.energy_step)
        photons, _, _ = detected_photons(model, x, torch.as_tensor(self.area[rows]) @ grid.area)
        scale = x[:, -1:].exp() / (photons @ grid.folding).sum(dim=1, keepdim=True).double().clamp_min(1e-300)
        return (scale * (photons @ grid.channels) + torch.as_tensor(self.background[rows])).float()


def _checked(name: str, value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    array = np.asarray(value, dtype=np.float32)
    if array.shape != shape:
        raise ValueError(f"{name} must be {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    if array.size and array.min() < 0:
        raise ValueError(f"{name} holds negative values, such as {array.min()}")
    return array


def channel_groups(
    channel_edges_kev: ArrayLike, fit_range_kev: tuple[float, float] = FIT_RANGE_KEV
) -> NDArray[np.int64]:
    """Number of the fit channel that each PI channel belongs to, -1 outside the fit range.

    A fit channel is as wide as 0.045 keV + 1.25% of its energy, about half of what ACIS resolves (full width at half
    maximum), or one PI channel where those are wider.

    Raises
    ------
    ValueError
        If no channel lies in the range.
    """
    edges = np.asarray(channel_edges_kev, dtype=float)
    inside = (edges[:-1] >= fit_range_kev[0] - 1e-6) & (edges[1:] <= fit_range_kev[1] + 1e-6)
    if not inside.any():
        raise ValueError(f"no channel lies between {fit_range_kev[0]} and {fit_range_kev[1]} keV")
    place = np.log((0.045 + 0.0125 * edges[:-1]).clip(1e-3)) / 0.0125
    member = np.full(len(inside), -1)
    member[inside] = np.unique(np.floor(place[inside] - place[inside][0] + 1e-6), return_inverse=True)[1]
    return member


def reduced_chi_square(
    counts: NDArray[np.float32], expected: NDArray[np.float32], *, n_free: int, min_counts: int
) -> NDArray[np.float64]:
    """Chi-square with the variance of the data over groups of enough counts, by degree of freedom.

    Parameters
    ----------
    counts, expected : ndarray of float32, (n, n_channels)
        Observed and expected counts, background included.
    n_free : int
        Number of fitted parameters.
    min_counts : int
        Counts that make a group; what is left over at the end joins the last one.

    Returns
    -------
    ndarray of float64, (n,)
        NaN where the groups are not more than the free parameters.
    """
    n, n_channels = counts.shape
    group = np.empty((n_channels, n), dtype=np.int64)
    current, gathered = np.zeros(n, dtype=np.int64), np.zeros(n)
    for k in range(n_channels):
        gathered += counts[:, k]
        group[k] = current
        full = gathered >= min_counts
        current += full
        gathered[full] = 0
    group = np.minimum(group.T, np.maximum(current - 1, 0)[:, None]) + n_channels * np.arange(n)[:, None]
    seen, model = (
        np.bincount(group.ravel(), weights=part.ravel(), minlength=n * n_channels).reshape(n, n_channels)
        for part in (counts, expected)
    )
    chi_square = np.where(seen > 0, (seen - model) ** 2 / np.maximum(seen, 1), 0).sum(axis=1)
    freedom = current - n_free
    return np.where(freedom > 0, chi_square / np.maximum(freedom, 1), np.nan)
