"""What the figures of retrieval say, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.services.evaluate.paper import PAPER

_AT_1, _INTERVAL = "recall_at_1_percent", "recall_at_1_percent_interval"
#: Groups of fewer sources are not compared in words.
_FEWEST_COMPARED = 20
_OF_GROUP = {
    "class": "{} ",
    "counts": "sources with {} counts ",
    "papers": "sources with {} papers ",
    "aspects": "sources whose papers discuss {} ",
}
_KIND = {
    "class": "Among classes",
    "counts": "By counts",
    "papers": "By number of papers",
    "aspects": "By what the papers discuss",
}


def recall_finding(figures: Mapping[str, Any]) -> str:
    """How often a spectrum finds its text, beside the paper and chance."""
    found, paper = figures["directions"]["spectrum_to_text"], PAPER["retrieval"]
    n, within = found["n_candidates"], found["candidates_within_1_percent"]
    origin = figures["provenance"]["origin"]
    return (
        f"A spectrum finds the text about its own source among the best 1% ({within} of {n:,}) for "
        f"{_share(found[_AT_1], found[_INTERVAL])} of sources ({origin}); the paper reports "
        f"{paper['recall_at_1_percent']:.0%} on observed ones, chance is {within / n:.1%}."
    )


def ceiling_finding(figures: Mapping[str, Any]) -> str:
    """How much of what is possible that is; why it cannot be said where it cannot."""
    if not figures["ceiling"]:
        return f"How much of what is possible that is cannot be said. {figures['no_ceiling']}"
    best = {ranker: sides["spectrum_to_text"] for ranker, sides in figures["ceiling"].items()}
    shape, photons, truth = (f"{best[name][_AT_1]:.0%}" for name in ("shape", "photons", "truth"))
    return (
        f"That is {_reached(best['shape'])} of what an ideal reader gets out of the shape of the spectra alone "
        f"({shape}), and {_reached(best['photons'])} of what one gets that also uses counts and flux ({photons}); with "
        f"the truth known, the texts would identify {truth} of the sources as well."
    )


def groups_finding(figures: Mapping[str, Any], kinds: Sequence[str]) -> str:
    """For which groups it works best and worst, where their intervals are apart."""
    return " ".join(_group_sentence(kind, figures["groups"][kind]) for kind in kinds)


def first_finding(figures: Mapping[str, Any]) -> str:
    """How often the first text is about the right class at least."""
    first = figures["first"]
    return (
        "The first text of all is about a source of the same class for "
        f"{_share(first['same_class'], first['same_class_interval'])} of the spectra (by chance "
        f"{first['same_class_chance']:.0%})."
    )


def confused_finding(figures: Mapping[str, Any]) -> str:
    """How many of the sources whose own text comes last have a text that says nothing of their spectrum."""
    pairs, silent = figures["confused"], figures["n_silent_on_spectrum"]
    if not pairs:
        return "No spectrum finds another source's text first."
    n_silent = sum("spectrum" not in pair["source"]["texts"] for pair in pairs)
    share = silent / figures["provenance"]["n_pairs"]
    return (
        f"Of the {len(pairs)} sources whose own text comes last, {n_silent} have papers that do not discuss the X-ray "
        f"spectrum; of all sources {share:.1%} have such papers."
    )


def _group_sentence(kind: str, entries: Sequence[Mapping[str, Any]]) -> str:
    compared = [entry for entry in entries if entry["n"] >= _FEWEST_COMPARED]
    if len(compared) < 2:
        return f"{_KIND[kind]} there are too few sources to compare."
    best = max(compared, key=lambda entry: entry["spectrum_to_text"][_INTERVAL][0])
    worst = min(compared, key=lambda entry: entry["spectrum_to_text"][_INTERVAL][1])
    if best["spectrum_to_text"][_INTERVAL][0] <= worst["spectrum_to_text"][_INTERVAL][1]:
        return f"{_KIND[kind]} no clear difference is seen."
    return f"{_KIND[kind]} it clearly works better for {_of_group(kind, best)} than for {_of_group(kind, worst)}."


def _reached(told: Mapping[str, Any]) -> str:
    return "–" if told["reached"] is None else _share(told["reached"], told["reached_interval"], digits=0)


def _of_group(kind: str, entry: Mapping[str, Any]) -> str:
    told = entry["spectrum_to_text"]
    share = _share(told[_AT_1], told[_INTERVAL], digits=0)
    return f"{_OF_GROUP[kind].format(entry['label'])}({share}, n = {entry['n']:,})"


def _share(value: float, interval: Sequence[float], *, digits: int = 1) -> str:
    low, high = (f"{100 * limit:.{digits}f}" for limit in interval)
    return f"{100 * value:.{digits}f}% ({low}–{high}%)"
