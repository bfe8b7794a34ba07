"""Emission models as photon flux densities, for batches of sources (torch, differentiable in their parameters).

Parameters of shape ``(n, 1)`` broadcast against energies of shape ``(n_e,)``. Units are photons/cm^2/s/keV, with the
normalisations of XSPEC, so that figures can be compared with the literature.
"""

from __future__ import annotations

import math

import torch

from alignlab.spectra.emission_lines import LINE_ENERGY_KEV, line_emissivity
from alignlab.spectra.recombination import EDGE_KEV, continuum_factors

#: ``1e14`` times the free-free photon emissivity of hydrogen in cm^3/s/keV at E = kT = 1 keV without Gaunt factor:
#: 6.84e-38 erg cm^3/s/Hz K^0.5 (Rybicki & Lightman 1979, eq. 5.14), converted.
_FREE_FREE = 0.302


def powerlaw(energy_kev: torch.Tensor, photon_index: torch.Tensor | float) -> torch.Tensor:
    """Power law E^-Gamma: 1 photon/cm^2/s/keV at 1 keV.

    Parameters
    ----------
    energy_kev : Tensor, (n_e,) or (n, n_e)
        Bin centres in keV.
    photon_index : Tensor (n, 1) or float
        Gamma.
    """
    return torch.exp(-photon_index * torch.log(energy_kev))


def blackbody(energy_kev: torch.Tensor, kt_kev: torch.Tensor | float) -> torch.Tensor:
    """Blackbody of unit ``L39 / D10^2`` (luminosity in 1e39 erg/s over distance squared in 10 kpc, as XSPEC `bbody`).

    Parameters
    ----------
    energy_kev : Tensor, (n_e,) or (n, n_e)
        Bin centres in keV.
    kt_kev : Tensor (n, 1) or float
        Temperature in keV.
    """
    return 8.0525 * energy_kev**2 / (kt_kev**4 * torch.expm1(energy_kev / kt_kev))


def gaunt_factor(x: torch.Tensor) -> torch.Tensor:
    """Thermally averaged free-free Gaunt factor in the Born approximation, sqrt(3)/pi exp(x/2) K0(x/2), x = E/kT.

    An elementary form, 1.5% from the Bessel function at most, with its limits at both ends. The Born approximation
    itself is a few per cent low for hydrogen below 0.5 keV (Karzas & Latter 1961).
    """
    logarithmic = 1.571 + 0.6748 / (1.0 + 3.0 * x)
    return math.sqrt(3) / math.pi * torch.log1p((math.sqrt(math.pi) * torch.sqrt(x) + logarithmic) / x)


def bremsstrahlung(energy_kev: torch.Tensor, kt_kev: torch.Tensor | float) -> torch.Tensor:
    """Thermal bremsstrahlung of unit ``3.02e-15 / (4 pi D^2) int n_e n_I dV`` (as XSPEC `bremss`).

    Parameters
    ----------
    energy_kev : Tensor, (n_e,) or (n, n_e)
        Bin centres in keV.
    kt_kev : Tensor (n, 1) or float
        Temperature in keV.
    """
    x = energy_kev / kt_kev
    return gaunt_factor(x) * torch.exp(-x) / (energy_kev * kt_kev**0.5)


def plasma(
    energy_edges_kev: torch.Tensor,
    kt_kev: torch.Tensor,
    abundance: torch.Tensor,
    redshift: torch.Tensor,
) -> torch.Tensor:
    """Optically thin plasma in collisional equilibrium, averaged over each bin.

    Unit normalisation is ``1e-14 / (4 pi (D_A (1+z))^2) int n_e n_H dV`` (as XSPEC `apec`).

    Parameters
    ----------
    energy_edges_kev : Tensor, (n_e + 1,)
        Bin edges in keV in the observer's frame.
    kt_kev, abundance, redshift : Tensor, (n, 1)
        Temperature in keV, abundance of the metals relative to solar, redshift.

    Returns
    -------
    Tensor, (n, n_e)
        Photons/cm^2/s/keV.
    """
    widths = energy_edges_kev[1:] - energy_edges_kev[:-1]
    centres = 0.5 * (energy_edges_kev[1:] + energy_edges_kev[:-1])
    stretch = 1.0 + redshift
    x = centres * stretch / kt_kev
    free_free, free_bound, steps = continuum_factors(kt_kev, abundance)
    captures = _staircase(steps, EDGE_KEV.to(kt_kev) / stretch, energy_edges_kev) + free_bound
    continuum = torch.exp(-x) * (free_free * gaunt_factor(x) + captures) / (x * (kt_kev**1.5 / _FREE_FREE))
    lines = _deposit(abundance * line_emissivity(kt_kev) / stretch, LINE_ENERGY_KEV.to(kt_kev) / stretch, centres)
    return continuum + lines / widths


def _staircase(height: torch.Tensor, at: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
    """Sum of steps of `height` (n, k) at the energies `at` (n, k), averaged over each bin."""
    bins = len(edges) - 1
    index = (torch.searchsorted(edges, at.detach().contiguous()) - 1).clamp(0, bins - 1)
    covered = ((edges[index + 1] - at) / (edges[index + 1] - edges[index])).clamp(0, 1)
    rise = torch.zeros((*at.shape[:-1], bins + 1), dtype=height.dtype, device=height.device)
    rise = rise.scatter_add(-1, index, height * covered).scatter_add(-1, index + 1, height * (1 - covered))
    return rise.cumsum(-1)[..., :-1]


def _deposit(strength: torch.Tensor, energy: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Share each line between the two bins whose centres surround it, so that photons and mean energy are kept."""
    upper = torch.searchsorted(centres, energy.detach().contiguous()).clamp(1, len(centres) - 1)
    low, high = centres[upper - 1], centres[upper]
    share = (energy - low) / (high - low)
    inside = (share >= -0.5) & (share <= 1.5)
    strength, share = torch.where(inside, strength, 0.0), share.clamp(0, 1)
    out = torch.zeros((*energy.shape[:-1], len(centres)), dtype=strength.dtype, device=strength.device)
    out = out.scatter_add(-1, upper - 1, strength * (1 - share))
    return out.scatter_add(-1, upper, strength * share)


def gaussian_line(
    energy_edges_kev: torch.Tensor, energy_kev: torch.Tensor | float, sigma_kev: torch.Tensor | float
) -> torch.Tensor:
    """Gaussian line of 1 photon/cm^2/s, integrated over each bin and divided by its width.

    Parameters
    ----------
    energy_edges_kev : Tensor, (n_e + 1,)
        Bin edges in keV.
    energy_kev, sigma_kev : Tensor (n, 1) or float
        Line centre and standard deviation in keV; a sigma below 1e-4 keV counts as 1e-4.

    Returns
    -------
    Tensor, (n, n_e) or (n_e,)
        Photons/cm^2/s/keV.
    """
    sigma = torch.as_tensor(sigma_kev, dtype=energy_edges_kev.dtype).clamp_min(1e-4)
    below = torch.special.ndtr((energy_edges_kev - energy_kev) / sigma)
    return (below[..., 1:] - below[..., :-1]) / (energy_edges_kev[1:] - energy_edges_kev[:-1])
