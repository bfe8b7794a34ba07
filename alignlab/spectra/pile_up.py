"""Pile-up: photons that arrive in one frame on one spot are read out as one of their summed energy (Davis 2001).

How much is expected follows from the count rate; whether a spectrum shows it, from whether continua with fused pairs
describe it better than the same continua without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import chi2

from alignlab.spectra.absorption import sigma_tbabs, transmission
from alignlab.spectra.apertures import aperture_radius_arcsec
from alignlab.spectra.emission import blackbody, gaussian_line, plasma, powerlaw
from alignlab.spectra.grid import overlap_matrix
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    DETECTORS,
    MODEL_EDGES_KEV,
    effective_area_cm2,
    fold,
    redistribution,
)

#: Usual time between two read-outs of ACIS (Chandra Proposers' Observatory Guide, chapter 6).
FRAME_S = 3.2
#: Radius of a circle as large as the 3 x 3 pixels of 0.492 arcsec that one event is read from.
_CELL_ARCSEC = 3 * 0.492 / np.sqrt(np.pi)
#: A brighter spot than one event in nearly each frame cannot be: then frames were shorter than `FRAME_S`.
_MOST_EVENTS = 0.95

#: Shares of events that are fused pairs, among which a spectrum chooses.
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
#: By which factor the share may differ from the expected one: frame time, grades and the exact position are not known.
SHARE_FACTOR = 5.0
_PHOTON_INDICES = np.arange(-0.5, 4.1, 0.25)
_PLASMA_KT_KEV, _ABUNDANCE = np.geomspace(0.3, 12, 10), 0.3
_BLACKBODY_KT_KEV = np.geomspace(0.1, 3, 10)
_N_H_1E20 = (0.0, 3.0, 10.0, 30.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0)
#: Shares of a power law that pass beside the absorber, as in nuclei seen through clouds: their hard remainder would
#: otherwise pass for fused photons.
_UNCOVERED = (0.0, 0.03, 0.1, 0.3)
#: Equivalent width of the iron line (6.4 keV) of a power law behind at least so large a column, for the same reason.
_IRON_EW_KEV, _IRON_N_H_1E20 = 0.4, 100.0
#: Bins of the grid that are joined: as wide as ACIS's resolution or narrower.
_JOINED = 6
#: Years at which the contamination of the filters is taken.
_YEARS = (2001.0, 2005.0, 2009.0, 2013.0)
#: Parameters of a continuum with fused pairs, and how improbable a deviance is that it cannot have by chance.
_N_PARAMETERS, _LEAST_PROBABILITY = 4, 0.01
_BLOCK = 2048
_CENTRES_KEV = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])


@dataclass(frozen=True, eq=False, kw_only=True)
class PileUpEvidence:
    """What spectra say about pile-up.

    Attributes
    ----------
    log_ratio : ndarray of float64, shape (n,)
        Natural logarithm of the likelihood of the best continuum with fused pairs over that of the best without; NaN
        where it could not be asked.
    described : ndarray of bool, shape (n,)
        Whether the better of the two describes the spectrum: of a spectrum that none does, the ratio says nothing.
    share : ndarray of float64, shape (n,)
        Share of fused pairs of the former.
    """

    log_ratio: NDArray[np.float64]
    described: NDArray[np.bool_]
    share: NDArray[np.float64]


def events_per_frame(counts: ArrayLike, exposure_s: ArrayLike, theta_arcmin: ArrayLike) -> NDArray[np.float64]:
    """Events per frame of `FRAME_S` on the brightest spot of 3 x 3 pixels, shape (n,).

    The point-spread function is a Gaussian that encloses 90% within `aperture_radius_arcsec`.
    """
    rate = np.asarray(counts, float) / np.asarray(exposure_s, float)
    inside = 1 - 0.1 ** ((_CELL_ARCSEC / aperture_radius_arcsec(theta_arcmin)) ** 2)
    return rate * FRAME_S * inside


def piled_share(events: ArrayLike) -> NDArray[np.float64]:
    """Share of events that hold two photons or more, from the events per frame on one spot; shape (n,).

    With L photons per frame a frame shows an event with probability 1 - exp(-L), of one photon with L exp(-L). All
    grades are taken to be kept (Davis 2001, ApJ 562, 575, section 2).
    """
    seen = np.asarray(np.minimum(np.asarray(events, float), _MOST_EVENTS))
    photons = -np.log1p(-seen)
    # 1 - L / (exp(L) - 1), and exp(L) - 1 is seen / (1 - seen).
    single = np.divide(photons * (1 - seen), seen, out=np.ones_like(seen), where=seen > 0)
    return np.where(np.isnan(seen), np.nan, 1 - single)


def with_fused_pairs(
    channel_rate: torch.Tensor, share: torch.Tensor | float, *, channel_low_kev: float, channel_kev: float
) -> torch.Tensor:
    """Spectra of which a share of the photons fuse in pairs, energies adding up; sums above the last channel are lost.

    Parameters
    ----------
    channel_rate : Tensor, (n, n_ch)
        Counts per channel of uniform width.
    share : Tensor (n, 1) or float
        Of the photons.
    channel_low_kev, channel_kev : float
        Lower edge of the first channel and channel width in keV.

    Returns
    -------
    Tensor, (n, n_ch)
    """
    total = channel_rate.sum(1, keepdim=True)
    n_channels = channel_rate.shape[1]
    spectrum = torch.fft.rfft(channel_rate / total, n=2 * n_channels)
    pairs = torch.fft.irfft(spectrum * spectrum, n=2 * n_channels).clamp_min(0)
    # Channels i and j sum to the energy of channel i + j + offset, because the first does not begin at 0 keV.
    offset = round(channel_low_kev / channel_kev)
    shifted = torch.zeros_like(channel_rate)
    shifted[:, offset:] = pairs[:, : n_channels - offset]
    return (1 - share) * channel_rate + 0.5 * share * total * shifted


def pile_up_evidence(
    counts: NDArray[np.floating], edges_kev: NDArray[np.float64], detector: ArrayLike, year: ArrayLike,
    expected: ArrayLike,
) -> PileUpEvidence:  # fmt: skip
    """Ask spectra whether they are piled up about as much as their count rates say.

    Power laws, plasmas and blackbodies behind absorbers, folded with the analytic response on axis, are compared with
    the shape of the counts (multinomial likelihood), without fused pairs and with any of `SHARES` within a factor
    `SHARE_FACTOR` of the expected share.

    Parameters
    ----------
    counts : ndarray, shape (n, n_bins)
        Net counts; none below 0.
    edges_kev : ndarray, shape (n_bins + 1,)
    detector : array_like of str, shape (n,)
        Those not in `alignlab.spectra.response.DETECTORS` are not asked.
    year, expected : array_like, shape (n,)
        Date, and share of fused events from `piled_share`.
    """
    detectors, years, wanted = np.asarray(detector, str), np.asarray(year, float), np.asarray(expected, float)
    starts = np.arange(0, len(edges_kev) - 1, _JOINED)
    joined = np.add.reduceat(np.asarray(counts, np.float64), starts, axis=1) if len(counts) else np.empty((0, 1))
    edges = np.append(edges_kev[starts], edges_kev[-1])
    limit = chi2.isf(_LEAST_PROBABILITY, len(starts) - _N_PARAMETERS)
    nearest = np.abs(np.nan_to_num(years, nan=np.median(_YEARS))[:, None] - np.array(_YEARS)).argmin(1)
    found, described = np.full((2, len(joined)), np.nan), np.zeros(len(joined), bool)
    allowed = np.abs(np.log(np.array(SHARES) / np.maximum(wanted, 1e-9)[:, None])) <= np.log(SHARE_FACTOR)
    for name in DETECTORS:
        for place, when in enumerate(_YEARS):
            rows = np.flatnonzero((detectors == name) & (nearest == place) & allowed.any(axis=1))
            if len(rows):
                shapes = _log_shapes(name, when, tuple(edges))
                likely = _best_likelihoods(joined[rows], shapes)
                piled = np.where(allowed[rows], likely[:, 1:], -np.inf)
                found[:, rows] = piled.max(axis=1) - likely[:, 0], np.array(SHARES)[piled.argmax(axis=1)]
                best = np.maximum(piled.max(axis=1), likely[:, 0])
                described[rows] = 2 * (_own_likelihood(joined[rows]) - best) <= limit
    return PileUpEvidence(log_ratio=found[0], described=described, share=found[1])


def _own_likelihood(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log likelihood of counts (n, groups) under their own shape, (n,): the largest there is."""
    return xlogy(counts, counts).sum(axis=1) - xlogy(counts.sum(axis=1), counts.sum(axis=1))


def _best_likelihoods(counts: NDArray[np.float64], log_shapes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log likelihood of the best continuum of each share, (n, shares), from (shares, continua, groups)."""
    best = np.empty((len(counts), len(log_shapes)))
    for start in range(0, len(counts), _BLOCK):
        block = counts[start : start + _BLOCK].astype(np.float32)
        for share, shapes in enumerate(log_shapes):
            best[start : start + _BLOCK, share] = (block @ shapes.T).max(axis=1)
    return best


@lru_cache(maxsize=2 * len(_YEARS))
def _log_shapes(detector: str, year: float, edges_kev: tuple[float, ...]) -> NDArray[np.float32]:
    """Logarithms of the normalised spectra, shape (1 + shares, continua, groups): first without fused pairs."""
    area = torch.as_tensor(effective_area_cm2(detector, year, 0.0))
    rate = fold(_continua(), area, torch.as_tensor(redistribution(detector)))
    rate = rate / rate.sum(1, keepdim=True)
    width = float(CHANNEL_EDGES_KEV[1] - CHANNEL_EDGES_KEV[0])
    fused = with_fused_pairs(rate, 1.0, channel_low_kev=float(CHANNEL_EDGES_KEV[0]), channel_kev=width)
    to_groups = overlap_matrix(CHANNEL_EDGES_KEV, np.array(edges_kev)).astype(np.float32)
    single, pairs = rate.numpy() @ to_groups, fused.numpy() @ to_groups
    shapes = np.stack([(1 - share) * single + share * pairs for share in (0.0, *SHARES)])
    # A stray photon where a continuum has none must not rule it out.
    return np.log(shapes / shapes.sum(axis=2, keepdims=True) + np.float32(1e-6))


@lru_cache(maxsize=1)
def _continua() -> torch.Tensor:
    """Absorbed continua, (m, n_e), on `MODEL_EDGES_KEV`."""
    energy = torch.as_tensor(_CENTRES_KEV, dtype=torch.float32)
    edges = torch.as_tensor(MODEL_EDGES_KEV, dtype=torch.float32)
    index, kt, disc = (
        torch.as_tensor(values, dtype=torch.float32)[:, None]
        for values in (_PHOTON_INDICES, _PLASMA_KT_KEV, _BLACKBODY_KT_KEV)
    )
    sigma = torch.as_tensor(sigma_tbabs(_CENTRES_KEV), dtype=torch.float32)
    absorbed = transmission(torch.tensor(_N_H_1E20)[:, None], sigma)
    uncovered = torch.tensor(_UNCOVERED)[:, None, None]
    partly = (uncovered + (1 - uncovered) * absorbed).reshape(-1, len(energy))
    thermal = torch.cat(
        [plasma(edges, kt, torch.full_like(kt, _ABUNDANCE), torch.zeros_like(kt)), blackbody(energy[None], disc)]
    )
    direct = powerlaw(energy[None], index)
    with_line = direct + _IRON_EW_KEV * 6.4**-index * gaussian_line(edges, 6.4, 0.02)
    far_behind = partly[(torch.tensor(_N_H_1E20) >= _IRON_N_H_1E20).repeat(len(_UNCOVERED))]
    spectra = (direct[:, None] * partly, with_line[:, None] * far_behind, thermal[:, None] * absorbed)
    return torch.cat([each.reshape(-1, len(energy)) for each in spectra])
