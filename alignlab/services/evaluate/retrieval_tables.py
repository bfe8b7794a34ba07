"""Retrieval as tables: figures beside the paper's and the ceiling, groups of sources, and the pairs most confused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignlab.services.evaluate.paper import PAPER
from alignlab.services.evaluate.table import Cell, Column, Table

#: Ranker → what it is called, and what it knows, in words for a caption.
RANKERS: Mapping[str, tuple[str, str]] = {
    "shape": (
        "ideal reader, shape only",
        "knows how the simulator makes spectra and texts, and of a source only the shape of its observed spectrum, "
        "which is what a min–max normalised spectrum shows, its noise aside",
    ),
    "photons": (
        "ideal reader, all photons",
        "knows all that was observed, counts and flux as well; both weigh simulated sources of the other splits by "
        "their Poisson likelihood, so that the best possible may be slightly better",
    ),
    "truth": (
        "knows the truth",
        "knows each source's true class and parameters, without photon noise, and how probable each statement of each "
        "text is: what it misses is lost in the texts",
    ),
}
DIRECTION_WORDS = {"spectrum_to_text": "spectrum → text", "text_to_spectrum": "text → spectrum"}
GROUP_WORDS = {
    "class": "Class",
    "counts": "Counts",
    "papers": "Papers about it",
    "aspects": "What the papers discuss",
}


def tables(figures: Mapping[str, Any]) -> list[Table]:
    """Figures, groups, and confused pairs."""
    return [_figures(figures), _groups(figures), _confused(figures)]


def setting(figures: Mapping[str, Any]) -> str:
    """What every caption carries: survey, split, n, seed, run."""
    told = figures["provenance"]
    return (
        f"Survey {told['survey']} ({told['origin']}), run {told['run']}, {told['split']} split, "
        f"n = {told['n_pairs']:,} sources with a text, seed {told['seed']}."
    )


def ceiling_words(figures: Mapping[str, Any]) -> str:
    """What the ideal rankers know, or why there are none."""
    if not figures["ceiling"]:
        return f"No ceiling can be given. {figures['no_ceiling']}"
    knows = (f"“{label[0].upper()}{label[1:]}” {what}." for label, what in RANKERS.values())
    return f"Ideal rankers show what is possible. {' '.join(knows)}"


def _figures(figures: Mapping[str, Any]) -> Table:
    found, paper = figures["directions"], PAPER["retrieval"]
    n = found["spectrum_to_text"]["n_candidates"]
    rows = [_row(DIRECTION_WORDS[name], found[name]) for name in DIRECTION_WORDS]
    ceiling = figures["ceiling"] or {}
    for ranker, (label, _) in RANKERS.items():
        if ranker in ceiling:
            rows += [_row(f"{label}, {DIRECTION_WORDS[name]}", ceiling[ranker][name]) for name in DIRECTION_WORDS]
    chance = {
        f"recall_at_{p:g}_percent": found["spectrum_to_text"][f"candidates_within_{p:g}_percent"] / n
        for p in (1, 5, 10)
    }
    rows.append(_row("chance", {**chance, "median_rank": (n + 1) / 2, "n_candidates": n}))
    rows.append(_row("paper, spectrum → text", paper))
    return Table(
        name="retrieval",
        title="Finding a source's own text among all, and its spectrum among all",
        caption=f"{setting(figures)} Recall@k%: share of the queries whose partner is among the best k% of the "
        f"candidates (1% of {n:,} is {found['spectrum_to_text']['candidates_within_1_percent']}). Run reaches: the "
        f"run's recall@1% as a share of an ideal ranker's. Brackets: 95% "
        f"bootstrap intervals over the queries, {figures['n_bootstrap']:,} resamples. The paper's figures are for "
        f"{paper['n_candidates']:,} observed sources. {ceiling_words(figures)}",
        columns=[
            Column("ranker", "ranker"),
            *(Column(f"recall_at_{p:g}_percent", f"recall@{p:g}%", ".1f", as_percent=True) for p in (1, 5, 10)),
            Column("median_rank", "median rank", ",.0f"),
            Column("mean_reciprocal_rank", "mean 1/rank", ".3f"),
            Column("reached", "run reaches, at 1%", ".0f", as_percent=True),
            Column("n_candidates", "candidates", ","),
        ],
        rows=rows,
    )


def _row(label: str, told: Mapping[str, Any]) -> list[Cell]:
    keys = [*(f"recall_at_{p:g}_percent" for p in (1, 5, 10)), "median_rank", "mean_reciprocal_rank"]
    return [Cell(label), *(_cell(told, key) for key in keys), _cell(told, "reached"), Cell(told["n_candidates"])]


def _cell(told: Mapping[str, Any], key: str) -> Cell:
    low, high = told.get(f"{key}_interval", (None, None))
    return Cell(told.get(key), low, high)


def _groups(figures: Mapping[str, Any]) -> Table:
    rows = [
        [Cell(GROUP_WORDS[kind]), Cell(entry["label"]), Cell(entry["n"]), *_both_ways(entry)]
        for kind, entries in figures["groups"].items()
        for entry in entries
    ]
    return Table(
        name="retrieval_groups",
        title="For which sources it works",
        caption=f"{setting(figures)} Every query searches all candidates, whatever its group. Recall with 95% "
        "intervals after Wilson (the bootstrap has none where all or none of a few succeed), median ranks with 95% "
        "bootstrap intervals.",
        columns=[
            Column("group", "by"),
            Column("value", ""),
            Column("n", "n", ","),
            *(
                column
                for direction, words in DIRECTION_WORDS.items()
                for column in (
                    Column(f"{direction}_recall_at_1_percent", f"{words}: recall@1%", ".0f", as_percent=True),
                    Column(f"{direction}_median_rank", "median rank", ",.0f"),
                )
            ),
        ],
        rows=rows,
    )


def _both_ways(entry: Mapping[str, Any]) -> Iterator[Cell]:
    for direction in DIRECTION_WORDS:
        yield _cell(entry[direction], "recall_at_1_percent")
        yield _cell(entry[direction], "median_rank")


def _confused(figures: Mapping[str, Any]) -> Table:
    return Table(
        name="retrieval_confused",
        title="The sources most confused",
        caption=f"{setting(figures)} Spectrum → text: the sources whose own text comes last, each beside the source "
        "whose text comes first for its spectrum.",
        columns=[
            Column("source", "source"),
            Column("class", "class"),
            Column("counts", "counts", ","),
            Column("rank", "rank of its own text", ",.0f"),
            Column("first", "whose text comes first"),
            Column("first_class", "class"),
        ],
        rows=[
            [
                *(Cell(pair["source"][key] or None) for key in ("name", "class", "counts")),
                Cell(pair["rank"]),
                *(Cell(pair["first"][key] or None) for key in ("name", "class")),
            ]
            for pair in figures["confused"]
        ],
    )
