"""Populations: a group of sources with its fluxes and, where a distance is given, its luminosities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.discover.population_groups import Group
from alignlab.spectra.aperture_flux import ApertureFlux, aperture_flux
from alignlab.spectra.grid import energy_grid
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES

#: What counts as variable within an observation, and as strongly so: odds of 10,000 and more (CSC documentation).
VARIABLE_ABOVE, STRONGLY_FROM = 0.9, 8
#: The faintest significance that the survey holds in earnest: this quantile of its sources'.
_FAINTEST = 0.02
#: A group is complete where this share of its observations would show a source.
COMPLETE_SHARE = 0.9
_CM_PER_MPC = 3.0856775814913673e24
_MPC = {"pc": 1e-6, "kpc": 1e-3, "Mpc": 1.0}


@dataclass(frozen=True, eq=False, kw_only=True)
class Fluxes:
    """Fluxes of all sources of a survey, and the faintest that each observation would have shown.

    Attributes
    ----------
    flux : ApertureFlux
        Observed, 0.5-7 keV, erg/cm^2/s.
    limit : ndarray of float64, (n,)
        Flux at which the source would have had the faintest significance of the survey.
    """

    flux: ApertureFlux
    limit: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """A group of sources of a survey.

    Attributes
    ----------
    group : Group
    survey : Survey
    fluxes : Fluxes
        Of the whole survey.
    distance_mpc : float or None
        Of all its sources; with it there are luminosities.
    """

    group: Group
    survey: Survey
    fluxes: Fluxes
    distance_mpc: float | None = None

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """Indices of its sources."""
        return np.flatnonzero(self.group.mask)

    @property
    def n(self) -> int:
        """Number of sources."""
        return self.group.n

    @property
    def has_distance(self) -> bool:
        """Whether brightness is a luminosity."""
        return self.distance_mpc is not None

    @cached_property
    def flux(self) -> ApertureFlux:
        """Fluxes of its sources."""
        whole = self.fluxes.flux
        parts = {name: getattr(whole, name)[self.rows] for name in ("value", "low", "high", "upper")}
        return ApertureFlux(**parts)

    @property
    def to_brightness(self) -> float:
        """What a flux is multiplied by: 4 pi d^2 in cm^2 with a distance, else 1."""
        return 1.0 if self.distance_mpc is None else 4 * np.pi * (self.distance_mpc * _CM_PER_MPC) ** 2

    @cached_property
    def complete_from(self) -> float:
        """Flux that `COMPLETE_SHARE` of its observations would show; NaN where no flux is known."""
        limits = self.fluxes.limit[self.rows]
        known = limits[np.isfinite(limits)]
        return float(np.quantile(known, COMPLETE_SHARE)) if len(known) else float("nan")

    def values(self, name: str) -> NDArray[np.float64]:
        """One of the 20 variables of its sources."""
        return self.survey.variables[self.rows, VARIABLE_NAMES.index(name)].astype(np.float64)


def survey_fluxes(survey: Survey) -> Fluxes:
    """Fluxes of all sources of a survey, a second for 11,447 of them."""
    sources = survey.sources
    year, theta, exposure = (sources[name].to_numpy(np.float64) for name in ("year", "theta_arcmin", "exposure_s"))
    flux = aperture_flux(
        survey.array("counts"),
        background=survey.array("background"),
        grid=energy_grid(survey.meta.recipe.get("grid_kind", "log")),
        detector=sources["detector"].fillna(""),
        year=year,
        theta_arcmin=theta,
        exposure_s=exposure,
    )
    significance = survey.variables[:, VARIABLE_NAMES.index("flux_significance_b")].astype(np.float64)
    seen = significance > 0
    faintest = np.quantile(significance[seen], _FAINTEST) if seen.any() else np.nan
    # Significance grows as the root of the flux, where the source outshines its background.
    ratio = np.divide(faintest, significance, out=np.full(len(seen), np.nan), where=seen)
    return Fluxes(flux=flux, limit=np.where(flux.value > 0, flux.value * ratio**2, np.nan))


def read_distance(text: str) -> float:
    """A distance such as ``4.6 Mpc``, ``780 kpc`` or ``450 pc``, in Mpc; without a unit it is in Mpc.

    Raises
    ------
    AlignlabError
        If it is none.
    """
    read = re.fullmatch(r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*(pc|kpc|mpc)?\s*", text, re.IGNORECASE)
    try:
        value = float(read[1]) if read else 0.0
    except ValueError:
        value = 0.0
    if read is None or not 0 < value < np.inf:
        raise AlignlabError(f"{text!r} is no distance.", remedy="Write it as 4.6 Mpc, 780 kpc or 450 pc.")
    unit = {name.casefold(): factor for name, factor in _MPC.items()}[(read[2] or "Mpc").casefold()]
    return value * unit
