"""From sources as files hold them to sources with everything measured, in the way of the simulated ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.ingest.encoder_response import area_shares, is_unlike, response_ratio
from alignlab.ingest.records import SOURCE_COLUMNS, IngestedSources, Problem
from alignlab.progress import OnStep, report
from alignlab.spectra.grid import EnergyGrid, overlaps
from alignlab.spectra.hardness import band_counts
from alignlab.spectra.measure import measure_hardness
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    DETECTORS,
    MODEL_EDGES_KEV,
    effective_area_cm2,
    redistribution,
)
from alignlab.spectra.variability import gregory_loredo
from alignlab.variables import BANDS, LIMIT_NAMES, MIN_NET_COUNTS_FOR_FITS, VARIABLE_NAMES

#: Year that stands for an unknown date, the middle of the CSC 2.0 observations.
_USUAL_YEAR = 2008.0
_SMALLEST_AREA_CM2 = 1e-3


@dataclass(frozen=True, eq=False, kw_only=True)
class SourcePiece:
    """One source as its file holds it.

    Attributes
    ----------
    name, source_class, source_file : str
    ra, dec : float
        Degrees.
    obsid : int
    detector : str
    year, theta_arcmin, exposure_s : float
    channel_counts : ndarray of float64, (n_ch,)
        Counts on `CHANNEL_EDGES_KEV`.
    channel_background : ndarray of float64, (n_ch,), or None
        Background counts expected in the aperture, None if unknown.
    counts : ndarray of float32, (400,)
        Counts on the survey's grid.
    background : ndarray of float32, (400,), or None
    area_cm2 : ndarray of float64, (n_e,), or None
        Effective area on `MODEL_EDGES_KEV` of the source's own response.
    redistribution : ndarray of float64, (n_e, n_ch), or None
        Redistribution of the source's own response.
    time_s, energy_kev : ndarray of float32
        Photons from 0.5 to 8 keV, since `start_s` of the observation.
    span_s : float
        Length of the observation on the clock of the photons.
    catalogued : dict of str to float
        Variables as the file's catalogue gives them.
    may_fit : bool
        Whether spectral models can be fitted (background and exposure are those of the spectrum).
    counts_known : bool
        False where only the shape of the spectrum is known: limits, significance and numbers of counts stay missing.
    notes : tuple of str
    """

    name: str
    source_file: str
    source_class: str = ""
    ra: float = math.nan
    dec: float = math.nan
    obsid: int = 0
    detector: str = ""
    year: float = math.nan
    theta_arcmin: float = math.nan
    exposure_s: float
    channel_counts: NDArray[np.float64]
    channel_background: NDArray[np.float64] | None = None
    counts: NDArray[np.float32]
    background: NDArray[np.float32] | None = None
    area_cm2: NDArray[np.float64] | None = None
    redistribution: NDArray[np.float64] | None = None
    time_s: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    energy_kev: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    span_s: float = math.nan
    catalogued: dict[str, float] = field(default_factory=dict)
    may_fit: bool = True
    counts_known: bool = True
    notes: tuple[str, ...] = ()


def photon_channels(energy_kev: NDArray[np.floating]) -> NDArray[np.float64]:
    """Counts per channel of `CHANNEL_EDGES_KEV` of photons with these energies."""
    edges, n_channels = CHANNEL_EDGES_KEV, len(CHANNEL_EDGES_KEV) - 1
    inside = np.sort(energy_kev[(energy_kev >= edges[0]) & (energy_kev <= edges[-1])])  # sorted ones are found faster
    channel = np.minimum(np.searchsorted(edges, inside, side="right"), n_channels) - 1
    return np.bincount(channel, minlength=n_channels).astype(np.float64)


def assemble(
    pieces: Sequence[SourcePiece],
    *,
    grid: EnergyGrid,
    problems: Sequence[Problem],
    with_catalogue: bool = False,
    names_are_final: bool = True,
    on_step: OnStep | None = None,
) -> IngestedSources:
    """Measure all variables of the sources and put them together.

    Names get what tells equal ones apart, unless the sources are a part of a survey only (`names_are_final` False).

    Hardness is the catalogue's, a ratio of photon fluxes: with the source's own effective area, or the analytic one of
    its detector and year, or between those of both detectors where the detector is unknown (said in the notes).

    Raises
    ------
    StoppedError
        If `on_step` returned False.
    """
    n = len(pieces)
    names = [piece.name for piece in pieces]
    if names_are_final:
        names = unique_names(names, [piece.obsid for piece in pieces], [piece.source_file for piece in pieces])
    report(on_step, 0, n, "measuring hardness and variability")
    areas, area_notes = _areas(pieces)
    brought = [encoder_ratio(piece, grid) for piece in pieces]
    ratios = np.array([ratio for ratio, _ in brought], dtype=np.float32).reshape(n, grid.n_bins)
    ratio_notes = [note for _, note in brought]
    channels = np.array([p.channel_counts for p in pieces]).reshape(n, len(CHANNEL_EDGES_KEV) - 1)
    unknown = np.zeros(channels.shape[1])
    expected = np.array([unknown if p.channel_background is None else p.channel_background for p in pieces])
    expected = expected.reshape(channels.shape)
    in_bands, under = (band_counts(values, edges_kev=CHANNEL_EDGES_KEV) for values in (channels, expected))
    values, limits = measure_hardness(in_bands, under, areas.astype(np.float32))
    values["var_prob_b"], values["var_index_b"] = _variability(pieces)
    net = in_bands["broad"] - under["broad"]
    fits = []
    for i, piece in enumerate(pieces):
        report(on_step, i, n, f"measuring {names[i]}")
        fits.append(_fitted(piece, areas[i], net[i]))
    report(on_step, n, n, "measured")
    table = pd.concat([values, limits, pd.DataFrame(fits, index=values.index)], axis=1)
    shapes = [i for i, piece in enumerate(pieces) if not piece.counts_known]
    table.loc[table.index[shapes], [n for n in (*LIMIT_NAMES, "flux_significance_b") if n in table]] = np.nan
    counts = np.array([p.counts for p in pieces], dtype=np.float32).reshape(n, grid.n_bins)
    blank = np.full(grid.n_bins, np.nan)
    background = np.array([blank if p.background is None else p.background for p in pieces], dtype=np.float32)
    background = background.reshape(n, grid.n_bins)
    catalogued = pd.DataFrame([p.catalogued for p in pieces], columns=list(VARIABLE_NAMES))
    return IngestedSources(
        sources=_source_table(pieces, names, counts, background, zip(area_notes, ratio_notes, strict=True)),
        variables=table.reindex(columns=list(VARIABLE_NAMES)).astype(np.float32),
        limits=table.reindex(columns=list(LIMIT_NAMES)).astype(np.float32),
        catalogued=catalogued.astype(np.float32) if with_catalogue else None,
        counts=counts,
        background=background,
        response_ratio=ratios,
        time_s=np.concatenate([np.zeros(0), *(p.time_s for p in pieces)]).astype(np.float32),
        energy_kev=np.concatenate([np.zeros(0), *(p.energy_kev for p in pieces)]).astype(np.float32),
        offsets=np.cumsum([0, *(len(p.time_s) for p in pieces)]).astype(np.int64),
        problems=tuple(problems),
    )


def on_grid(channel_counts: NDArray[np.float64], grid: EnergyGrid) -> NDArray[np.float32]:
    """Counts of `CHANNEL_EDGES_KEV` on the survey's grid, as the simulated sources have them."""
    channels, bins, shares = _channel_overlaps(grid)
    return np.bincount(bins, weights=channel_counts[channels] * shares, minlength=grid.n_bins).astype(np.float32)


@lru_cache(maxsize=4)
def _channel_overlaps(grid: EnergyGrid) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    return overlaps(CHANNEL_EDGES_KEV, grid.edges_kev)


def unique_names(names: Sequence[str], obsids: Sequence[int], files: Sequence[str]) -> list[str]:
    """Names that tell the sources apart: a second source of a name gets its ObsID, its file or a number."""
    taken = Counter(names)
    unique: list[str] = []
    used: set[str] = set()
    for own, obsid, file in zip(names, obsids, files, strict=True):
        name = own if taken[own] == 1 else f"{own} ({obsid or Path(file).stem})"
        candidate, number = name, 2
        while candidate in used:
            candidate, number = f"{name} #{number}", number + 1
        used.add(candidate)
        unique.append(candidate)
    return unique


def _areas(pieces: Sequence[SourcePiece]) -> tuple[NDArray[np.float64], list[str]]:
    """Effective area per source on `MODEL_EDGES_KEV`, and a note where it is not the source's own."""
    areas, notes = np.empty((len(pieces), len(MODEL_EDGES_KEV) - 1)), [""] * len(pieces)
    analytic: list[int] = []
    for i, piece in enumerate(pieces):
        if piece.area_cm2 is not None:
            areas[i] = piece.area_cm2
            continue
        analytic.append(i)
        known = piece.detector in DETECTORS
        chips = piece.detector if known else "between those of ACIS-S and ACIS-I, the chip being unknown"
        when = f"{piece.year:.0f}" if math.isfinite(piece.year) else f"{_USUAL_YEAR:.0f} (the date is unknown)"
        notes[i] = f"hardness with the analytic area of {when}, {chips}"
    if analytic:
        without = [pieces[i] for i in analytic]
        on_s, on_i = (
            _analytic_areas(without, [p.detector if p.detector in DETECTORS else either for p in without])
            for either in DETECTORS
        )
        areas[analytic] = np.sqrt(on_s * on_i)
    return np.maximum(areas, _SMALLEST_AREA_CM2), notes


def _analytic_areas(pieces: Sequence[SourcePiece], detectors: Sequence[str]) -> NDArray[np.float64]:
    """Analytic area on each of the detectors at the time and place of the source, never quite zero."""
    years = [piece.year if math.isfinite(piece.year) else _USUAL_YEAR for piece in pieces]
    theta = [piece.theta_arcmin if piece.theta_arcmin >= 0 else 0.0 for piece in pieces]
    areas = effective_area_cm2(list(detectors), years, theta)
    return np.maximum(areas.astype(np.float64), _SMALLEST_AREA_CM2)


def encoder_ratio(piece: SourcePiece, grid: EnergyGrid) -> tuple[NDArray[np.float32], str]:
    """Factors per bin that put a spectrum of an unlike response on the one that the encoder knows, and a note if so."""
    same = np.ones(grid.n_bins, dtype=np.float32)
    if piece.area_cm2 is None or piece.detector not in DETECTORS:
        return same, ""
    known = _analytic_areas([piece], [piece.detector])[0]
    shares = area_shares(piece.area_cm2, known)
    if not shares["broad"] > 0 or not is_unlike(shares):
        return same, ""
    matrix = redistribution(piece.detector) if piece.redistribution is None else piece.redistribution
    sizes = ", ".join(f"{shares[band]:.2f} in the {band} band" for band in ("soft", "medium", "hard"))
    return response_ratio(piece.area_cm2, known, matrix, grid), (
        f"its effective area is unlike the usual one of {piece.detector} ({sizes}, relative to it): the encoder is "
        "shown the spectrum as the usual area would have given it; counts and variables are as they are"
    )


def _variability(pieces: Sequence[SourcePiece]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gregory-Loredo probability and index in the broad band, NaN where there are no photons."""
    probability, index = np.full((2, len(pieces)), np.nan, dtype=np.float32)
    timed = [i for i, p in enumerate(pieces) if len(p.time_s) and p.span_s > 0]
    if timed:
        broad = [pieces[i].time_s[pieces[i].energy_kev < BANDS["broad"][1]] for i in timed]
        offsets = np.cumsum([0, *(len(times) for times in broad)])
        spans = np.array([pieces[i].span_s for i in timed])
        probability[timed], index[timed] = gregory_loredo(np.concatenate(broad), offsets, stop_s=spans)
    return probability, index


def _fitted(piece: SourcePiece, area: NDArray[np.float64], net_counts: float) -> dict[str, float]:
    """Fit variables and limits of one source, with its own response where it has one; {} where none is fitted."""
    matrix: ArrayLike | None = piece.redistribution
    if matrix is None and piece.detector in DETECTORS:
        matrix = redistribution(piece.detector)
    if matrix is None or not piece.may_fit or not net_counts > MIN_NET_COUNTS_FOR_FITS:
        return {}
    from alignlab.spectra.fit import fit_spectra  # with torch, which nobody needs who fits nothing

    background = piece.channel_background
    fits = fit_spectra(
        piece.channel_counts[None],
        background=np.zeros((1, len(piece.channel_counts))) if background is None else background[None],
        exposure_s=np.array([piece.exposure_s]),
        area=area[None],
        redistribution=matrix,
    )
    row = fits.to_frame().iloc[0]
    return {str(name): float(value) for name, value in row.items()}


def _source_table(
    pieces: Sequence[SourcePiece],
    names: Sequence[str],
    counts: NDArray[np.float32],
    background: NDArray[np.float32],
    further_notes: Iterable[tuple[str, ...]],
) -> pd.DataFrame:
    total, under = counts.sum(axis=1, dtype=np.float64), background.sum(axis=1, dtype=np.float64)
    total[[not piece.counts_known for piece in pieces]] = np.nan
    rows = [
        {
            "name": name, "ra": p.ra, "dec": p.dec, "source_class": p.source_class, "obsid": p.obsid,
            "detector": p.detector, "year": p.year, "theta_arcmin": p.theta_arcmin, "exposure_s": p.exposure_s,
            "source_file": p.source_file, "notes": "; ".join(note for note in (*p.notes, *further) if note),
        }
        for p, name, further in zip(pieces, names, further_notes, strict=True)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=[c for c in SOURCE_COLUMNS if not c.endswith("counts")])
    table = table.assign(
        counts=total, background_counts=under, net_counts=np.where(np.isnan(under), total, total - under)
    )
    text = {"name": "str", "source_class": "str", "detector": "str", "source_file": "str", "notes": "str"}
    return table[list(SOURCE_COLUMNS)].astype({**text, "obsid": "int64"})
