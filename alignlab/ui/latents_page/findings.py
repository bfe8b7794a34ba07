"""What the Latents page's sections found, in a sentence or two, from their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.services.evaluate.latents_tables import latent_name
from alignlab.services.evaluate.neighbours import COMPARED, verdict
from alignlab.services.evaluate.paper import PAPER
from alignlab.ui import words
from alignlab.variables import BY_NAME

_SPOKEN = {"spectrum_aligned": "the spectrum", "text_aligned": "the text", "both": "both together"}


def correlations_finding(figures: Mapping[str, Any]) -> str:
    """How closely single latents follow single variables, against chance and the paper."""
    found = figures["representations"]
    both, text, before = found["both"], found["text_aligned"], found["text"]
    if both["mean_best"]["value"] is None:
        return "No source of this split has a variable to compare the latents with."
    n_spectrum = found["spectrum_aligned"]["n_latents"]
    top = both["top_pairs"][0]
    return (
        f"A single number of the aligned space follows a variable with |ρ| = {_ranged(both['mean_best'])}, mean over "
        f"{words.plural(len(both['best']), 'variable')}; chance would give {both['chance']['mean']:.2f}, and the paper "
        f"found {PAPER['correlations']['both']:.2f} on observed sources. Closest: latent "
        f"{latent_name(top['latent'], n_spectrum)} with {BY_NAME[top['variable']].label}, ρ = "
        f"{words.number(top['spearman']['value'], digits=2)}. Alignment takes the text from "
        f"{before['mean_best']['value']:.2f} to {text['mean_best']['value']:.2f}."
    )


def formulas_finding(figures: Mapping[str, Any]) -> str:
    """How much of the latents formulas explain, and how much is left for anything else to explain."""
    told = [entry for entry in figures["latents"] if entry["chosen"] is not None]
    if not told:
        return "No formula of the variables explains any of these latents better than their mean does."
    shown = [entry["front"][entry["chosen"]] for entry in told]
    return (
        f"Short formulas ({_from_to([f['complexity'] for f in shown], '{:d}')} numbers, variables and operations) "
        f"explain {_from_to([f['r2']['value'] for f in shown], '{:.0%}')} of the variance of "
        f"{words.plural(len(told), 'latent')}, for sources that were not used to find them; a forest of trees, given "
        f"the same variables, {_from_to([entry['forest'] for entry in told], '{:.0%}')}."
    )


def neighbours_finding(figures: Mapping[str, Any], k: str) -> str:
    """Whether aligned neighbours vary less, as the paper says, representation by representation."""
    told = figures["k"][k]
    holds: dict[bool, list[str]] = {True: [], False: []}
    for after, before in COMPARED.items():
        change = told["change"][after]["mean"]
        if change["value"] is None:
            continue
        values = (told["spread"][name]["mean"]["value"] for name in (after, before))
        now, then = (f"{value:.3f}" for value in values)
        than = " in the spectrum alone" if after == "both" else ""
        holds[verdict(change) == "more alike"].append(f"{_SPOKEN[after]} ({now}, before alignment{than} {then})")
    if not holds[True]:
        said = f"does not hold here, not for {_listed(holds[False])}" if holds[False] else "cannot be judged here"
    else:
        said = f"holds here for {_listed(holds[True])}"
        said += f", not for {_listed(holds[False])}" if holds[False] else ""
    return (
        f"The paper's “aligned neighbours exhibit smaller variability” {said}: spread of the variables among {k} "
        "neighbours, of that among random sources."
    )


def variables_finding(figures: Mapping[str, Any], k: str) -> str:
    """In which variables aligned neighbours are more alike than those in the spectrum before, in which less."""
    changes = figures["k"][k]["change"]["both"]["variables"]
    by_verdict: dict[str, list[str]] = {"more alike": [], "less alike": [], "no difference seen": []}
    for name, change in zip(figures["variables"], changes, strict=True):
        if change["value"] is not None:
            by_verdict[verdict(change)].append(BY_NAME[name].label)
    return " ".join(
        f"{title} in {len(names)}{': ' + ', '.join(names) if names else ''}."
        for title, names in (
            (
                f"Among {k} neighbours in both, against the spectrum before alignment: more alike",
                by_verdict["more alike"],
            ),
            ("Less alike", by_verdict["less alike"]),
            ("No difference seen", by_verdict["no difference seen"]),
        )
    )


def _ranged(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f}–{figure['high']:.2f})"


def _from_to(values: Sequence[Any], form: str) -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
