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
        f"the greatest Pearson correlation with the true values on the {figures['chosen_on']} split "
        f"(n = {figures['n_chosen_on']:,})."
    )


def errors_finding(figures: Mapping[str, Any]) -> str:
    """How much the mixture gains, beside the paper's figure."""
    average = figures["average"]["mixture"]
    if average["over_spectrum"] is None:
        return "No variable can be compared: none is known for a source of this split."
    low, high = PAPER["improvement_percent"]
    return (
        f"Estimates that draw on spectrum and text are on average {_change(average['over_spectrum'])} than those from "
        f"the spectrum alone (the paper: {low:.0f} to {high:.0f}% smaller), and {_change(average['over_better'])} than "
        f"those from the better of spectrum and text before alignment; beyond chance for {average['n_better']} of "
        f"{len(VARIABLE_NAMES)} variables{_worse(average['n_worse'])}."
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


def _change(told: Sequence[float]) -> str:
    value, low, high = (100 * x for x in told)
    if value < 0:
        value, low, high = -value, -high, -low
        return f"{value:.1f}% ({low:.1f} to {high:.1f}%) larger in error"
    return f"{value:.1f}% ({low:.1f} to {high:.1f}%) smaller in error"


def _worse(n: int) -> str:
    return f", worse for {n}" if n else ""


def _share(value: float) -> str:
    return f"{100 * value:.0f}%"


def _named(name: str) -> str:
    return BY_NAME[name].label
