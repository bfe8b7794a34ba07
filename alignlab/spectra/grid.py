"""The energy grid that every spectrum in a survey shares: 400 bins from 0.5 to 8 keV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

GridKind = Literal["log", "linear"]

N_BINS = 400
E_MIN_KEV = 0.5
E_MAX_KEV = 8.0
#: Width of an ACIS PI channel (Chandra Proposers' Observatory Guide, ch. 6).
PI_CHANNEL_KEV = 0.0146


@dataclass(frozen=True, eq=False)
class EnergyGrid:
    """Contiguous energy bins.

    Attributes
    ----------
    kind : {"log", "linear"}
        Spacing of the edges.
    edges_kev : ndarray of float64, shape (n_bins + 1,)
        Bin edges in keV, increasing.
    """

    kind: GridKind
    edges_kev: NDArray[np.float64]

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.edges_kev) - 1

    @property
    def centres_kev(self) -> NDArray[np.float64]:
        """Bin centres in keV: geometric means on a logarithmic grid, arithmetic ones on a linear grid."""
        low, high = self.edges_kev[:-1], self.edges_kev[1:]
        return np.sqrt(low * high) if self.kind == "log" else (low + high) / 2

    @property
    def widths_kev(self) -> NDArray[np.float64]:
        """Bin widths in keV."""
        return np.diff(self.edges_kev)


def energy_grid(kind: GridKind = "log", *, n_bins: int = N_BINS) -> EnergyGrid:
    """Build the grid of 0.5 to 8 keV with `n_bins` bins, logarithmic by default.

    Raises
    ------
    ValueError
        If `kind` is unknown or `n_bins` is not positive.
    """
    if kind not in get_args(GridKind):
        raise ValueError(f"grid kind must be 'log' or 'linear', not {kind!r}")
    if n_bins < 1:
        raise ValueError(f"n_bins must be positive, not {n_bins}")
    space = np.geomspace if kind == "log" else np.linspace
    return EnergyGrid(kind, space(E_MIN_KEV, E_MAX_KEV, n_bins + 1))


def overlap_matrix(edges_from_kev: ArrayLike, edges_to_kev: ArrayLike) -> NDArray[np.float64]:
    """Fraction of each old bin that falls into each new bin.

    Parameters
    ----------
    edges_from_kev, edges_to_kev : array_like, shapes (n_from + 1,) and (n_to + 1,)
        Increasing edges in keV.

    Returns
    -------
    ndarray of float64, shape (n_from, n_to)
        ``counts @ overlap`` moves counts to the new bins; what lies outside them is lost, nothing is gained.
    """
    rows, columns, shares = overlaps(edges_from_kev, edges_to_kev)
    overlap = np.zeros((np.size(edges_from_kev) - 1, np.size(edges_to_kev) - 1))
    overlap[rows, columns] = shares
    return overlap


def overlaps(
    edges_from_kev: ArrayLike, edges_to_kev: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The pairs of old and new bins that meet, and the fraction of the old one that falls into the new one.

    They are few of the million pairs of a response matrix. Parameters as in `overlap_matrix`.
    """
    old, new = np.asarray(edges_from_kev, float), np.asarray(edges_to_kev, float)
    for name, edges in (("edges_from_kev", old), ("edges_to_kev", new)):
        if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):
            raise ValueError(f"{name} must be increasing, with at least two values")
    first = np.maximum(np.searchsorted(new, old[:-1], side="right") - 1, 0)
    last = np.minimum(np.searchsorted(new, old[1:], side="left"), len(new) - 1)
    met = np.maximum(last - first, 0)
    rows = np.repeat(np.arange(len(old) - 1), met)
    columns = np.arange(met.sum()) - np.repeat(np.cumsum(met) - met, met) + np.repeat(first, met)
    low = np.maximum(old[rows], new[columns])
    high = np.minimum(old[rows + 1], new[columns + 1])
    return rows, columns, np.clip(high - low, 0, None) / np.diff(old)[rows]


def share_out(counts: NDArray[np.floating], edges_from_kev: ArrayLike, edges_to_kev: ArrayLike) -> NDArray[np.float64]:
    """Move the counts of one spectrum to other bins: ``counts @ overlap_matrix(...)`` without the matrix.

    Parameters
    ----------
    counts : ndarray, shape (n_from,)
    edges_from_kev, edges_to_kev : array_like
        As in `overlap_matrix`.

    Returns
    -------
    ndarray of float64, shape (n_to,)
    """
    rows, columns, shares = overlaps(edges_from_kev, edges_to_kev)
    moved = np.bincount(columns, weights=counts[rows] * shares, minlength=np.size(edges_to_kev) - 1)
    return moved.astype(np.float64, copy=False)


def rebin_counts(counts: ArrayLike, edges_from_kev: ArrayLike, grid: EnergyGrid) -> NDArray[np.float32]:
    """Move counts from instrument channels to `grid`, sharing a channel's counts by its overlap with each bin.

    Parameters
    ----------
    counts : array_like, shape (..., n_channels)
        Counts (or any additive quantity) per channel.
    edges_from_kev : array_like, shape (n_channels + 1,)
        Nominal energies of the channel edges in keV (from EBOUNDS for a real spectrum).
    grid : EnergyGrid
        Where to.

    Returns
    -------
    ndarray of float32, shape (..., n_bins)
    """
    return (np.asarray(counts, float) @ overlap_matrix(edges_from_kev, grid.edges_kev)).astype(np.float32)


def minmax_normalise(rate: ArrayLike) -> NDArray[np.float32]:
    """Scale each spectrum to 0…1, the form in which the encoder sees it (paper, section 2).

    Parameters
    ----------
    rate : array_like, shape (n, n_bins)
        Count rate (or counts: the scale cancels) per bin.

    Returns
    -------
    ndarray of float32, shape (n, n_bins)
        All zero where a spectrum is constant.
    """
    rate = np.asarray(rate, dtype=np.float32)
    low = rate.min(axis=-1, keepdims=True)
    span = rate.max(axis=-1, keepdims=True) - low
    return np.divide(rate - low, span, out=np.zeros_like(rate), where=span > 0)
