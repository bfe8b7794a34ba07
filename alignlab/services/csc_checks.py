"""How far a survey simulated from a catalogue can be believed: its photons, and errors with sources kept together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.analysis.regression import estimate
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.hardness import HARDNESS_BANDS, band_counts
from alignlab.spectra.measure import measure_hardness
from alignlab.spectra.response import effective_area_cm2
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES

#: Representations compared, as the paper's Table 3 has them.
COMPARED: dict[str, str] = {
    "spectrum": "spectrum, before",
    "text": "text, before",
    "spectrum_aligned": "spectrum, after",
    "text_aligned": "text, after",
    "both": "both, after",
}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A hardness ratio measured from the simulated photons against the catalogued one.

    Attributes
    ----------
    variable : str
    n : int
        Detections that have both.
    bias, spread : float
        Median of the difference, measured less catalogued, and median of its size.
    within_limits : float
        Share of the catalogued values inside the 68% interval of the measured ones.
    """

    variable: str
    n: int
    bias: float
    spread: float
    within_limits: float


@dataclass(frozen=True, kw_only=True)
class ClusteredError:
    """Mean over the variables of MAE over that of the training mean.

    Attributes
    ----------
    representation : str
        Key of `COMPARED`.
    value, low, high : float
        The figure, and its 95% interval when whole sources are resampled with all their detections.
    """

    representation: str
    value: float
    low: float
    high: float


def simulation_agreement(survey: Survey) -> list[Agreement]:
    """Hardness of the simulated photons of all detections against the catalogue: a check of fits and response."""
    sources = survey.sources
    edges = energy_grid(survey.meta.recipe.get("grid_kind", "log")).edges_kev
    in_bands, under = (
        band_counts(np.asarray(array, np.float64), edges_kev=edges) for array in (survey.counts, survey.background)
    )
    area = effective_area_cm2(sources["detector"].to_numpy(str), sources["year"], sources["theta_arcmin"])
    measured, limits = measure_hardness(in_bands, under, area)
    found = []
    for name in HARDNESS_BANDS:
        catalogued = survey.variables[:, VARIABLE_NAMES.index(name)].astype(np.float64)
        difference = measured[name].to_numpy() - catalogued
        known = np.isfinite(difference)
        inside = (catalogued >= limits[f"{name}_lolim"]) & (catalogued <= limits[f"{name}_hilim"])
        found.append(
            Agreement(
                variable=name,
                n=int(known.sum()),
                bias=float(np.median(difference[known])),
                spread=float(np.median(np.abs(difference[known]))),
                within_limits=float(inside[known].mean()),
            )
        )
    return found


def clustered_errors(context: EvaluationContext) -> list[ClusteredError]:
    """Errors of the neighbours' estimates in each representation, with whole sources resampled.

    Detections of one source share its literature and have like variables: resampling them one by one, as if they were
    independent, makes intervals too narrow.
    """
    survey, pairs = context.survey, context.pairs
    training = context.training & np.asarray(survey.text_mask).any(axis=1)
    values = survey.variables.astype(np.float64)
    known = [i for i in range(values.shape[1]) if np.isfinite(values[training, i]).any()]
    truth, base = values[pairs][:, known], values[training][:, known]
    baseline = np.abs(truth - np.nanmean(base, axis=0))
    weights = _source_weights(survey.sources["name"][pairs], np.random.default_rng(context.seed))
    found = []
    for name in COMPARED:
        latents = context.latents(name)
        errors = np.abs(truth - estimate(latents[pairs], latents[training], base).value)
        figure = _mean_ratio(np.ones((1, len(errors))), errors, baseline)[0]
        low, high = np.quantile(_mean_ratio(weights, errors, baseline), (0.025, 0.975))
        found.append(ClusteredError(representation=name, value=float(figure), low=float(low), high=float(high)))
    return found


def _source_weights(names: pd.Series, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each detection is drawn, shape (n_bootstrap, n), when whole sources are."""
    codes, unique = pd.factorize(names)
    drawn = rng.multinomial(len(unique), np.full(len(unique), 1 / len(unique)), size=N_BOOTSTRAP)
    return drawn[:, codes].astype(np.float64)


def _mean_ratio(
    weights: NDArray[np.float64], errors: NDArray[np.float64], baseline: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean over variables of weighted error over weighted baseline, shape (n_bootstrap,)."""
    known = np.isfinite(errors) & np.isfinite(baseline)
    top, bottom = (weights @ np.where(known, values, 0.0) for values in (errors, baseline))
    ratio = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)
    return np.asarray(np.nanmean(ratio, axis=1))
