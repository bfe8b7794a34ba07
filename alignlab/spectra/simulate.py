"""The demo survey: simulated sources, their photons, and the variables measured from those photons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from astropy import units as u
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from alignlab.progress import OnStep, report
from alignlab.spectra.background import background_shape
from alignlab.spectra.grid import E_MAX_KEV, E_MIN_KEV, PI_CHANNEL_KEV, GridKind, energy_grid, rebin_counts
from alignlab.spectra.lightcurves import LightCurves, arrival_times
from alignlab.spectra.measure import measure_variables
from alignlab.spectra.mixtures import photon_spectra
from alignlab.spectra.population import TRUTH_COLUMNS, draw_population
from alignlab.spectra.priors import priors
from alignlab.spectra.rarities import pile_up_rows, piled_up, plant_rarities
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    DETECTORS,
    MODEL_EDGES_KEV,
    effective_area_cm2,
    fold,
    redistribution,
)

#: Most net counts of a source: keeps the survey's photons to some six million.
MAX_EXPECTED_COUNTS = 4_000.0
_BAND_KEV = (0.5, 7.0)
_ERG_PER_KEV = 1.602177e-9
#: Percent of the time spent when each step begins, for reports of progress.
_STEPS = {"population": 0, "spectra": 1, "photons": 5, "arrival times": 6, "variables": 12, "done": 100}

_CENTRES = 0.5 * (CHANNEL_EDGES_KEV[1:] + CHANNEL_EDGES_KEV[:-1])
_IN_BAND = (_BAND_KEV[0] < _CENTRES) & (_BAND_KEV[1] > _CENTRES)


@dataclass(frozen=True, eq=False)
class Events:
    """Photons of all sources, one source after the other.

    Attributes
    ----------
    time_s : ndarray of float32, shape (n_events,)
        Seconds since the start of the observation, increasing within each source.
    energy_kev : ndarray of float32, shape (n_events,)
        Measured energy, 0.5-8 keV.
    offsets : ndarray of int64, shape (n_sources + 1,)
        Source *i* has the events ``offsets[i]:offsets[i + 1]``.
    """

    time_s: NDArray[np.float32]
    energy_kev: NDArray[np.float32]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SimulatedSurvey:
    """A simulated survey; row *i* of every table and array is source *i*.

    Attributes
    ----------
    truth : DataFrame
        What was put in: `alignlab.spectra.population.TRUTH_COLUMNS`.
    sources : DataFrame
        name, ra, dec (deg), source_class, obsid, detector, year, theta_arcmin, exposure_s, counts (0.5-8 keV),
        background_counts (expected in the aperture), net_counts.
    counts, background, expected : ndarray of float32, shape (n, 400)
        Counts in the aperture (source and background), expected background, and noise-free expectation of `counts`.
    variables, limits : DataFrame
        The 20 variables as measured, and ``<name>_lolim``, ``<name>_hilim``; NaN where missing.
    events : Events
        The photons.
    """

    truth: pd.DataFrame
    sources: pd.DataFrame
    counts: NDArray[np.float32]
    background: NDArray[np.float32]
    expected: NDArray[np.float32]
    variables: pd.DataFrame
    limits: pd.DataFrame
    events: Events


@dataclass(frozen=True, eq=False)
class Observation:
    """Spectra in instrument channels before they are binned.

    Attributes
    ----------
    area_cm2 : ndarray of float32, shape (n, n_e)
        Effective area on `MODEL_EDGES_KEV`.
    source, background : ndarray of float32, shape (n, n_ch)
        Expected counts per channel of `CHANNEL_EDGES_KEV` in the aperture.
    flux_cgs : ndarray of float64, shape (n,)
        Observed (absorbed) energy flux, 0.5-7 keV, erg/cm^2/s.
    """

    area_cm2: NDArray[np.float32]
    source: NDArray[np.float32]
    background: NDArray[np.float32]
    flux_cgs: NDArray[np.float64]


def simulate_survey(
    n_sources: int = 11_447, *, seed: int = 7, grid_kind: GridKind = "log", on_step: OnStep | None = None
) -> SimulatedSurvey:
    """Simulate a survey of Chandra sources, from who they are to the variables measured from their photons.

    Parameters
    ----------
    n_sources : int
        Number of sources; the default is that of the paper's sample.
    seed : int
        Same seed, same survey, byte for byte on the same machine.
    grid_kind : {"log", "linear"}
        Spacing of the 400 energy bins.
    on_step : callable, optional
        ``on_step(done, total, info)``; returning False stops.

    Raises
    ------
    StoppedError
        If `on_step` returned False.
    """
    grid = energy_grid(grid_kind)
    rng = np.random.default_rng(seed)
    report = _Progress(on_step)
    report("population")
    population = draw_sources(n_sources, rng=rng)
    report("spectra")
    observation = observe(population, rng=rng)
    report("photons")
    channel_counts = rng.poisson(observation.source + observation.background).astype(np.float32)
    report("arrival times")
    events = _draw_events(population, observation, channel_counts, rng)
    counts = rebin_counts(channel_counts, CHANNEL_EDGES_KEV, grid)
    background = rebin_counts(observation.background, CHANNEL_EDGES_KEV, grid)
    expected = rebin_counts(observation.source + observation.background, CHANNEL_EDGES_KEV, grid)
    sources = _source_table(population, events, background)
    report("variables")
    variables, limits = measure_variables(
        time_s=events.time_s,
        energy_kev=events.energy_kev,
        offsets=events.offsets,
        channel_counts=channel_counts,
        background=observation.background,
        exposure_s=population["exposure_s"].to_numpy(),
        area_cm2=observation.area_cm2,
        detector=population["detector"].to_numpy(dtype=str),
        on_step=report.within_variables,
    )
    report("done")
    truth = population.assign(flux_cgs=observation.flux_cgs)[list(TRUTH_COLUMNS)]
    return SimulatedSurvey(truth, sources, counts, background, expected, variables, limits, events)


def draw_sources(n_sources: int, *, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a survey's sources, planted rarities among them, none brighter than `MAX_EXPECTED_COUNTS`."""
    population = plant_rarities(draw_population(n_sources, rng=rng), rng=rng)
    return population.assign(expected_counts=population["expected_counts"].clip(upper=MAX_EXPECTED_COUNTS))


class _Progress:
    """Turns the caller's ``on_step`` into percent and its False into an error."""

    def __init__(self, on_step: OnStep | None) -> None:
        self.on_step = on_step

    def __call__(self, step: str) -> None:
        self._report(_STEPS[step], step)

    def within_variables(self, done: int, total: int, info: str) -> bool:
        begin = _STEPS["variables"]
        self._report(begin + (99 - begin) * done // max(total, 1), info)
        return True

    def _report(self, percent: int, info: str) -> None:
        report(self.on_step, percent, 100, info)


def observe(population: pd.DataFrame, *, rng: np.random.Generator) -> Observation:
    """Fold each source through its instrument, so that it yields ``expected_counts`` in 0.5-7 keV, and add background.

    Parameters
    ----------
    population : DataFrame
        Sources from `alignlab.spectra.population.draw_population`.
    rng : numpy.random.Generator
        For the shares of piled-up photons.
    """
    detector = population["detector"].to_numpy(dtype=str)
    exposure = population["exposure_s"].to_numpy()
    area = effective_area_cm2(detector, population["year"].to_numpy(), population["theta_arcmin"].to_numpy())
    photons = photon_spectra(population)
    rate = torch.zeros((len(population), len(_CENTRES)))
    background = np.zeros(rate.shape, dtype=np.float32)
    level = (population["background_rate"].to_numpy() * exposure).astype(np.float32)
    for name in DETECTORS:
        rows = np.flatnonzero(detector == name)
        matrix = torch.as_tensor(redistribution(name))
        rate[rows] = fold(photons[rows], torch.as_tensor(area[rows]), matrix)
        background[rows] = level[rows, None] * background_shape(name)
    wanted = torch.as_tensor(population["expected_counts"].to_numpy(copy=True), dtype=torch.float32)
    scale = wanted / rate[:, torch.as_tensor(_IN_BAND)].sum(1)
    source = rate * scale[:, None]
    piled = pile_up_rows(population)
    if len(piled):
        source[piled] = piled_up(
            source[piled], channel_low_kev=float(CHANNEL_EDGES_KEV[0]), channel_kev=PI_CHANNEL_KEV, rng=rng
        )
    energy = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])
    in_band = (energy > _BAND_KEV[0]) & (energy < _BAND_KEV[1])
    weight = torch.as_tensor(np.where(in_band, energy * np.diff(MODEL_EDGES_KEV), 0.0), dtype=torch.float32)
    flux = (photons @ weight * scale).numpy().astype(float) * _ERG_PER_KEV / exposure
    return Observation(area, source.numpy(), background, flux / priors()["aperture_fraction"])


def _draw_events(
    population: pd.DataFrame,
    observation: Observation,
    channel_counts: NDArray[np.float32],
    rng: np.random.Generator,
) -> Events:
    """Give every count of every channel an energy within the channel and an arrival time."""
    per_channel = channel_counts.astype(np.int64)
    n_photons = per_channel.sum(axis=1)
    low = np.repeat(np.tile(CHANNEL_EDGES_KEV[:-1], len(per_channel)), per_channel.ravel())
    energy = low + PI_CHANNEL_KEV * rng.random(len(low))
    # Within each source the photons come ordered by channel and the times ordered: shuffle the energies.
    source = np.repeat(np.arange(len(n_photons)), n_photons)
    energy = energy[np.argsort(source + rng.random(len(source)))]
    background = observation.background.sum(1)
    curves = LightCurves(
        kind=population["light_curve"].to_numpy(dtype=str),
        amplitude=population["variability_amplitude"].to_numpy(),
        period_s=population["period_s"].to_numpy(),
        exposure_s=population["exposure_s"].to_numpy(),
        shape=rng.random((len(population), 4)),
    )
    share = background / (background + observation.source.sum(1))
    time = arrival_times(curves, n_photons, constant_share=share, rng=rng)
    keep = (energy >= E_MIN_KEV) & (energy < E_MAX_KEV)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(source[keep], minlength=len(n_photons)))])
    return Events(time[keep].astype(np.float32), energy[keep].astype(np.float32), offsets.astype(np.int64))


def _source_table(population: pd.DataFrame, events: Events, background: NDArray[np.float32]) -> pd.DataFrame:
    counts = np.diff(events.offsets)
    background_counts = background.sum(axis=1).astype(float)
    return pd.DataFrame(
        {
            "name": _names(population["ra"].to_numpy(), population["dec"].to_numpy()),
            "ra": population["ra"],
            "dec": population["dec"],
            "source_class": population["source_class"],
            "obsid": 900_000 + np.arange(len(population)),
            **{name: population[name] for name in ("detector", "year", "theta_arcmin", "exposure_s")},
            "counts": counts,
            "background_counts": background_counts,
            "net_counts": counts - background_counts,
        }
    )


def _names(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> list[str]:
    """Name each source after its position, as catalogues do, digits cut and not rounded."""
    sky = SkyCoord(ra_deg * u.deg, dec_deg * u.deg)
    # A tenth of a second of time is 1.5 arcsec: names repeat only for closer sources, which then move on by a tenth.
    tenths = np.floor(sky.ra.hour * 36_000).astype(np.int64)
    arcsec = np.floor(np.abs(sky.dec.deg) * 3600).astype(np.int64)
    names: dict[str, None] = {}
    for t, a, positive in zip(tenths.tolist(), arcsec.tolist(), (dec_deg >= 0).tolist(), strict=True):
        while (name := _name(t, a, positive)) in names:
            t += 1
        names[name] = None
    return list(names)


def _name(tenths: int, arcsec: int, positive: bool) -> str:
    seconds, tenth = divmod(tenths % 864_000, 10)
    hms = f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}.{tenth}"
    return f"SIM J{hms}{'+' if positive else '-'}{arcsec // 3600:02d}{arcsec // 60 % 60:02d}{arcsec % 60:02d}"
