"""The photon spectrum of each source of the demo survey, composed of the emission models and absorbed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from alignlab.spectra.absorption import sigma_wabs, transmission
from alignlab.spectra.emission import blackbody, bremsstrahlung, gaussian_line, plasma, powerlaw
from alignlab.spectra.response import MODEL_EDGES_KEV

#: Rest energy of neutral iron's K alpha line in keV.
FE_K_KEV = 6.4
#: Photon flux of the cold reflection of obscured nuclei at 6 keV, relative to the unabsorbed power law there.
_REFLECTION_AT_6_KEV = 0.08

#: Spectral model of young stars with jets: the soft plasma of the jet lies outside the absorber of the hot corona
#: (Guedel et al. 2007, A&A 468, 515).
TWO_ABSORBERS = "plasma+absorbed plasma"

_EDGES = torch.as_tensor(MODEL_EDGES_KEV, dtype=torch.float32)
_CENTRES = 0.5 * (_EDGES[1:] + _EDGES[:-1])
_WIDTHS = _EDGES[1:] - _EDGES[:-1]
_INSIDE = (_CENTRES > 0.5) & (_CENTRES < 8.0)


def photon_spectra(truth: pd.DataFrame) -> torch.Tensor:
    """Photon flux density at the telescope of each source, of arbitrary normalisation.

    Components have the shares of the unabsorbed 0.5-8 keV photon flux given by ``thermal_fraction`` (the rest is the
    power law or the second plasma). They are seen through ``n_h_intrinsic`` at the source's redshift, then through
    ``n_h_galactic``. Obscured nuclei add a scattered power law and, as a stand-in for cold reflection below 8 keV, a
    flat component; their hot gas lies outside the absorber, as does the soft plasma of `TWO_ABSORBERS`. The Fe K alpha
    line has its equivalent width against the observed continuum.

    Parameters
    ----------
    truth : DataFrame
        Columns as in `alignlab.spectra.population.TRUTH_COLUMNS`.

    Returns
    -------
    Tensor of float32, shape (n, n_e)
        Photons/cm^2/s/keV on `MODEL_EDGES_KEV`, the unabsorbed 0.5-8 keV photon flux being about one.
    """
    redshift = _column(truth, "redshift")
    first, second = _components(truth)
    nucleus = torch.as_tensor((truth["source_class"] == "obscured AGN").to_numpy().copy())[:, None]
    share = _column(truth, "thermal_fraction")
    share = torch.where(second.sum(1, keepdim=True) > 0, share, torch.ones_like(share))
    jet = torch.as_tensor((truth["spectral_model"] == TWO_ABSORBERS).to_numpy().copy())[:, None]
    mixed = torch.where(jet, 0.0, share * first) + (1 - share) * second
    inner = torch.where(nucleus, second, mixed)
    absorbed = inner * _redshifted_transmission(_column(truth, "n_h_intrinsic"), redshift)
    scattered = _column(truth, "scattered_fraction")
    at_6_kev = inner[:, int(torch.argmin((_CENTRES - 6.0).abs()))][:, None]
    outside = scattered * inner + share * first + _REFLECTION_AT_6_KEV * at_6_kev * torch.exp(-1.2 / _CENTRES**1.5)
    total = absorbed + torch.where(nucleus, outside, torch.where(jet, share * first, 0.0))
    total = total + _iron_line(truth, total, redshift)
    sigma = torch.as_tensor(sigma_wabs(_CENTRES.numpy()), dtype=torch.float32)
    return total * transmission(_column(truth, "n_h_galactic"), sigma)


def _column(truth: pd.DataFrame, name: str) -> torch.Tensor:
    """Return a column as (n, 1), 0 where it does not apply."""
    return torch.as_tensor(np.nan_to_num(truth[name].to_numpy(dtype=np.float32)), dtype=torch.float32)[:, None]


def _components(truth: pd.DataFrame) -> tuple[torch.Tensor, torch.Tensor]:
    """Evaluate the thermal component and the power law or second plasma, each of unit 0.5-8 keV photon flux."""
    shape = (len(truth), len(_CENTRES))
    first, second = torch.zeros(shape), torch.zeros(shape)
    model, redshift = truth["spectral_model"].to_numpy(), _column(truth, "redshift")
    kt, kt2 = _column(truth, "kt_kev"), _column(truth, "kt2_kev")
    abundance, index = _column(truth, "abundance"), _column(truth, "photon_index")

    def fill(target: torch.Tensor, chosen: np.ndarray, flux: Callable[[torch.Tensor], torch.Tensor]) -> None:
        rows = torch.as_tensor(np.flatnonzero(chosen))
        if len(rows):
            values = flux(rows)
            target[rows] = values / (values * _WIDTHS)[:, _INSIDE].sum(1, keepdim=True)

    kinds = ("powerlaw", "blackbody", "bremsstrahlung", "plasma")
    has = {name: np.char.find(model.astype(str), name) >= 0 for name in kinds}
    fill(first, has["blackbody"], lambda rows: blackbody(_CENTRES, kt[rows] / (1 + redshift[rows])))
    fill(first, has["bremsstrahlung"], lambda rows: bremsstrahlung(_CENTRES, kt[rows] / (1 + redshift[rows])))
    fill(first, has["plasma"], lambda rows: plasma(_EDGES, kt[rows], abundance[rows], redshift[rows]))
    fill(second, has["powerlaw"], lambda rows: powerlaw(_CENTRES, index[rows]))
    two = np.char.count(model.astype(str), "plasma") == 2
    fill(second, two, lambda rows: plasma(_EDGES, kt2[rows], abundance[rows], redshift[rows]))
    return first, second


def _redshifted_transmission(n_h_1e20: torch.Tensor, redshift: torch.Tensor) -> torch.Tensor:
    grid = np.geomspace(0.25, 60.0, 4000)
    sigma = np.interp(_CENTRES.numpy() * (1 + redshift.numpy()), grid, sigma_wabs(grid))
    return transmission(n_h_1e20, torch.as_tensor(sigma, dtype=torch.float32))


def _iron_line(truth: pd.DataFrame, continuum: torch.Tensor, redshift: torch.Tensor) -> torch.Tensor:
    """Fe K alpha of the given rest-frame equivalent width; the observed one is smaller by 1 + z."""
    energy = FE_K_KEV / (1 + redshift)
    nearest = torch.searchsorted(_CENTRES, energy).clamp(0, len(_CENTRES) - 1)
    width = _column(truth, "fe_k_ew_ev") / 1000 / (1 + redshift)
    return width * continuum.gather(1, nearest) * gaussian_line(_EDGES, energy, 0.03 / (1 + redshift))
