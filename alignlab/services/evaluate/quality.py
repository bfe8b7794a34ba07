"""How good a pair of latent spaces is, in four figures, and how much of it another pair loses: for the same sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.paired import paired_means, paired_medians
from alignlab.analysis.regression import K_MEAN, estimate
from alignlab.analysis.relative_errors import AbsoluteErrors, absolute_errors, mean_ratio, ratio_interval
from alignlab.analysis.retrieval import candidates_within, partner_ranks
from alignlab.errors import AlignlabError
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.table import Cell, Column

#: Figures of a quality, as columns of a table; retrieval is spectrum → text.
FIGURES: tuple[Column, ...] = (
    Column("recall_at_1_percent", "recall@1%", ".1f", as_percent=True),
    Column("recall_at_5_percent", "recall@5%", ".1f", as_percent=True),
    Column("median_rank", "median rank", ".0f"),
    Column("error_ratio", "error / mean's", ".3f"),
)
_PERCENTS = (1, 5)
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, eq=False, kw_only=True)
class Quality:
    """What latent spaces do for each source of a split.

    Attributes
    ----------
    ranks : ndarray of float64, shape (n_pairs,), or None
        Of each source's own text, asked for by its spectrum; None for spaces that cannot be compared.
    errors : AbsoluteErrors
        Of the variables, estimated from the three nearest training sources.
    """

    ranks: NDArray[np.float64] | None
    errors: AbsoluteErrors


def judge(
    context: EvaluationContext,
    *,
    both: NDArray[np.float32],
    spectrum: NDArray[np.float32] | None = None,
    text: NDArray[np.float32] | None = None,
) -> Quality:
    """Judge latents on the context's split.

    Parameters
    ----------
    context : EvaluationContext
    both : ndarray, shape (n, d)
        Latents of all sources, in which neighbours are looked for.
    spectrum, text : ndarray, shape (n, d), optional
        In one space; without them there is no retrieval.

    Raises
    ------
    AlignlabError
        If no source of the split has a text.
    """
    ranks = None
    if spectrum is not None and text is not None:
        if not context.pairs.any():
            raise AlignlabError(
                f"No source of the {context.split} split of survey {context.survey.name!r} has a text.",
                remedy="Evaluate a run of a survey with texts.",
            )
        ranks = partner_ranks(spectrum[context.pairs], text[context.pairs])
    variables = context.survey.variables
    known = variables[context.training]
    estimates = estimate(both[context.rows], both[context.training], known, k_interval=K_MEAN)
    return Quality(ranks=ranks, errors=absolute_errors(estimates.value, variables[context.rows], known))


def quality_figures(context: EvaluationContext, found: Quality, reference: Quality | None = None) -> dict[str, Any]:
    """The four figures as JSON, each with its interval, and with its change from a reference on the same sources.

    Returns
    -------
    dict
        For each of `FIGURES` ``value``, ``interval``, and with a reference ``change`` and ``change_interval`` (paired
        bootstrap); None for all of them where there is no such figure.
    """
    rng = np.random.default_rng(context.seed)
    told: dict[str, Any] = {column.name: None for column in FIGURES}
    if found.ranks is not None:
        told |= _retrieval(found.ranks, rng)
        if reference is not None and reference.ranks is not None:
            for name, change in _retrieval_changes(found.ranks, reference.ranks, rng).items():
                told[name] |= change
    value = float(mean_ratio(found.errors)[0])
    if not np.isfinite(value):
        return told
    n = len(found.errors)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=N_BOOTSTRAP).astype(np.float64)
    told["error_ratio"] = {"value": value, "interval": list(ratio_interval(found.errors, counts))}
    if reference is not None:
        told["error_ratio"] |= {
            "change": value - float(mean_ratio(reference.errors)[0]),
            "change_interval": list(ratio_interval(found.errors, counts, reference=reference.errors)),
        }
    return told


def chance(n_pairs: int) -> dict[str, float]:
    """What an order drawn by lot gives among so many candidates."""
    return {
        "recall_at_1_percent": candidates_within(n_pairs, 1) / n_pairs,
        "recall_at_5_percent": candidates_within(n_pairs, 5) / n_pairs,
        "median_rank": (n_pairs + 1) / 2,
        "error_ratio": 1.0,
    }


def cell_of(figure: dict[str, Any] | None) -> Cell:
    """A figure with its interval."""
    return Cell(None) if figure is None else Cell(figure["value"], *figure["interval"])


def change_cell(figure: dict[str, Any] | None) -> Cell:
    """Its change from the reference, with the interval of the difference."""
    return (
        Cell(None) if figure is None or "change" not in figure else Cell(figure["change"], *figure["change_interval"])
    )


def _retrieval(ranks: NDArray[np.float64], rng: np.random.Generator) -> dict[str, Any]:
    n = len(ranks)
    drawn = ranks[rng.integers(n, size=(N_BOOTSTRAP, n))]
    told = {}
    for percent in _PERCENTS:
        limit = candidates_within(n, percent)
        told[f"recall_at_{percent}_percent"] = {
            "value": float(np.mean(ranks <= limit)),
            "interval": _interval(np.mean(drawn <= limit, axis=1)),
        }
    told["median_rank"] = {"value": float(np.median(ranks)), "interval": _interval(np.median(drawn, axis=1))}
    return told


def _retrieval_changes(
    ranks: NDArray[np.float64], reference: NDArray[np.float64], rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    limits = [candidates_within(len(ranks), percent) for percent in _PERCENTS]
    columns = [np.stack([r <= limit for limit in limits], axis=1) for r in (reference, ranks)]
    means = paired_means(*columns, rng=rng, n_resamples=N_BOOTSTRAP)
    median = paired_medians(reference[:, None], ranks[:, None], rng=rng, n_resamples=N_BOOTSTRAP)
    names = [f"recall_at_{percent}_percent" for percent in _PERCENTS]
    told = {name: _change(means.difference[k], means.low[k], means.high[k]) for k, name in enumerate(names)}
    return told | {"median_rank": _change(median.difference[0], median.low[0], median.high[0])}


def _change(difference: float, low: float, high: float) -> dict[str, Any]:
    return {"change": float(difference), "change_interval": [float(low), float(high)]}


def _interval(values: NDArray[np.float64]) -> list[float]:
    return [float(v) for v in np.percentile(values, _INTERVAL)]
