"""What single latents say: their correlation with every variable, the best pairs, and what chance would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.progress import OnStep, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.figure import plain, plain_all, with_interval
from alignlab.services.evaluate.latents_tables import tables
from alignlab.variables import VARIABLE_NAMES

if TYPE_CHECKING:
    from alignlab.analysis.correlations import Correlations

#: Before alignment, then after; `both` is the two aligned ones side by side.
REPRESENTATIONS = ("spectrum", "text", "spectrum_aligned", "text_aligned", "both")
#: Those whose every coefficient is kept: text before alignment has hundreds of latents, `both` has those of two others.
WHOLE = ("spectrum", "spectrum_aligned", "text_aligned")
N_SHUFFLES = 200
N_TOP_PAIRS = 15

Pairs = list[tuple[int, int]]


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Correlate the latents of every representation with the variables, over the sources of the split.

    Returns
    -------
    dict
        ``n`` of each variable; per representation ``n_latents``, ``mean_best`` (of |Spearman| over the variables),
        ``mean_chosen`` (each variable's latent chosen on the validation split), ``chance`` (``mean`` and the 95th
        percentile ``high`` of shuffled variables, and ``high`` per variable), ``best`` (a pair per variable that has
        one), for those in `WHOLE` the coefficients ``spearman`` and ``pearson`` (n_latents × variables), for `both`
        ``top_pairs``, and for its pairs ``bits`` of mutual information.
    """
    found: dict[str, Any] = {}
    for number, name in enumerate(REPRESENTATIONS):
        report(on_step, number, len(REPRESENTATIONS), f"correlations of {name.replace('_', ', ')}")
        found[name] = _representation(context, name)
    return {
        "variables": list(VARIABLE_NAMES),
        "n": np.isfinite(context.survey.variables[context.rows]).sum(axis=0).tolist(),
        "representations": found,
    }


def _representation(context: EvaluationContext, name: str) -> dict[str, Any]:
    # Imported here: pages read this module for its tables, and scikit-learn and torch take seconds.
    from alignlab.analysis.correlations import chance_best_absolute, latent_correlations

    rng = np.random.default_rng(context.seed)
    latents, variables = context.latents(name), context.survey.variables
    judged = latents[context.rows], variables[context.rows]
    tuning = np.asarray(context.survey.split == "validation")
    found = latent_correlations(*judged)
    best = _strongest(found.spearman)
    chosen = _strongest(latent_correlations(latents[tuning], variables[tuning]).spearman)
    drawn = _drawn(*judged, best + chosen, rng)
    told = {
        "n_latents": latents.shape[1],
        "mean_best": _mean_of(found, best, drawn),
        "mean_chosen": _mean_of(found, chosen, drawn),
        "chance": _chance(chance_best_absolute(*judged, rng=rng, n_shuffles=N_SHUFFLES)),
        "best": _told(found, best, drawn),
    }
    if name in WHOLE:
        told |= {"spearman": _rounded(found.spearman), "pearson": _rounded(found.pearson)}
    if name == "both":
        strongest = _top(found)
        told["top_pairs"] = _told(found, strongest, _drawn(*judged, strongest, rng))
        for pair in told["best"] + told["top_pairs"]:
            pair["bits"] = _bits(*judged, pair, rng)
    return told


def _strongest(spearman: NDArray[np.float64]) -> Pairs:
    """The latent with the largest absolute coefficient for each variable that has one."""
    strength = np.nan_to_num(np.abs(spearman), nan=-1)
    return [(int(z), v) for v, z in enumerate(strength.argmax(axis=0)) if strength[z, v] >= 0]


def _top(found: Correlations) -> Pairs:
    """The strongest pairs of all."""
    strength = np.nan_to_num(np.abs(found.spearman), nan=-1)
    order = np.argsort(-strength, axis=None, kind="stable")[:N_TOP_PAIRS]
    places = [divmod(int(place), strength.shape[1]) for place in order]
    return [(z, v) for z, v in places if strength[z, v] >= 0]


def _drawn(
    latents: NDArray[np.float32], variables: NDArray[np.float32], pairs: Pairs, rng: np.random.Generator
) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Pair → its coefficients when the sources are drawn anew, (n_resamples,)."""
    from alignlab.analysis.correlations import resampled_spearman

    unique = sorted(set(pairs))
    drawn = resampled_spearman(latents, variables, unique, rng=rng, n_resamples=N_BOOTSTRAP)
    return dict(zip(unique, drawn.T, strict=True))


def _mean_of(
    found: Correlations, pairs: Pairs, drawn: Mapping[tuple[int, int], NDArray[np.float64]]
) -> dict[str, float | None]:
    """Mean of |Spearman| over these pairs; for the interval the sources are drawn anew and the pairs stay."""
    known = [pair for pair in pairs if np.isfinite(found.spearman[pair])]
    if not known:
        return with_interval(np.nan, [])
    resampled = np.abs([drawn[pair] for pair in known]).mean(axis=0)
    return with_interval(float(np.mean([abs(found.spearman[pair]) for pair in known])), resampled)


def _told(
    found: Correlations, pairs: Pairs, drawn: Mapping[tuple[int, int], NDArray[np.float64]]
) -> list[dict[str, Any]]:
    return [
        {
            "latent": z,
            "variable": VARIABLE_NAMES[v],
            "n": int(found.n[v]),
            "spearman": with_interval(float(found.spearman[z, v]), drawn[z, v]),
            "pearson": plain(found.pearson[z, v]),
        }
        for z, v in pairs
    ]


def _bits(
    latents: NDArray[np.float32], variables: NDArray[np.float32], pair: Mapping[str, Any], rng: np.random.Generator
) -> dict[str, float | None]:
    """Mutual information of a pair in bits."""
    from alignlab.analysis.mutual_information import information_interval

    column = VARIABLE_NAMES.index(pair["variable"])
    nats = information_interval(latents[:, pair["latent"]], variables[:, column], rng=rng)
    return dict(zip(("value", "low", "high"), plain_all(np.divide(nats, np.log(2))), strict=True))


def _chance(shuffled: NDArray[np.float64]) -> dict[str, Any]:
    known = np.isfinite(shuffled).any(axis=0)
    means = shuffled[:, known].mean(axis=1) if known.any() else np.full(1, np.nan)
    high = np.full(shuffled.shape[1], np.nan)
    high[known] = np.percentile(shuffled[:, known], 95, axis=0)
    return {
        "mean": plain(means.mean()),
        "high": plain(np.percentile(means, 95)),
        "variables": dict(zip(VARIABLE_NAMES, plain_all(high), strict=True)),
    }


def _rounded(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in matrix]


def _estimate_s(n_sources: int) -> float:
    return 5 + 20 * n_sources / 11_447


PART = Part(
    name="latents", label="Latents", version=1, compute=compute, tables=tables, estimate_s=_estimate_s
)  # fmt: skip
