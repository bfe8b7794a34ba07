"""How alike a source's neighbours are before and after alignment: the spread of every variable among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.figure import cell, with_interval
from alignlab.services.evaluate.latents_tables import LABELS, of_split
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.variables import BY_NAME, VARIABLE_NAMES

NEIGHBOURS = (5, 10, 30)
#: What is compared with what: a representation after alignment with the one before it.
COMPARED: Mapping[str, str] = {"spectrum_aligned": "spectrum", "text_aligned": "text", "both": "spectrum"}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Spread among the nearest sources of the training split, for each source of the split that has any text.

    Spread is the mean difference between two neighbours' places in the order of all values, relative to that of two
    sources at random: 1 says nothing about the variable, 0 that neighbours are all alike.

    Returns
    -------
    dict
        ``n_neighbours_from`` and, per number of neighbours ``k``, ``n`` (sources that have two neighbours with the
        variable in every representation), ``spread`` (representation → ``variables`` and their ``mean``) and ``change``
        (representation after → ``before``, the differences of ``variables`` and of the ``mean``; below zero is more
        alike), each with its interval.

    Raises
    ------
    AlignlabError
        If no source of the split has any text, or fewer than two are in the training split.
    """
    from alignlab.analysis.neighbour_spread import percent_places
    from alignlab.analysis.similarity import top_k

    base = np.flatnonzero(context.training)
    if not context.pairs.any() or len(base) < 2:
        raise AlignlabError(
            f"neighbours in survey {context.survey.name!r} cannot be compared: {context.pairs.sum()} sources of the "
            f"{context.split} split have any text, {len(base)} are in the training split.",
            remedy="Evaluate a run of a survey with papers and a training split.",
        )
    places = percent_places(context.survey.variables[base])
    index = {}
    for number, name in enumerate(LABELS):
        report(on_step, number, len(LABELS) + 1, f"neighbours in {LABELS[name]}")
        latents = context.latents(name)
        index[name] = top_k(latents[context.pairs], latents[base], min(max(NEIGHBOURS), len(base))).index
    report(on_step, len(LABELS), len(LABELS) + 1, "spread among neighbours")
    told = {str(k): _at(index, places, k, np.random.default_rng(context.seed)) for k in NEIGHBOURS if k <= len(base)}
    return {"n_neighbours_from": len(base), "variables": list(VARIABLE_NAMES), "k": told}


def _at(
    index: Mapping[str, NDArray[np.int64]], places: NDArray[np.float64], k: int, rng: np.random.Generator
) -> dict[str, Any]:
    from alignlab.analysis.neighbour_spread import neighbour_spread, resampled_means

    spread = {name: neighbour_spread(found[:, :k], places) for name, found in index.items()}
    # All representations are judged by the same sources, so that they can be compared.
    known = np.logical_and.reduce([np.isfinite(values) for values in spread.values()])
    spread = {name: np.where(known, values, np.nan) for name, values in spread.items()}
    drawn = resampled_means(np.hstack(list(spread.values())), rng=rng, n_resamples=N_BOOTSTRAP)
    parts = dict(zip(spread, np.split(drawn, len(spread), axis=1), strict=True))
    n = known.sum(axis=0)
    means = {
        name: np.divide(np.nansum(values, axis=0), n, out=np.full(len(n), np.nan), where=n > 0)
        for name, values in spread.items()
    }
    return {
        "n": n.tolist(),
        "spread": {name: _figures(means[name], parts[name]) for name in spread},
        "change": {
            after: {"before": before, **_figures(means[after] - means[before], parts[after] - parts[before])}
            for after, before in COMPARED.items()
        },
    }


def _figures(values: NDArray[np.float64], drawn: NDArray[np.float64]) -> dict[str, Any]:
    known = np.isfinite(values)
    mean = with_interval(values[known].mean(), drawn[:, known].mean(axis=1)) if known.any() else None
    variables = [with_interval(values[v], drawn[:, v]) for v in range(len(values))]
    return {"mean": mean or {"value": None, "low": None, "high": None}, "variables": variables}


def verdict(change: Mapping[str, Any]) -> str:
    """``more alike``, ``less alike`` or ``no difference seen``, by the interval of a change."""
    if change["value"] is None:
        return "unknown"
    if change["high"] < 0:
        return "more alike"
    return "less alike" if change["low"] > 0 else "no difference seen"


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """Means for each number of neighbours, and each variable for ten of them."""
    shown = "10" if "10" in figures["k"] else next(iter(figures["k"]))
    return [_means(figures), _variables(figures, shown)]


def _means(figures: Mapping[str, Any]) -> Table:
    rows = []
    for k, told in figures["k"].items():
        means = {name: told["spread"][name]["mean"] for name in LABELS}
        rows.append([Cell(int(k)), *_marked(means)])
    return Table(
        name="neighbours-means",
        title="Spread among neighbours relative to random sources, mean over the variables",
        caption=(
            f"{_caption(figures)} The places of two neighbours in the order of all values differ by this part of what "
            "those of two random sources do. Underlined: the smallest; bold: within its interval."
        ),
        columns=[Column("k", "neighbours"), *(Column(name, label, ".3f") for name, label in LABELS.items())],
        rows=rows,
    )


def _variables(figures: Mapping[str, Any], k: str) -> Table:
    told = figures["k"][k]
    rows = []
    for place, (variable, n) in enumerate(zip(figures["variables"], told["n"], strict=True)):
        change = told["change"]["both"]["variables"][place]
        spreads = {name: told["spread"][name]["variables"][place] for name in LABELS}
        rows.append([Cell(BY_NAME[variable].label), Cell(n), *_marked(spreads), cell(change), Cell(verdict(change))])
    return Table(
        name="neighbours-variables",
        title=f"Spread among {k} neighbours, each variable",
        caption=(
            f"{_caption(figures)} Underlined: the smallest; bold: within its interval. Change: both, aligned, less "
            "spectrum, before alignment."
        ),
        columns=[
            Column("variable", "variable"),
            Column("n", "n", ",d"),
            *(Column(name, label, ".2f") for name, label in LABELS.items()),
            Column("change", "change", ".3f"),
            Column("verdict", "neighbours are"),
        ],
        rows=rows,
    )


def _caption(figures: Mapping[str, Any]) -> str:
    return (
        f"n = {figures['provenance']['n_pairs']:,} with any text, {of_split(figures)}; neighbours are the nearest of "
        f"{figures['n_neighbours_from']:,} training sources by cosine; n of a variable: those with at least two "
        "neighbours that have it. 95% bootstrap intervals over sources, all columns resampled together."
    )


def _marked(figures: Mapping[str, Mapping[str, Any]]) -> list[Cell]:
    known = {name: told["value"] for name, told in figures.items() if told["value"] is not None}
    best = min(known, key=lambda name: known[name], default=None)
    high = figures[best]["high"] if best else None
    return [
        cell(told, is_best=name == best, is_near_best=name in known and known[name] <= high)
        for name, told in figures.items()
    ]


def _estimate_s(n_sources: int) -> float:
    return 5 + 10 * n_sources / 11_447


PART = Part(name="neighbours", label="Neighbours", version=1, compute=compute, tables=tables, estimate_s=_estimate_s)
