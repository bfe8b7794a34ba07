"""Retrieval: does a source's spectrum find the texts about it among all others, and the other way round?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.retrieval import candidates_within, partner_ranks, rank_metrics, recall_curve, recall_ratio
from alignlab.errors import AlignlabError
from alignlab.literature.aspects import aspect_index
from alignlab.progress import OnStep, StoppedError, part_of, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.retrieval_groups import (
    confused_pairs,
    first_hits,
    first_places,
    group_figures,
    source_groups,
)
from alignlab.services.evaluate.retrieval_tables import tables

#: Percentages of the candidates: twenty to the decade, and those that the paper names.
CURVE_PERCENTS: tuple[float, ...] = tuple(sorted({*np.round(np.logspace(-1, 2, 61), 4).tolist(), 5.0}))
_PERCENTS: tuple[float, ...] = (0.5, 1, 5, 10)
_SIDES = {
    "spectrum_to_text": ("spectrum_aligned", "text_aligned"),
    "text_to_spectrum": ("text_aligned", "spectrum_aligned"),
}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Ranks in both directions, as curves, figures and groups, the pairs most confused, and the ceiling.

    Raises
    ------
    AlignlabError
        If no source of the split has both a spectrum and a text.
    """
    asked = np.flatnonzero(context.pairs)
    if len(asked) < 2:
        raise AlignlabError(
            f"The {context.split} split of survey {context.survey.name!r} has {len(asked)} sources with a text.",
            remedy="Retrieval needs two at least.",
        )
    groups = source_groups(context.survey, asked)
    figures: dict[str, Any] = {
        "n_bootstrap": N_BOOTSTRAP,
        "percents": list(CURVE_PERCENTS),
        "within": [candidates_within(len(asked), percent) for percent in CURVE_PERCENTS],
        "groups": {
            kind: [{"label": str(label), "n": int(mask.sum())} for label, mask in g] for kind, g in groups.items()
        },
        "n_silent_on_spectrum": int((~np.asarray(context.survey.text_mask)[asked, aspect_index("spectrum")]).sum()),
        "directions": {},
    }
    ours: dict[str, NDArray[np.float64]] = {}
    for number, (direction, sides) in enumerate(_SIDES.items()):
        report(on_step, 10 * number, 100, direction.replace("_", " "))
        queries, candidates = (context.latents(side)[asked] for side in sides)
        ranks = ours[direction] = partner_ranks(queries, candidates)
        rng = np.random.default_rng([context.seed, number])
        figures["directions"][direction] = _told(ranks, rng)
        for kind, members in groups.items():
            for entry, (_, mask) in zip(figures["groups"][kind], members, strict=True):
                entry[direction] = group_figures(ranks, mask, rng=rng, n_bootstrap=N_BOOTSTRAP)
        if direction == "spectrum_to_text":
            first = first_places(queries, candidates)
            figures["first"] = first_hits(context.survey, asked, first)
            figures["confused"] = confused_pairs(context.survey, asked, first, ranks)
    return {**figures, **_ceiling(context, ours, on_step=part_of(on_step, 0.2, 1.0))}


def _told(ranks: NDArray[np.float64], rng: np.random.Generator) -> dict[str, Any]:
    """Figures and curve of one direction."""
    found = rank_metrics(ranks, n_candidates=len(ranks), rng=rng, percents=_PERCENTS, n_bootstrap=N_BOOTSTRAP)
    recall, low, high = recall_curve(ranks, CURVE_PERCENTS, n_candidates=len(ranks), rng=rng, n_bootstrap=N_BOOTSTRAP)
    return {**found.to_dict(), "curve": {"recall": recall.tolist(), "low": low.tolist(), "high": high.tolist()}}


def _ceiling(
    context: EvaluationContext, ours: Mapping[str, NDArray[np.float64]], *, on_step: OnStep | None
) -> dict[str, Any]:
    """What rankers that know the simulator's truth reach, or why nobody knows it."""
    if not context.survey.simulated:
        return {"ceiling": None, "no_ceiling": "Nobody knows the truth of observed sources."}
    # Imported here: it writes literature, which pages that read the tables need not load.
    from alignlab.services.evaluate.oracle import oracle_ranks

    try:
        found = oracle_ranks(context, on_step=on_step)
    except StoppedError:
        raise
    except AlignlabError as error:
        return {"ceiling": None, "no_ceiling": str(error)}
    rng = np.random.default_rng([context.seed, len(_SIDES)])
    ceiling: dict[str, Any] = {ranker: {} for ranker in found}
    for ranker, sides in found.items():
        for direction, best in sides.items():
            limit = candidates_within(len(best), 1)
            ratio, interval = recall_ratio(ours[direction], best, limit, rng=rng, n_bootstrap=N_BOOTSTRAP)
            reached = (
                {"reached": ratio, "reached_interval": list(interval)} if math.isfinite(ratio) else {"reached": None}
            )
            ceiling[ranker][direction] = {**_told(best, rng), **reached}
    return {"ceiling": ceiling}


def _estimate_s(n_sources: int) -> float:
    return 3 + n_sources / 400


PART = Part(name="retrieval", label="Retrieval", version=1, compute=compute, tables=tables, estimate_s=_estimate_s)
