"""What the figures of Parameters say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.services.evaluate.paper import PAPER
from alignlab.variables import BY_NAME, VARIABLE_NAMES

METHOD_LABELS: Mapping[str, str] = {
    "mean": "always the mean",
    "spectrum": "spectrum, before",
    "text": "text, before",
    "spectrum_aligned": "spectrum, after",
    "text_aligned": "text, after",
    "both": "both, after",
    "mixture": "mixture of experts",
    "heads": "small heads",
    "shuffled": "both, values shuffled",
}
#: So good a coverage counts as what was promised.
TOLERANCE = 0.03
#: Of shares that are 3 points away to the last digit.
ROUNDING = 1e-9


def basis(figures: Mapping[str, Any]) -> str:
    """What every figure is of: ``n = 1,719 sources with text, test split, seed 7``."""
    told = figures["provenance"]
    left_out = figures["n_without_text"]
    without = f" ({left_out:,} without are left out)" if left_out else ""
    return f"n = {figures['n_judged']:,} sources with text{without}, {told['split']} split, seed {told['seed']}"


def mixture_sentence(figures: Mapping[str, Any]) -> str:
    """What the mixture is, precisely."""
    return (
        "Mixture of experts: for each variable the estimates from that one of the five latents whose estimates have "
        f"the greatest Pearson correlation with the measured values on the {figures['chosen_on']} split "
        f"(n = {figures['n_chosen_on']:,})."
    )


def heads_sentence(figures: Mapping[str, Any]) -> str:
    """Which small heads stand beside the neighbours; empty where the run has none."""
    heads = figures["heads"]
    if heads is None:
        return ""
    return (
        f"Small heads: {heads['id']} ({heads['method']}, {heads['fusion']}), of the run's the one with the smallest "
        "errors on the validation split."
    )


def errors_finding(figures: Mapping[str, Any]) -> str:
    """How much the mixture gains, beside the paper's figure."""
    average = figures["average"]["mixture"]
    if average["over_spectrum"] is None:
        return "No variable can be compared: none is known for a source of this split."
    low, high = PAPER["improvement_percent"]
    return (
        f"The mixture of experts errs on average {_change(average['over_spectrum'])} than the spectrum alone (the "
        f"paper: {low:.0f} to {high:.0f}% less), and {_change(average['over_better'])} than the better of spectrum and "
        f"text before alignment: beyond chance less for {average['n_better']} of {len(VARIABLE_NAMES)} variables, more "
        f"for {average['n_worse']}."
    )


def accuracy_finding(figures: Mapping[str, Any]) -> str:
    """Which variables are told best and worst."""
    relative = {
        name: told["relative"]["mixture"][0]
        for name, told in figures["variables"].items()
        if told["relative"]["mixture"] is not None
    }
    if not relative:
        return "No variable has an estimate."
    order = sorted(relative, key=relative.__getitem__)
    useless = sum(value >= 1 for value in relative.values())
    none = f"; {useless} of {len(relative)} no better than that" if useless else ""
    return (
        f"Told best: {_named(order[0])}, whose errors are {_share(relative[order[0]])} of those of always answering "
        f"the mean; worst: {_named(order[-1])}, {_share(relative[order[-1]])}{none}."
    )


def coverage_finding(figures: Mapping[str, Any]) -> str:
    """For how many variables intervals hold what they promise."""
    within, total = figures["within_tolerance"], len(VARIABLE_NAMES)
    heads = f"; of the small heads, {within['heads']['68']} and {within['heads']['95']}" if "heads" in within else ""
    return (
        f"Calibrated intervals of the mixture hold what they promise, within 3 points, for {within['mixture']['68']} "
        f"of {total} variables at 68% and {within['mixture']['95']} of {total} at 95%{heads}."
    )


def newer_heads(figures: Mapping[str, Any], now: Sequence[str]) -> str:
    """That small heads have come or gone since the figures were computed, and what to do; empty where none have."""
    if list(now) == list(figures["known_heads"]):
        return ""
    run = figures["provenance"]["run"]
    return (
        "The run's small heads are others than when these figures were computed: "
        f"'alignlab evaluate {run} --part parameters --again' takes them in."
    )


def _change(told: Sequence[float]) -> str:
    value, low, high = (100 * x for x in told)
    if value < 0:
        value, low, high = -value, -high, -low
        return f"{value:.1f}% ({low:.1f} to {high:.1f}) more"
    return f"{value:.1f}% ({low:.1f} to {high:.1f}) less"


def _share(value: float) -> str:
    return f"{100 * value:.0f}%"


def _named(name: str) -> str:
    return BY_NAME[name].label
