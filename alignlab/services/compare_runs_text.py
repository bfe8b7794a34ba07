"""A comparison of two runs in words, and as a terminal shows it."""

from __future__ import annotations

import math

import numpy as np

from alignlab.services.compare_runs import FigureDifference, RunComparison
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLES

_LISTED = 10


def verdict_sentence(comparison: RunComparison) -> str:
    """What the figures say about the second run, in one sentence."""
    second, first = comparison.second, comparison.first
    n_better, n_worse = (sum(f.verdict == verdict for f in comparison.figures) for verdict in ("better", "worse"))
    of = f"of {len(comparison.figures)} retrieval figures"
    if not n_better and not n_worse:
        return f"Between {second} and {first} no difference is seen in any {of}."
    if not n_worse:
        return f"{second} is better than {first} beyond the interval in {n_better} {of}, worse in none."
    if not n_better:
        return f"{second} is worse than {first} beyond the interval in {n_worse} {of}, better in none."
    return f"{second} is better than {first} beyond the interval in {n_better} {of} and worse in {n_worse}."


def variables_sentence(comparison: RunComparison) -> str:
    """How many variables the second run estimates better or worse."""
    found = comparison.variables
    known = int(np.isfinite(found.p_corrected).sum())
    better = [VARIABLES[k].label for k in np.flatnonzero(found.clear & (found.difference < 0))]
    worse = [VARIABLES[k].label for k in np.flatnonzero(found.clear & (found.difference > 0))]
    if not better and not worse:
        return f"None of {known} variables is estimated better or worse after correction for their number."
    told = [
        f"estimated {name}: {', '.join(labels)}" for name, labels in (("better", better), ("worse", worse)) if labels
    ]
    n = len(better) + len(worse)
    return f"{n} of {known} variables {'differs' if n == 1 else 'differ'}; {'; '.join(told)}."


def basis(comparison: RunComparison) -> str:
    """What the figures rest on: sources, split, resamples, seed."""
    origin = "simulated" if comparison.simulated else "observed"
    return (
        f"{comparison.split} split, n = {comparison.n_pairs:,} {origin} sources with texts, both runs over the same; "
        f"95% intervals of the difference: paired bootstrap, {comparison.n_resamples:,} resamples, "
        f"seed {comparison.seed}"
    )


def value_words(figure: FigureDifference, value: float) -> str:
    """A figure as a person reads it: ``24.1%``, ``84``, ``0.057``."""
    if figure.kind == "share":
        return f"{100 * value:.1f}%"
    return f"{value:,.0f}" if figure.kind == "rank" and value == round(value) else _plain(figure, value)


def difference_words(figure: FigureDifference) -> str:
    """A difference with its interval: ``+3.8 points (+1.2 to +6.3)``."""
    scale = 100 if figure.kind == "share" else 1
    numbers = [_signed(figure, scale * value) for value in (figure.difference, figure.low, figure.high)]
    unit = " points" if figure.kind == "share" else ""
    return f"{numbers[0]}{unit} ({numbers[1]} to {numbers[2]})"


def comparison_text(comparison: RunComparison, survey: Survey) -> str:
    """Everything, as tables whose columns are separated by tabs; missing figures are empty."""
    first, second = comparison.first, comparison.second
    lines = [basis(comparison), verdict_sentence(comparison), "", f"figure\tdirection\t{first}\t{second}\tdifference"]
    lines[-1] += "\tverdict"
    for figure in comparison.figures:
        values = [value_words(figure, value) for value in (figure.first, figure.second)]
        lines.append("\t".join([figure.label, figure.direction, *values, difference_words(figure), figure.verdict]))
    lines += [
        "",
        variables_sentence(comparison),
        f"variable\tunit\tMAE {first}\tMAE {second}\tdifference\tlow\thigh\tp\tn",
    ]
    found = comparison.variables
    for place in found.by_change():
        columns = (found.first, found.second, found.difference, found.low, found.high, found.p_corrected)
        cells = [_number(float(column[place])) for column in columns]
        lines.append("\t".join([VARIABLES[place].name, VARIABLES[place].unit, *cells, str(found.n[place])]))
    changed = comparison.neighbours
    names = survey.sources["name"]
    lines += ["", f"neighbours changed most\tof {changed.k} nearest shared (Jaccard)"]
    lines += [f"{names.iloc[row]}\t{changed.jaccard[row]:.2f}" for row in changed.most_changed(_LISTED)]
    for word, rows in (("gained", changed.gained), ("lost", changed.lost)):
        lines += ["", f"outliers {word}: {len(rows)}"]
        lines += [str(names.iloc[row]) for row in rows[:_LISTED]]
    lines += ["", f"recipe\t{first}\t{second}"]
    lines += [f"{change.name}\t{change.first}\t{change.second}" for change in comparison.recipe]
    return "\n".join(lines)


def _plain(figure: FigureDifference, value: float) -> str:
    return f"{value:.{1 if figure.kind == 'rank' else 3}f}"


def _signed(figure: FigureDifference, value: float) -> str:
    text = f"{value:+.{3 if figure.kind == 'mean' else 1}f}"
    return text[1:] if not text.strip("+-0.") else text.replace("-", "−")


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else ""
