"""The normal sources that a strange one is held against: like it in counts and chips, and nearest to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.similarity import top_k
from alignlab.ingest.csc_table import number
from alignlab.services.discover.reason_ground import ReasonGround
from alignlab.store.survey import Survey

#: Percentile of its score up to which a source is normal.
NORMAL_PERCENT = 90.0
N_REFERENCES = 40
#: By which factor the counts of a normal source may differ; the next where too few are left.
_COUNT_FACTORS = (2.0, 4.0, 16.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class References:
    """The nearest normal sources, nearest first.

    Attributes
    ----------
    rows : ndarray of int64, shape (k,)
    similarity : ndarray of float32, shape (k,)
        Cosine similarity in the representation that is explained.
    """

    rows: NDArray[np.int64]
    similarity: NDArray[np.float32]


def references(survey: Survey, ground: ReasonGround, index: int, percentile: NDArray[np.floating]) -> References:
    """The `N_REFERENCES` normal sources nearest to source `index`.

    Normal is who lies below `NORMAL_PERCENT` in the score that is explained (`percentile`, shape (n,)) and in the
    forest. Of these, those on the same chips and of similar counts, as far as there are enough of them.
    """
    is_normal = (ground.forest_percentile <= NORMAL_PERCENT) & ~(percentile > NORMAL_PERCENT)
    is_normal[index] = False
    candidates = np.flatnonzero(_alike(survey, index, is_normal))
    if not len(candidates):
        return References(rows=np.empty(0, np.int64), similarity=np.empty(0, np.float32))
    latents = ground.latents
    found = top_k(latents[index][None], latents[candidates], min(N_REFERENCES, len(candidates)))
    return References(rows=candidates[found.index[0]], similarity=found.similarity[0])


def _alike(survey: Survey, index: int, is_normal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    sources = survey.sources
    counts = np.maximum(number(sources, "net_counts" if "net_counts" in sources else "counts"), 1.0)
    same_chips = is_normal
    if "detector" in sources:
        detector = sources["detector"].astype("str").to_numpy(str)
        same_chips = is_normal & (detector == detector[index])
    with np.errstate(invalid="ignore"):
        ratio = np.abs(np.log(counts / counts[index]))
        choices = [chips & (ratio <= np.log(factor)) for factor in _COUNT_FACTORS for chips in (same_chips, is_normal)]
    return next((choice for choice in choices if choice.sum() >= N_REFERENCES), is_normal)
