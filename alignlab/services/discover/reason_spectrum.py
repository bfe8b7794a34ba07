"""A source's spectrum beside what its nearest normal sources predict, and the bands in which they differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.band_excess import Prediction, joined_starts, notable_bands
from alignlab.ingest.csc_table import number
from alignlab.services.discover.reason_parts import BandReason, SpectrumComparison
from alignlab.services.discover.reason_references import References
from alignlab.spectra.grid import energy_grid
from alignlab.store.survey import Survey

#: Bands are told from here on. Up to 1,800 runs of bins are asked: with this, 4 of 400 normal sources of the demo have
#: one.
LEAST_SIGMA = 3.7
_MOST_BANDS = 4
#: Normal sources with fewer net counts say little of a shape; fewer of them say little of its spread.
_LEAST_COUNTS, FEWEST = 20.0, 10


def compared_spectrum(
    survey: Survey, index: int, normal: References
) -> tuple[SpectrumComparison | None, tuple[BandReason, ...]]:
    """Predict a source's counts from the mean normalised spectrum of normal sources, and tell the bands that differ.

    None for a source of which only the shape is known, or where fewer than `FEWEST` normal sources have counts.
    """
    known = np.isfinite(number(survey.sources, "counts")[np.append(normal.rows, index)])
    if not known[-1]:
        return None, ()
    counts, background, ratio = _spectra(survey, np.append(normal.rows[known[:-1]], index))
    net = (counts - background) * ratio
    total = net.sum(axis=1)
    others = np.flatnonzero(total[:-1] >= _LEAST_COUNTS)
    if len(others) < FEWEST or total[-1] <= 0:
        return None, ()
    # Shapes are compared as the encoder sees them, and told in counts of the source's own response.
    scale = total[-1] / total[others, None] / ratio[-1]
    prediction = Prediction(
        counts=counts[-1],
        expected=(net[others] * scale).mean(axis=0).clip(min=0) + background[-1],
        others=net[others] * scale,
        noise=counts[others] * (ratio[others] * scale) ** 2,
    )
    starts = joined_starts(prediction.expected)
    joined = prediction.joined(starts)
    edges = energy_grid(survey.meta.recipe.get("grid_kind", "log")).edges_kev[np.append(starts, counts.shape[1])]
    bands = tuple(
        BandReason(
            start_kev=float(edges[band.first]), stop_kev=float(edges[band.stop]), counts=band.counts,
            expected=band.expected, sigma=band.sigma,
        )
        for band in notable_bands(joined, least_sigma=LEAST_SIGMA, most=_MOST_BANDS)
    )  # fmt: skip
    spectrum = SpectrumComparison(
        edges_kev=edges, counts=joined.counts, expected=joined.expected, spread=np.sqrt(joined.variance),
        n_normal=len(others),
    )  # fmt: skip
    return spectrum, bands


def _spectra(
    survey: Survey, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Counts, expected background, and the encoder's response over the sources' own; unknown background is none."""
    counts, background = (np.asarray(array[rows], np.float64) for array in (survey.counts, survey.background))
    ratio = np.ones_like(counts)
    if survey.has_array("response_ratio"):
        ratio = np.asarray(survey.array("response_ratio")[rows], np.float64)
    return counts, np.nan_to_num(background), np.where(ratio > 0, ratio, 1.0)
