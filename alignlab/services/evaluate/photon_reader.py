"""A reader of spectra that knows the simulator's rules but of a source only what was observed.

It weighs every source of the survey outside the split by the Poisson likelihood of the observed photons under that
source's noise-free spectrum, carried over to the effective area of the observation: a posterior over what the source
may be, with the simulated population as its prior. Counts, flux and hardness it takes from the observation itself. It
ranks texts by their probability under that posterior, with the very rules by which they were composed.

Were the posterior exact, nothing could be expected to find partners more often from a spectrum alone. It is a sum over
some thousands of sources, and takes counts, flux, hardness and shape one by one: a still better reader may exist, and
the ranker that knows the truth is the bound that nothing passes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.spectral_shapes import ShapeMatch, match_shapes, merged_bins
from alignlab.analysis.statements import log_likelihood
from alignlab.services.evaluate.oracle_statements import brightness_statements, colour_statements
from alignlab.services.evaluate.written import Written
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.response import MODEL_EDGES_KEV, effective_area_cm2
from alignlab.store.survey import Survey

#: Neighbouring bins that are read as one: 40 of them keep what the noise leaves of 400.
_MERGED = 10
_FEWEST_COUNTS = 5.0
#: Part of the posterior that is given to the whole population: what was observed may be unlike any known source.
_UNKNOWN = 1e-3


def read_photons(
    written: Written,
    survey: Survey,
    asked: NDArray[np.int64],
    reference: NDArray[np.int64],
    shape: NDArray[np.float32],
    colour: NDArray[np.float32],
    brightness: NDArray[np.float32],
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Scores of every text for every observed spectrum, and of every spectrum for every text.

    Parameters
    ----------
    written : Written
    survey : Survey
        Simulated, with its noise-free spectra.
    asked, reference : ndarray of int64
        Sources that are to be found, and those that stand for all.
    shape, colour, brightness : ndarray of float32, shape (len(reference), len(asked))
        log P of what the texts of `asked` say of each, were they written about the sources of `reference`.

    Returns
    -------
    dict
        ``photons``: reads everything that was observed; ``shape``: only the shape of the spectrum, which is what
        remains after a min–max normalisation (but for the noise, which tells of the counts). Each with two arrays of
        float64, shape (len(asked), len(asked)): spectrum → text, text → spectrum.
    """
    match = _match(survey, asked, reference)
    relative = np.exp(shape - shape.max(axis=0))
    frequency = relative.mean(axis=0).astype(np.float64)
    of_shape = np.log((1 - _UNKNOWN) * (match.weight @ relative) + _UNKNOWN * frequency)
    of_shape += log_likelihood(colour_statements(written), asked, asked)
    usual = np.log(frequency) + _log_mean(colour)
    observed, errors = _observed(written, survey, match, asked, reference)
    told = of_shape + log_likelihood(brightness_statements(observed, errors=errors), asked, asked)
    return {
        "photons": (told - usual - _log_mean(brightness), told.T),
        "shape": (of_shape - usual, of_shape.T),
    }


def _log_mean(log_probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the mean probability over the sources, shape (n_texts,)."""
    summed = np.logaddexp.reduce(log_probability.astype(np.float64), axis=0)
    return np.asarray(summed - np.log(len(log_probability)))


def _match(survey: Survey, asked: NDArray[np.int64], reference: NDArray[np.int64]) -> ShapeMatch:
    area = merged_bins(_area(survey), _MERGED)
    known = np.asarray(survey.expected[reference]) - np.asarray(survey.background[reference])
    return match_shapes(
        merged_bins(survey.counts[asked], _MERGED),
        merged_bins(survey.background[asked], _MERGED),
        area[asked],
        known=merged_bins(known, _MERGED),
        known_area=area[reference],
    )


def _area(survey: Survey) -> NDArray[np.float32]:
    """Effective area at the middle of each of the 400 bins, shape (n, 400)."""
    sources = survey.sources
    area = effective_area_cm2(
        sources["detector"].to_numpy(dtype=str), sources["year"].to_numpy(), sources["theta_arcmin"].to_numpy()
    )
    grid = energy_grid(survey.meta.recipe["grid_kind"])
    place = np.searchsorted(MODEL_EDGES_KEV, grid.centres_kev, side="right") - 1
    return np.asarray(area)[:, np.clip(place, 0, np.asarray(area).shape[1] - 1)]


def _observed(
    written: Written,
    survey: Survey,
    match: ShapeMatch,
    asked: NDArray[np.int64],
    reference: NDArray[np.int64],
) -> tuple[Written, dict[str, NDArray[np.float64]]]:
    """The literature's rules with observed counts and fluxes in the place of true ones, and their relative errors."""
    sources = survey.sources
    counts = np.maximum(sources["net_counts"].to_numpy(), _FEWEST_COUNTS)
    exposure, flux = sources["exposure_s"].to_numpy(), written.truth["flux_cgs"].to_numpy(copy=True)
    errors = {"counts": 1 / np.sqrt(counts), "flux": np.zeros(len(counts))}
    # The flux that the source would have with each known spectrum: its mean and spread are those of the posterior.
    log_flux = np.log(flux[reference] * exposure[reference])[None] + match.log_scale - np.log(exposure[asked])[:, None]
    mean = (match.weight * log_flux).sum(axis=1)
    spread = np.sqrt((match.weight * (log_flux - mean[:, None]) ** 2).sum(axis=1))
    flux[asked] = np.exp(mean)
    errors["flux"][asked] = np.hypot(spread, errors["counts"][asked])
    return replace(written, truth=written.truth.assign(expected_counts=counts, flux_cgs=flux)), errors
