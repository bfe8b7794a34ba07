"""How bright sources are: fluxes where their observations tell them, else count rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.services.number_words import number
from alignlab.spectra.aperture_flux import ApertureFlux, aperture_flux
from alignlab.spectra.grid import energy_grid
from alignlab.store.survey import Survey

_FLUX_UNIT, _RATE_UNIT = "erg / (s cm2)", "ct / s"
_FLUX = "observed flux, 0.5–7 keV, from the photons without a model"
_RATE = "net count rate, 0.5–8 keV (its observation does not tell a flux)"
#: How a person writes a unit, and what a value is multiplied by for that.
_UNITS = {_FLUX_UNIT: ("erg s⁻¹ cm⁻²", 1.0), _RATE_UNIT: ("counts ks⁻¹", 1000.0)}


@dataclass(frozen=True, kw_only=True)
class Brightness:
    """How bright a source is.

    Attributes
    ----------
    value, error : float
        NaN where unknown; the error is one standard deviation.
    unit : str
        In astropy's syntax.
    what : str
        Which flux, or that it is a count rate, since the observation does not tell a flux.
    """

    value: float
    error: float
    unit: str
    what: str

    @property
    def name(self) -> str:
        """``flux`` or ``count_rate``."""
        return "flux" if self.unit == _FLUX_UNIT else "count_rate"


def brightness_in_words(brightness: Brightness) -> str:
    """``12.30 ± 0.41 counts ks⁻¹``, ``(1.23 ± 0.11) × 10⁻¹⁴ erg s⁻¹ cm⁻²``: in digits that the error warrants."""
    if not math.isfinite(brightness.value):
        return "unknown"
    unit, scale = _UNITS[brightness.unit]
    value, error = scale * brightness.value, scale * brightness.error
    if not (math.isfinite(error) and error > 0):
        return f"{number(value)} {unit}"
    power = 0 if error >= 1e-3 else math.floor(math.log10(max(abs(value), error)))
    value, error = value / 10.0**power, error / 10.0**power
    decimals = max(0, 1 - math.floor(math.log10(error)))
    # Zero is added, so that what rounds to zero has no sign.
    told = f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−") + f" ± {error:,.{decimals}f}"
    return f"({told}) × {number(10.0**power)} {unit}" if power else f"{told} {unit}"


def brightnesses(survey: Survey, rows: Sequence[int]) -> list[Brightness]:
    """Fluxes where the observations tell them, else count rates."""
    sources = survey.sources.iloc[list(rows)]
    exposure, net, counts = (
        sources[name].to_numpy(np.float64) if name in sources else np.full(len(sources), np.nan)
        for name in ("exposure_s", "net_counts", "counts")
    )
    flux = _fluxes(survey, np.asarray(rows, np.int64))
    found = []
    for place in range(len(sources)):
        low, high = flux.low[place], flux.high[place]
        if flux.is_detected[place]:
            value, error = float(flux.value[place]), float((high - low) / 2)
            found.append(Brightness(value=value, error=error, unit=_FLUX_UNIT, what=_FLUX))
            continue
        usable = exposure[place] > 0 and np.isfinite(net[place]) and np.isfinite(counts[place])
        found.append(
            Brightness(
                value=float(net[place] / exposure[place]) if usable else np.nan,
                error=math.sqrt(max(counts[place], 1.0)) / float(exposure[place]) if usable else np.nan,
                unit=_RATE_UNIT,
                what=_RATE,
            )
        )
    return found


def _fluxes(survey: Survey, rows: NDArray[np.int64]) -> ApertureFlux:
    """Fluxes from the photons; NaN for all where the survey lacks what they need."""
    needed = {"detector", "year", "theta_arcmin", "exposure_s"}
    if not (needed <= set(survey.sources) and survey.has_array("counts") and survey.has_array("background")):
        nothing = np.full(len(rows), np.nan)
        return ApertureFlux(value=nothing, low=nothing, high=nothing, upper=nothing)
    sources = survey.sources.iloc[rows]
    return aperture_flux(
        np.asarray(survey.counts[rows]),
        background=np.asarray(survey.background[rows]),
        grid=energy_grid(survey.meta.recipe.get("grid_kind", "log")),
        detector=sources["detector"].fillna("").to_numpy(str),
        year=sources["year"].to_numpy(np.float64),
        theta_arcmin=sources["theta_arcmin"].to_numpy(np.float64),
        exposure_s=sources["exposure_s"].to_numpy(np.float64),
    )
