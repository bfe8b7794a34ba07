"""What would have to change for a source to be normal: the way to its nearest normal source, told in variables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.similarity import normalise_rows, top_k
from alignlab.services.discover.reason_ground import ReasonGround
from alignlab.services.discover.reason_parts import Change
from alignlab.services.discover.reason_references import NORMAL_PERCENT, References
from alignlab.variables import VARIABLE_NAMES

#: Places on the way at which the forest is asked.
_N_STEPS = 41
#: Neighbours whose variables are those of a place, and the fewest that must have one.
_N_NEIGHBOURS, _FEWEST = 15, 5
#: Changes that are told, in standard deviations of the survey.
_LEAST_CHANGE = 0.25


def changes_to_normal(ground: ReasonGround, index: int, normal: References) -> tuple[float, tuple[Change, ...]]:
    """The share of the way at which the forest first calls the source normal, and how its variables change on it.

    Returns
    -------
    step : float
        0 where it is normal as it is, NaN where there is no normal source.
    changes : tuple of Change
        Largest first; variables of a place are the means of the sources around it.
    """
    if not len(normal.rows):
        return np.nan, ()
    ends = ground.latents[[index, normal.rows[0]]]
    share = np.linspace(0, 1, _N_STEPS, dtype=np.float32)[:, None]
    way = _as_long(ends[0] + share * (ends[1] - ends[0]), ends, share, ground.n_spectrum)
    scores = -ground.forest.score_samples(way)
    percentile = 100 * np.searchsorted(ground.ordered_scores, scores) / len(ground.ordered_scores)
    reached = np.flatnonzero(percentile <= NORMAL_PERCENT)
    if not len(reached):
        return np.nan, ()
    first = int(reached[0])
    if first == 0:
        return 0.0, ()
    return float(share[first, 0]), _changes(ground, index, way[[0, first]])


def _as_long(
    way: NDArray[np.float32], ends: NDArray[np.float32], share: NDArray[np.float32], n_spectrum: int
) -> NDArray[np.float32]:
    """Points on a way with the length that points between its ends have: a straight line cuts through the sphere."""
    halves = []
    for half in (slice(0, n_spectrum), slice(n_spectrum, None)):
        if way[:, half].shape[1]:
            length = np.linalg.norm(ends[:, half], axis=1)
            halves.append(normalise_rows(way[:, half]) * (length[0] + share * (length[1] - length[0])))
    return np.hstack(halves)


def _changes(ground: ReasonGround, index: int, places: NDArray[np.float32]) -> tuple[Change, ...]:
    found = top_k(places, ground.latents, min(_N_NEIGHBOURS + 1, len(ground.latents)))
    scaled = np.full((2, ground.scaled.shape[1]), np.nan)
    for place, rows in enumerate(found.index):
        near = ground.scaled[rows[rows != index][:_N_NEIGHBOURS]]
        enough = np.isfinite(near).sum(axis=0) >= _FEWEST
        scaled[place, enough] = np.nanmean(near[:, enough], axis=0)
    change = scaled[1] - scaled[0]
    values = ground.scales.inverse(np.nan_to_num(scaled))
    columns = [c for c in np.argsort(-np.abs(np.nan_to_num(change))) if abs(change[c]) >= _LEAST_CHANGE]
    return tuple(
        Change(name=VARIABLE_NAMES[c], now=float(values[0, c]), then=float(values[1, c]), sigma=float(change[c]))
        for c in columns
    )
