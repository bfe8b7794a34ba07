"""By how much a reconstruction misses a spectrum, in units of what Poisson noise alone would make it miss.

The measure is Cash's statistic between observed and reconstructed counts in bands, less its expected value, over its
expected standard deviation (Kaastra 2017, A&A 605, A51). Expected value and variance are known for any number of
counts, so that a faint spectrum is no outlier for its noise.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import poisson

from alignlab.spectra.grid import PI_CHANNEL_KEV, EnergyGrid, overlaps

#: Neighbouring bins that make one band: single bins are narrower than a channel at low energies.
BINS_IN_BAND = 10
#: Fewest counts expected in a band, where a reconstruction has none at all.
_FEWEST_EXPECTED = 1e-3
_MOST_TABULATED = 1e3


def noise_excess(
    counts: ArrayLike, reconstruction: ArrayLike, *, grid: EnergyGrid, response_ratio: ArrayLike | None = None
) -> NDArray[np.float32]:
    """Misfit of each reconstruction in standard deviations of its Poisson noise.

    Parameters
    ----------
    counts : array_like, shape (n, n_bins)
        Observed counts, background included.
    reconstruction : array_like, shape (n, n_bins)
        On the scale to which the spectra are min–max normalised; its size is matched to the observed counts.
    grid : EnergyGrid
        The bins; their number a multiple of `BINS_IN_BAND`.
    response_ratio : array_like, shape (n, n_bins), optional
        What counts were multiplied with before they were normalised.

    Returns
    -------
    ndarray of float32, shape (n,)
        About 0 ± 1 where the reconstruction is right, at any number of counts; NaN where there are no counts.

    Raises
    ------
    ValueError
        If shapes disagree.
    """
    observed = np.asarray(counts, np.float64)
    fitted = np.asarray(reconstruction, np.float64)
    if observed.shape != fitted.shape or observed.shape[1:] != (grid.n_bins,):
        raise ValueError(
            f"counts {observed.shape} and reconstruction {fitted.shape} must both have {grid.n_bins} columns"
        )
    expected = expected_counts(observed, fitted, response_ratio=response_ratio)
    dispersion = band_dispersion(grid)
    seen = _in_bands(observed) / dispersion
    mean = np.maximum(_in_bands(expected) / dispersion, _FEWEST_EXPECTED)
    statistic = 2 * (mean - seen + xlogy(seen, seen / mean)).sum(axis=1)
    n_bands = len(dispersion)
    table_of, table_mean, table_variance = _cash_moments()
    place = np.log(np.minimum(mean, _MOST_TABULATED))
    # One degree of freedom less, because the size is matched.
    usual = np.interp(place, table_of, table_mean).sum(axis=1) * (1 - 1 / n_bands)
    spread = np.sqrt(np.interp(place, table_of, table_variance).sum(axis=1))
    return np.where(observed.sum(axis=1) > 0, (statistic - usual) / spread, np.nan).astype(np.float32)


def expected_counts(
    counts: NDArray[np.float64], reconstruction: NDArray[np.float64], *, response_ratio: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Counts that a reconstruction expects in each bin, as many in all as were observed; parameters as `noise_excess`.

    Negative ones count as 0.
    """
    ratio = None if response_ratio is None else np.asarray(response_ratio, np.float64)
    scaled = counts if ratio is None else counts * ratio
    low = scaled.min(axis=1, keepdims=True)
    rate = reconstruction * (scaled.max(axis=1, keepdims=True) - low)
    rate += low
    np.maximum(rate, 0, out=rate)
    if ratio is not None:
        rate = np.divide(rate, ratio, out=np.zeros_like(rate), where=ratio > 0)
    total = rate.sum(axis=1, keepdims=True)
    size = np.divide(counts.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    rate *= size
    return rate


def band_dispersion(grid: EnergyGrid) -> NDArray[np.float64]:
    """Variance over mean of the counts in each band: below 1, because photons are counted in channels.

    A channel across the edge of two bands shares its counts between them, which moves part of the noise of each photon
    into the other band. Shape (n_bins / `BINS_IN_BAND`,).
    """
    edges = grid.edges_kev[::BINS_IN_BAND]
    first, last = np.floor(edges[0] / PI_CHANNEL_KEV), np.ceil(edges[-1] / PI_CHANNEL_KEV)
    channels = np.arange(first, last + 1) * PI_CHANNEL_KEV
    _, band, share = overlaps(channels, edges)
    n_bands = len(edges) - 1
    return np.bincount(band, share**2, n_bands) / np.bincount(band, share, n_bands)


def _in_bands(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(len(values), -1, BINS_IN_BAND).sum(axis=2)


@lru_cache(maxsize=1)
def _cash_moments() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms of Poisson means, and mean and variance of Cash's statistic of one band with such a mean."""
    mean = np.geomspace(_FEWEST_EXPECTED, _MOST_TABULATED, 400)[:, None]
    count = np.arange(int(_MOST_TABULATED + 12 * np.sqrt(_MOST_TABULATED)))[None]
    probability = poisson.pmf(count, mean)
    statistic = 2 * (mean - count + xlogy(count, count / mean))
    expected = (probability * statistic).sum(axis=1)
    return np.log(mean[:, 0]), expected, (probability * (statistic - expected[:, None]) ** 2).sum(axis=1)
