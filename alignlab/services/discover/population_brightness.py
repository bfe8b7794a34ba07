"""How many sources of a population are at least so bright: in luminosity with a distance, else in flux."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignlab.analysis.luminosity_function import CumulativeCounts, PowerLaw, cumulative_counts, power_law
from alignlab.errors import AlignlabError
from alignlab.services.discover.populations import Population


@dataclass(frozen=True, eq=False, kw_only=True)
class BrightnessFunction:
    """A luminosity function, or numbers of sources against flux.

    Attributes
    ----------
    counts : CumulativeCounts
        In erg/s with a distance, else in erg/cm^2/s.
    fit : PowerLaw or None
        To the sources above the limit; None where they are too few.
    limit : float
        Above which the population counts as complete; NaN where nothing tells.
    limit_is_given : bool
        Whether a person gave it.
    is_luminosity : bool
    n_limits : int
        Sources with no more than an upper limit: in no count.
    n_missing : int
        Sources whose observation does not tell a flux: in no count.
    """

    counts: CumulativeCounts
    fit: PowerLaw | None
    limit: float
    limit_is_given: bool
    is_luminosity: bool
    n_limits: int
    n_missing: int

    @property
    def n_above(self) -> int:
        """Sources at or above the limit."""
        return int((self.counts.at >= self.limit).sum())

    @property
    def unit(self) -> str:
        """As a person writes it."""
        return "erg s⁻¹" if self.is_luminosity else "erg cm⁻² s⁻¹"


def brightness_function(population: Population, *, limit: float | None = None, seed: int = 0) -> BrightnessFunction:
    """Count the sources by brightness and fit a power law above a limit.

    Parameters
    ----------
    population : Population
    limit : float, optional
        In the unit of the function; by default where the population's observations are complete.
    seed : int
        Of the samples by which the fit is judged.

    Raises
    ------
    AlignlabError
        If a given limit is not positive.
    """
    if limit is not None and not 0 < limit < np.inf:
        raise AlignlabError(f"{limit:g} is no limit of completeness.", remedy="Give a number above 0.")
    flux, factor = population.flux, population.to_brightness
    bright = np.where(flux.is_detected, flux.value, np.nan) * factor
    least = population.complete_from * factor if limit is None else limit
    return BrightnessFunction(
        counts=cumulative_counts(bright),
        fit=power_law(bright, limit=least, seed=seed) if np.isfinite(least) else None,
        limit=least,
        limit_is_given=limit is not None,
        is_luminosity=population.has_distance,
        n_limits=int(flux.is_limit.sum()),
        n_missing=int((~np.isfinite(flux.value)).sum()),
    )
