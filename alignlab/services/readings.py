"""The 20 variables and the spectrum of one source, as measured and as the run sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.grid import EnergyGrid, energy_grid
from alignlab.store.run import Overlay, Run
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLES, Variable


@dataclass(frozen=True, kw_only=True)
class VariableReading:
    """One variable of one source: what was measured, what a catalogue says, what the neighbours suggest.

    Attributes
    ----------
    variable : Variable
    value, low, high : float
        Measured value with its 68% limits; NaN where missing.
    catalogued : float
        Value in the catalogue that the file came with; NaN where there is none.
    estimate, estimate_low, estimate_high : float
        Estimated from neighbours in the latent space (the source itself left out), with a 68% interval.
    """

    variable: Variable
    value: float
    low: float
    high: float
    catalogued: float
    estimate: float
    estimate_low: float
    estimate_high: float

    @property
    def pull(self) -> float:
        """Estimate minus value over the errors of both that face each other, in sigma; NaN without both intervals."""
        above = self.estimate >= self.value
        error = self.high - self.value if above else self.value - self.low
        other = self.estimate - self.estimate_low if above else self.estimate_high - self.estimate
        combined = float(np.hypot(error, other))
        if not (error >= 0 and other >= 0 and combined > 0):
            return float("nan")
        return (self.estimate - self.value) / combined


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceSpectrum:
    """Counts of one source on the survey's grid, with the autoencoder's reconstruction.

    Attributes
    ----------
    grid : EnergyGrid
        400 bins from 0.5 to 8 keV.
    counts, background : ndarray of float32, shape (400,)
        Counts in the aperture, and the background expected among them.
    reconstruction : ndarray of float32, shape (400,)
        In counts: the reconstruction taken back from the min–max scale.
    exposure_s : float
        Exposure in seconds; NaN where unknown.
    """

    grid: EnergyGrid
    counts: NDArray[np.float32]
    background: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    exposure_s: float


def reconstruction_in_counts(
    reconstruction: NDArray[np.float32], counts: NDArray[np.float32], response_ratio: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Take a reconstruction back from the min–max scale of its spectrum to counts; all of shape (400,).

    With a `response_ratio`, the encoder has seen the counts times it (`alignlab.ingest.encoder_response`).
    """
    ratio = np.ones_like(counts) if response_ratio is None else response_ratio
    seen = counts * ratio
    low, high = float(seen.min()), float(seen.max())
    scaled = low + np.asarray(reconstruction) * (high - low)
    return np.divide(scaled, ratio, out=np.zeros_like(scaled), where=ratio > 0).astype(np.float32)


def spectrum_of(survey: Survey, encoded: Run | Overlay, index: int) -> SourceSpectrum:
    """The spectrum of source `index` of `survey` with its reconstruction by the run."""
    counts = np.asarray(survey.counts[index])
    facts = survey.sources.iloc[index]
    ratio = np.asarray(survey.array("response_ratio")[index]) if survey.has_array("response_ratio") else None
    return SourceSpectrum(
        grid=energy_grid(survey.meta.recipe.get("grid_kind", "log")),
        counts=counts,
        background=np.asarray(survey.background[index]),
        reconstruction=reconstruction_in_counts(encoded.reconstruction[index], counts, ratio),
        exposure_s=float(facts.get("exposure_s", np.nan)),
    )


def readings_of(survey: Survey, encoded: Run | Overlay, index: int) -> tuple[VariableReading, ...]:
    """The 20 variables of source `index` of `survey`, in their order."""
    limits, estimates = survey.limits.iloc[index], encoded.estimates.iloc[index]
    nan = float("nan")
    return tuple(
        VariableReading(
            variable=variable,
            value=float(survey.variables[index, column]),
            low=float(limits.get(f"{variable.name}_lolim", nan)),
            high=float(limits.get(f"{variable.name}_hilim", nan)),
            catalogued=nan if survey.catalogued is None else float(survey.catalogued[index, column]),
            estimate=float(estimates[variable.name]),
            estimate_low=float(estimates[f"{variable.name}_low"]),
            estimate_high=float(estimates[f"{variable.name}_high"]),
        )
        for column, variable in enumerate(VARIABLES)
    )
