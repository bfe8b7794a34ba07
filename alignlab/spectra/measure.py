"""The 20 variables of a survey, measured from its photons and spectra as the catalogue measures them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.progress import OnStep
from alignlab.spectra.hardness import (
    HARDNESS_BANDS,
    band_areas,
    band_counts,
    event_band_counts,
    flux_significance,
    hardness_ratio,
)
from alignlab.spectra.response import CHANNEL_EDGES_KEV, DETECTORS, MODEL_EDGES_KEV, redistribution
from alignlab.spectra.variability import gregory_loredo
from alignlab.variables import BANDS, LIMIT_NAMES, MIN_NET_COUNTS_FOR_FITS, VARIABLE_NAMES


def measure_hardness(
    counts: dict[str, NDArray[np.float64]],
    background: dict[str, NDArray[np.float64]],
    area_cm2: NDArray[np.float32],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hardness ratios of photon fluxes with limits, and flux significance.

    Parameters
    ----------
    counts, background : dict of str to ndarray, (n,)
        Counts and expected background in the aperture by band (`alignlab.variables.BANDS`).
    area_cm2 : ndarray of float32, (n, n_e)
        Effective area on `MODEL_EDGES_KEV`, taken at one energy per band.

    Returns
    -------
    tuple of DataFrame
        Values and limits, a row per source.
    """
    weights = band_areas(area_cm2, energy_kev=0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1]))
    values, limits = {}, {}
    for name, (x, y) in HARDNESS_BANDS.items():
        ratio = hardness_ratio(
            counts[x],
            counts[y],
            background_x=background[x],
            background_y=background[y],
            weight_x=weights[x],
            weight_y=weights[y],
        )
        values[name], limits[f"{name}_lolim"], limits[f"{name}_hilim"] = ratio.value, ratio.lolim, ratio.hilim
    values["flux_significance_b"] = flux_significance(counts["broad"], background=background["broad"])
    return pd.DataFrame(values), pd.DataFrame(limits)


def measure_fits(
    channel_counts: NDArray[np.float32],
    *,
    background: NDArray[np.float32],
    exposure_s: NDArray[np.float64],
    area_cm2: NDArray[np.float32],
    detector: NDArray[np.str_],
    on_step: OnStep | None = None,
) -> pd.DataFrame:
    """Fit variables and their limits, NaN at and below 150 net counts (0.5-7 keV), as in the catalogue.

    Parameters
    ----------
    channel_counts, background : ndarray of float32, (n, n_ch)
        Counts and expected background in the aperture on `CHANNEL_EDGES_KEV`.
    exposure_s : ndarray, (n,)
        Seconds.
    area_cm2 : ndarray, (n, n_e)
        Effective area.
    detector : ndarray of str, (n,)
        "ACIS-S" or "ACIS-I".
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``; False stops, and what is not fitted stays NaN.
    """
    from alignlab.spectra.fit import fit_spectra  # with torch, which the other measurements do not need

    net = band_counts(channel_counts - background, edges_kev=CHANNEL_EDGES_KEV)["broad"]
    enough = net > MIN_NET_COUNTS_FOR_FITS
    frames, done = [], 0
    for name in DETECTORS:
        rows = np.flatnonzero(detector == name)
        if not len(rows):
            continue

        def step(part: int, total: int, info: str, before: int = done, share: int = int(enough[rows].sum())) -> bool:
            return on_step is None or on_step(before + share * part // max(total, 1), int(enough.sum()), info)

        fits = fit_spectra(
            channel_counts[rows],
            background=background[rows],
            exposure_s=exposure_s[rows],
            area=area_cm2[rows],
            redistribution=redistribution(name),
            fit_mask=enough[rows],
            on_step=step,
        )
        done += int(enough[rows].sum())
        frames.append(fits.to_frame().set_index(rows))
    return pd.concat(frames).sort_index()


def measure_variables(
    *,
    time_s: NDArray[np.float32],
    energy_kev: NDArray[np.float32],
    offsets: NDArray[np.int64],
    channel_counts: NDArray[np.float32],
    background: NDArray[np.float32],
    exposure_s: NDArray[np.float64],
    area_cm2: NDArray[np.float32],
    detector: NDArray[np.str_],
    on_step: OnStep | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all variables from photons and spectra.

    Parameters
    ----------
    time_s, energy_kev : ndarray of float32, (n_events,)
        Photons, source after source.
    offsets : ndarray of int64, (n + 1,)
        Where each source's photons begin.
    channel_counts, background, exposure_s, area_cm2, detector
        As in `measure_fits`.
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``.

    Returns
    -------
    variables : DataFrame
        Columns `VARIABLE_NAMES`, float32, NaN where missing.
    limits : DataFrame
        Columns `LIMIT_NAMES`, float32.
    """
    in_band = event_band_counts(energy_kev, offsets=offsets)
    expected = band_counts(background, edges_kev=CHANNEL_EDGES_KEV)
    ratios, ratio_limits = measure_hardness(in_band, expected, area_cm2)
    broad = (energy_kev >= BANDS["broad"][0]) & (energy_kev < BANDS["broad"][1])
    running = np.concatenate([[0], np.cumsum(broad)])
    probability, index = gregory_loredo(time_s[broad], offsets=running[offsets], start_s=0.0, stop_s=exposure_s)
    fits = measure_fits(
        channel_counts,
        background=background,
        exposure_s=exposure_s,
        area_cm2=area_cm2,
        detector=detector,
        on_step=on_step,
    )
    table = pd.concat([ratios, ratio_limits, fits], axis=1).assign(var_prob_b=probability, var_index_b=index)
    return table[list(VARIABLE_NAMES)].astype(np.float32), table[list(LIMIT_NAMES)].astype(np.float32)
