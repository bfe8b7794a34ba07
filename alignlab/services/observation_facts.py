"""What is known of an observation beside the shape of its spectrum, as numbers that an estimator can read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.spectra.grid import energy_grid
from alignlab.spectra.hardness import band_counts
from alignlab.spectra.response import DETECTORS
from alignlab.store.survey import Survey

#: Year and off-axis angle that stand for unknown ones: usual ones of the CSC.
_USUAL_YEAR, _USUAL_THETA_ARCMIN = 2008.0, 3.5
_BANDS = ("soft", "medium", "hard")


def observation_facts(survey: Survey, *, hide_chips: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Chips, year, off-axis angle, counts, and shares of the counts in the three bands.

    Parameters
    ----------
    survey : Survey
    hide_chips : ndarray of bool, shape (n,), optional
        Sources to be treated as if their file did not tell on which chips they were counted.

    Returns
    -------
    ndarray of float32, shape (n, 8)
        One column per kind of chips (both 0 where unknown), year, off-axis angle in arcmin, log10 of the counts, and
        the natural logarithms of the bands' shares, background included.
    """
    sources = survey.sources
    chips = np.stack([sources["detector"].to_numpy(str) == name for name in DETECTORS], axis=1).astype(np.float64)
    if hide_chips is not None:
        chips[hide_chips] = 0.0
    seen = np.stack([sources["year"].fillna(_USUAL_YEAR), sources["theta_arcmin"].fillna(_USUAL_THETA_ARCMIN)], axis=1)
    edges = energy_grid(survey.meta.recipe.get("grid_kind", "log")).edges_kev
    in_bands = band_counts(np.asarray(survey.counts, np.float64), edges_kev=edges)
    counts = np.stack([in_bands[name] for name in _BANDS], axis=1)
    total = counts.sum(axis=1, keepdims=True)
    # One count more in each band, so that an empty one has a logarithm.
    shares = np.log((counts + 1) / (total + len(_BANDS)))
    return np.hstack([chips, seen, np.log10(total + 1), shares]).astype(np.float32)
