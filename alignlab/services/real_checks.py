"""Estimates for real observations against what a catalogue says of them, value by value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.csc_table import number
from alignlab.progress import OnStep, part_of, report
from alignlab.services.apply import apply_run
from alignlab.services.ingest import ingest_axia_file, ingest_ogip_files
from alignlab.services.real_estimates import CHECKED_COLUMNS, TOLERANCES, spectrum_estimates
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.hardness import band_counts
from alignlab.spectra.measure import measure_hardness
from alignlab.spectra.response import DETECTORS, effective_area_cm2
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES

#: Net counts above which values are compared.
LEAST_COUNTS = 300.0
#: A catalogued detection of the same observation this near is the same source.
_SAME_SOURCE_ARCSEC = 3.0
#: Year that stands for an unknown date, the middle of the CSC 2.0 observations.
_USUAL_YEAR = 2008.0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number with an interval; NaN where there is none.

    Attributes
    ----------
    value, low, high : float
    """

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan

    @property
    def is_known(self) -> bool:
        """Whether there is a number."""
        return bool(np.isfinite(self.value))


@dataclass(frozen=True, kw_only=True)
class Check:
    """One variable of one observation.

    Attributes
    ----------
    source, file : str
    year : float
        Of the observation; NaN where unknown.
    net_counts : float
    variable : str
    catalogued : float
        NaN where no catalogue has it.
    estimated : Reading
        By the run from the shape of the spectrum, with its 68% interval.
    low_95, high_95 : float
        Limits of the estimate's 95% interval; NaN where the estimator gives none.
    measured : Reading
        From the photons (hardness) or by our own fit (photon index), with its 68% interval.
    by_chips : dict of str to float
        The same hardness with the area of each kind of chips, where the file does not tell on which they were counted.
    training_mean : float
        Mean of the training sources: what one would answer without looking.
    """

    source: str
    file: str
    year: float
    net_counts: float
    variable: str
    catalogued: float
    estimated: Reading
    low_95: float
    high_95: float
    measured: Reading
    by_chips: dict[str, float]
    training_mean: float

    def passes(self, value: float) -> bool:
        """Whether a value is within the tolerance of the catalogued one."""
        return bool(abs(value - self.catalogued) <= TOLERANCES[self.variable])


@dataclass(frozen=True, kw_only=True)
class RealChecks:
    """What was found.

    Attributes
    ----------
    run, survey : str
    seed : int
    estimator : str
        Key of `alignlab.services.real_estimates.ESTIMATORS`.
    validation : dict of str to dict of str to float
        Estimator → variable → MAE over that of the training mean, on the validation split of the run's survey.
    n_validation : int
    checks : tuple of Check
    problems : tuple of str
        Files that could not be used.
    """

    run: str
    survey: str
    seed: int
    estimator: str
    validation: dict[str, dict[str, float]]
    n_validation: int
    checks: tuple[Check, ...]
    problems: tuple[str, ...]


def check_real(
    survey: Survey,
    run: Run,
    *,
    spectra: Sequence[Path],
    axia: Path | None = None,
    catalogue: pd.DataFrame | None = None,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> RealChecks:
    """Estimate hardness ratios and photon index of real observations, and put them beside the catalogue's.

    The estimator is the one of `alignlab.services.real_estimates.ESTIMATORS` with the smallest error on the validation
    split of the run's own survey, over the variables compared; the real observations have no part in that choice.

    Parameters
    ----------
    survey : Survey
        The run's own.
    run : Run
    spectra : sequence of Path
        OGIP spectra, or folders of them.
    axia : Path, optional
        Axia corpus; its records carry their catalogued values.
    catalogue : DataFrame, optional
        CSC detections, for the spectra: a detection of the same ObsID within 3 arcsec is the same source.
    seed : int
        Of the networks.

    Raises
    ------
    AlignlabError
        If no observation can be used.
    """
    with TemporaryDirectory(prefix="alignlab.") as folder:
        config = Config(data_dir=Path(folder))
        report(on_step, 0, 100, "reading spectra")
        outcomes = []
        if spectra:
            outcomes.append(
                ingest_ogip_files(spectra, name="spectra", config=config, on_step=part_of(on_step, 0.0, 0.2))
            )
        if axia is not None:
            outcomes.append(ingest_axia_file(axia, name="axia", config=config, on_step=part_of(on_step, 0.2, 0.4)))
        if not outcomes:
            raise AlignlabError("There is nothing to check.", remedy="Name spectra or an Axia corpus.")
        real = [outcome.survey for outcome in outcomes]
        overlays = [
            apply_run(run, survey, other, into=Path(folder) / "applied", on_step=part_of(on_step, 0.4, 0.45))
            for other in real
        ]
        latents = {
            name: np.vstack([overlay.latents(name) for overlay in overlays])
            for name in ("spectrum", "spectrum_aligned")
        }
        found = spectrum_estimates(survey, run, real, latents, seed=seed, on_step=part_of(on_step, 0.45, 0.98))
        chosen = min(found, key=lambda name: float(np.mean(list(found[name].errors.values()))))
        checks = _checks(real, found[chosen].quantiles, survey, catalogue)
        for other in real:
            other.close()
    report(on_step, 100, 100, "checked")
    return RealChecks(
        run=run.run_id,
        survey=survey.name,
        seed=seed,
        estimator=chosen,
        validation={name: answer.errors for name, answer in found.items()},
        n_validation=int((survey.split == "validation").sum()),
        checks=checks,
        problems=tuple(problem for outcome in outcomes for problem in outcome.problems),
    )


def _checks(
    real: Sequence[Survey], quantiles: NDArray[np.float64], survey: Survey, catalogue: pd.DataFrame | None
) -> tuple[Check, ...]:
    mean = np.nanmean(survey.variables[survey.split == "train"].astype(np.float64)[:, CHECKED_COLUMNS], axis=0)
    checks, first = [], 0
    for other in real:
        known = other.catalogued if other.catalogued is not None else _catalogued(other.sources, catalogue)
        chips = _hardness_by_chips(other)
        for i, source in enumerate(other.sources.to_dict("records")):
            if not source["net_counts"] > LEAST_COUNTS:
                continue
            for (name, column), average in zip(zip(TOLERANCES, CHECKED_COLUMNS, strict=True), mean, strict=True):
                low_95, low, value, high, high_95 = quantiles[first + i, column]
                checks.append(
                    Check(
                        source=source["name"],
                        file=source["source_file"],
                        year=float(source["year"]),
                        net_counts=float(source["net_counts"]),
                        variable=name,
                        catalogued=float(known[i, column]),
                        estimated=Reading(value=value, low=low, high=high),
                        low_95=low_95,
                        high_95=high_95,
                        measured=Reading(
                            value=float(other.variables[i, column]),
                            low=float(other.limits[f"{name}_lolim"].iloc[i]),
                            high=float(other.limits[f"{name}_hilim"].iloc[i]),
                        ),
                        by_chips={chip: float(table[name].iloc[i]) for chip, table in chips.items() if name in table}
                        if source["detector"] not in DETECTORS
                        else {},
                        training_mean=float(average),
                    )
                )
        first += other.n_sources
    return tuple(checks)


def _hardness_by_chips(survey: Survey) -> dict[str, pd.DataFrame]:
    """Hardness ratios of all sources as if all had been counted on one kind of chips."""
    sources = survey.sources
    edges = energy_grid(survey.meta.recipe.get("grid_kind", "log")).edges_kev
    counts = band_counts(np.asarray(survey.counts, np.float64), edges_kev=edges)
    background = band_counts(np.nan_to_num(np.asarray(survey.background, np.float64)), edges_kev=edges)
    year, theta = sources["year"].fillna(_USUAL_YEAR), sources["theta_arcmin"].fillna(0.0)
    areas = {chips: effective_area_cm2([chips] * len(sources), year, theta) for chips in DETECTORS}
    return {chips: measure_hardness(counts, background, area)[0] for chips, area in areas.items()}


def _catalogued(sources: pd.DataFrame, catalogue: pd.DataFrame | None) -> NDArray[np.float64]:
    """The catalogue's variables of each source, NaN where it has no detection of that observation there."""
    out = np.full((len(sources), len(VARIABLE_NAMES)), np.nan)
    if catalogue is None:
        return out
    ra, dec, obsid = (number(catalogue, name) for name in ("ra", "dec", "obsid"))
    values = np.stack([number(catalogue, name) for name in VARIABLE_NAMES], axis=1)
    for i, source in enumerate(sources.to_dict("records")):
        across = (ra - source["ra"]) * np.cos(np.radians(source["dec"]))
        apart = 3600 * np.hypot(across, dec - source["dec"])
        apart[(obsid != source["obsid"]) | np.isnan(apart)] = np.inf
        nearest = int(apart.argmin())
        if apart[nearest] <= _SAME_SOURCE_ARCSEC:
            out[i] = values[nearest]
    return out
