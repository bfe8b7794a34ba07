"""Planted rarities: a handful of odd sources, recorded in the truth, by which rankings of outliers can be judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from alignlab.spectra.pile_up import with_fused_pairs

#: Each rarity and the class among whose sources it hides; a pile-up artefact can befall any bright point source.
RARITY_CLASSES: dict[str, tuple[str, ...]] = {
    "gravitational lens": ("QSO",),
    "pulsating ULX": ("ULX",),
    "changing-look AGN": ("AGN",),
    "pile-up artefact": ("AGN", "QSO", "LMXB", "HMXB"),
    "AGN-like flare star": ("star",),
}
RARITIES: tuple[str, ...] = tuple(RARITY_CLASSES)

Changes = dict[str, str | float | NDArray[np.float64]]

#: Planted of each kind per source of the survey: five in 11,447.
_SHARE = 5 / 11_447
_SMALLEST_SURVEY = 200
#: Share of a piled-up source's photons that are read out as one with another photon.
_PILED_SHARE = (0.2, 0.45)


def plant_rarities(population: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Turn some sources into rarities: about five of each kind in 11,447, one in a survey of 200, none below.

    Parameters
    ----------
    population : DataFrame
        From `alignlab.spectra.population.draw_population`.
    rng : numpy.random.Generator
        Which sources, and their parameters.

    Returns
    -------
    DataFrame
        A copy with ``rarity`` and the parameters of the chosen rows changed.
    """
    population = population.copy()
    if len(population) < _SMALLEST_SURVEY:
        return population
    n = max(1, round(len(population) * _SHARE))
    for rarity, classes in RARITY_CLASSES.items():
        free = population["source_class"].isin(classes) & population["rarity"].eq("")
        rows = rng.choice(np.flatnonzero(free), size=n, replace=False)
        population.loc[rows, "rarity"] = rarity
        for name, values in _CHANGES[rarity](n, rng).items():
            population.loc[rows, name] = values
    return population


def _gravitational_lens(n: int, rng: np.random.Generator) -> Changes:
    """A lensed quasar: the microlensed inner disc shows a strong, shifted iron line (Chartas et al. 2017)."""
    return {
        "redshift": rng.uniform(1.2, 2.4, n),
        "fe_k_ew_ev": rng.uniform(1500, 3000, n),
        "photon_index": rng.normal(1.8, 0.1, n),
        "light_curve": "stochastic",
        "variability_amplitude": rng.uniform(0.25, 0.5, n),
        "expected_counts": 10 ** rng.uniform(2.9, 3.5, n),
    }


def _pulsating_ulx(n: int, rng: np.random.Generator) -> Changes:
    """A neutron star far above its Eddington limit: hard, strongly pulsed (Israel et al. 2017)."""
    return {
        "spectral_model": "powerlaw",
        "photon_index": rng.uniform(0.4, 1.0, n),
        "kt_kev": np.nan,
        "thermal_fraction": np.nan,
        "light_curve": "pulsation",
        "variability_amplitude": rng.uniform(0.5, 0.8, n),
        "period_s": 10 ** rng.uniform(-0.3, 1.6, n),
        "expected_counts": 10 ** rng.uniform(2.9, 3.6, n),
    }


def _changing_look(n: int, rng: np.random.Generator) -> Changes:
    """A nucleus whose absorber clears during the observation (Risaliti et al. 2005, NGC 1365)."""
    return {
        "spectral_model": "powerlaw",
        "kt_kev": np.nan,
        "thermal_fraction": np.nan,
        "n_h_intrinsic": 10 ** rng.uniform(2.5, 2.9, n),
        "fe_k_ew_ev": rng.uniform(250, 600, n),
        "scattered_fraction": rng.uniform(0.02, 0.08, n),
        "redshift": rng.uniform(0.005, 0.05, n),
        "light_curve": "state change",
        "variability_amplitude": rng.uniform(2.0, 4.0, n),
        "expected_counts": 10 ** rng.uniform(2.8, 3.5, n),
    }


def _pile_up(n: int, rng: np.random.Generator) -> Changes:
    """A source too bright for the frame time: two photons counted as one of their summed energy (Davis 2001)."""
    return {"expected_counts": 10 ** rng.uniform(3.6, 4.0, n), "theta_arcmin": rng.uniform(0.1, 1.0, n)}


def _flare_star(n: int, rng: np.random.Generator) -> Changes:
    """A star in a great flare: hot, metal-poor plasma whose spectrum passes for a power law (Osten et al. 2010)."""
    return {
        "spectral_model": "plasma",
        "kt_kev": rng.uniform(5.0, 9.0, n),
        "kt2_kev": np.nan,
        "thermal_fraction": np.nan,
        "abundance": rng.uniform(0.03, 0.1, n),
        "light_curve": "flare",
        "variability_amplitude": rng.uniform(6.0, 15.0, n),
        "expected_counts": 10 ** rng.uniform(2.8, 3.5, n),
    }


_CHANGES: dict[str, Callable[[int, np.random.Generator], Changes]] = {
    "gravitational lens": _gravitational_lens,
    "pulsating ULX": _pulsating_ulx,
    "changing-look AGN": _changing_look,
    "pile-up artefact": _pile_up,
    "AGN-like flare star": _flare_star,
}


def piled_up(
    channel_rate: torch.Tensor, *, channel_low_kev: float, channel_kev: float, rng: np.random.Generator
) -> torch.Tensor:
    """Spectrum after pile-up: some photons fuse in pairs, energies adding up; sums above the last channel are lost.

    Parameters
    ----------
    channel_rate : Tensor, (n, n_ch)
        Counts per channel of uniform width.
    channel_low_kev, channel_kev : float
        Lower edge of the first channel and channel width in keV.
    rng : numpy.random.Generator
        Draws the piled share of each source.

    Returns
    -------
    Tensor, (n, n_ch)
    """
    share = torch.as_tensor(rng.uniform(*_PILED_SHARE, (len(channel_rate), 1)), dtype=channel_rate.dtype)
    return with_fused_pairs(channel_rate, share, channel_low_kev=channel_low_kev, channel_kev=channel_kev)


def pile_up_rows(population: pd.DataFrame) -> NDArray[np.intp]:
    """Rows of the sources that pile-up distorts."""
    return np.flatnonzero(population["rarity"] == "pile-up artefact")
