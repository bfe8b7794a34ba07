"""Correlations of latents with variables, and the spread among neighbours, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.services.evaluate.figure import cell
from alignlab.services.evaluate.paper import PAPER
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.variables import BY_NAME

LABELS: Mapping[str, str] = {
    "spectrum": "spectrum, before alignment",
    "text": "text, before alignment",
    "spectrum_aligned": "spectrum, aligned",
    "text_aligned": "text, aligned",
    "both": "both, aligned",
}
#: Key of the paper's figure that stands beside each.
_PAPER = {"spectrum_aligned": "spectrum", "text_aligned": "text", "both": "both"}


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """Means of the best coefficients, the best latent of each variable, and the strongest pairs of all."""
    return [_means(figures), _best(figures), _top(figures)]


def of_split(figures: Mapping[str, Any]) -> str:
    """``test split, seed 7, run paper-6baeb6``, for captions."""
    told = figures["provenance"]
    return f"{told['split']} split of {told['survey']} ({told['origin']}), seed {told['seed']}, run {told['run']}"


def size(coefficient: Mapping[str, Any]) -> dict[str, float]:
    """Absolute value of a coefficient with the interval of that: ``value``, ``low``, ``high``."""
    value, low, high = (coefficient[key] for key in ("value", "low", "high"))
    nearest = 0.0 if low < 0 < high else min(abs(low), abs(high))
    return {"value": abs(value), "low": nearest, "high": max(abs(low), abs(high))}


def latent_name(latent: int, n_spectrum: int) -> str:
    """A latent of `both` by its modality and its number there: ``spectrum 31``."""
    return f"spectrum {latent}" if latent < n_spectrum else f"text {latent - n_spectrum}"


def _means(figures: Mapping[str, Any]) -> Table:
    found = figures["representations"]
    values = {name: told["mean_best"]["value"] for name, told in found.items()}
    best = max((name for name in found if values[name] is not None), key=lambda name: values[name], default=None)
    low = found[best]["mean_best"]["low"] if best else None
    rows = [
        [
            Cell(LABELS[name]),
            Cell(told["n_latents"]),
            cell(
                told["mean_best"],
                is_best=name == best,
                is_near_best=low is not None and values[name] is not None and values[name] >= low,
            ),
            cell(told["mean_chosen"]),
            Cell(told["chance"]["mean"]),
            Cell(told["chance"]["high"]),
            Cell(PAPER["correlations"][_PAPER[name]] if name in _PAPER else None),
        ]
        for name, told in found.items()
    ]
    return Table(
        name="latents-means",
        title="Best |ρ| of a single latent, mean over the variables",
        caption=(
            f"Spearman's ρ; n = {figures['provenance']['n']:,}, {of_split(figures)}. Best: as in the paper, the latent "
            "is chosen among all by the same sources that it is judged by, so that chance alone gives more, the more "
            "latents there are (values shuffled among sources, 200 times: mean, and 95th percentile). Chosen on "
            "validation: the latent is chosen by other sources. Intervals: 95%, bootstrap over sources, pairs kept. "
            "The paper's values, on observed sources, stand beside the aligned ones."
        ),
        columns=[
            Column("representation", "latents of"),
            Column("n_latents", "number"),
            Column("best", "best", ".3f"),
            Column("chosen", "chosen on validation", ".3f"),
            Column("chance", "chance", ".3f"),
            Column("chance_high", "chance, 95%", ".3f"),
            Column("paper", "paper", ".2f"),
        ],
        rows=rows,
    )


def _best(figures: Mapping[str, Any]) -> Table:
    found = figures["representations"]
    shown = [name for name in LABELS if name != "both"]
    of_variable = {name: {pair["variable"]: pair for pair in found[name]["best"]} for name in LABELS}
    rows = []
    for variable, n in zip(figures["variables"], figures["n"], strict=True):
        pairs = {name: of_variable[name][variable]["spearman"] for name in shown if variable in of_variable[name]}
        best = max(pairs, key=lambda name: abs(pairs[name]["value"]), default=None)
        low = size(pairs[best])["low"] if best else 0.0
        cells = [
            cell(pairs[name], is_best=name == best, is_near_best=abs(pairs[name]["value"]) >= low)
            if name in pairs
            else Cell(None)
            for name in shown
        ]
        both = of_variable["both"].get(variable)
        chance = Cell(found["both"]["chance"]["variables"][variable])
        rows.append(
            [Cell(BY_NAME[variable].label), Cell(n), *cells, chance, cell(both["bits"]) if both else Cell(None)]
        )
    return Table(
        name="latents-best",
        title="The latent that follows each variable best",
        caption=(
            f"Spearman's ρ of the best latent with 95% bootstrap interval; {of_split(figures)}, n sources have the "
            "variable. Underlined: the strongest; bold: within its interval. Chance: the best of all aligned latents "
            "stays below this |ρ| in 95% of shuffles. Information: mutual information with the best aligned latent, "
            "estimated from 3 nearest neighbours (Kraskov et al. 2004), interval by leaving out tenths of the sources."
        ),
        columns=[
            Column("variable", "variable"),
            Column("n", "n", ",d"),
            *(Column(name, LABELS[name], ".2f") for name in shown),
            Column("chance", "chance, |ρ|", ".2f"),
            Column("bits", "information, bits", ".2f"),
        ],
        rows=rows,
    )


def _top(figures: Mapping[str, Any]) -> Table:
    n_spectrum = figures["representations"]["spectrum_aligned"]["n_latents"]
    rows = [
        [
            Cell(latent_name(pair["latent"], n_spectrum)),
            Cell(BY_NAME[pair["variable"]].label),
            cell(pair["spearman"]),
            Cell(pair["pearson"]),
            cell(pair["bits"]),
            Cell(pair["n"]),
        ]
        for pair in figures["representations"]["both"]["top_pairs"]
    ]
    return Table(
        name="latents-top-pairs",
        title="Strongest pairs of latent and variable",
        caption=(
            f"Aligned latents of spectrum and text, {of_split(figures)}. Spearman's ρ with 95% bootstrap interval, "
            "Pearson's r, mutual information (3 nearest neighbours)."
        ),
        columns=[
            Column("latent", "latent"),
            Column("variable", "variable"),
            Column("spearman", "ρ (Spearman)", ".2f"),
            Column("pearson", "r (Pearson)", ".2f"),
            Column("bits", "information, bits", ".2f"),
            Column("n", "n", ",d"),
        ],
        rows=rows,
    )
