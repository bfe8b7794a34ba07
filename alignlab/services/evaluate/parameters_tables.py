"""The figures of Parameters as tables: errors as in the paper's Table 3, methods on average, coverage of intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alignlab.services.evaluate.paper import PAPER, PAPER_MAE
from alignlab.services.evaluate.parameters_text import (
    METHOD_LABELS,
    ROUNDING,
    TOLERANCE,
    basis,
    heads_sentence,
    mixture_sentence,
)
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.variables import VARIABLES

#: Not compared: it is there to show what neighbours are worth by chance.
_CONTROL = "shuffled"
#: What knows nothing of a source has no gain to speak of.
_UNINFORMED = ("mean", _CONTROL)


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """Errors of each variable, methods on average, coverage of the mixture's intervals and of small heads'."""
    return [_errors(figures), _averages(figures), *(_coverage(figures, name) for name in figures["coverage"])]


def _errors(figures: Mapping[str, Any]) -> Table:
    methods = [method for method in figures["methods"] if method != _CONTROL]
    columns = [
        Column("variable", "variable"),
        Column("n", "n", ","),
        *(Column(method, METHOD_LABELS[method]) for method in methods),
        Column("improvement", "improvement", ".0f", as_percent=True),
        *([Column("paper", "paper")] if PAPER_MAE else []),
    ]
    rows = []
    for variable in VARIABLES:
        told = figures["variables"][variable.name]
        mae = {method: told["mae"][method] for method in methods}
        rows.append(
            [
                Cell(variable.label_with_unit),
                Cell(told["n"]),
                *_compared(mae),
                _cell(told["over_better"]["mixture"]),
                *([Cell(PAPER_MAE.get(variable.name))] if PAPER_MAE else []),
            ]
        )
    average = figures["average"]
    rows.append(
        [
            Cell("mean of errors over those of the mean"),
            Cell(None),
            *_compared({method: average[method]["relative"] for method in methods}),
            _cell(average["mixture"]["over_better"]),
            *([Cell(None)] if PAPER_MAE else []),
        ]
    )
    missing = "" if PAPER_MAE else " The paper's own values are not available offline, so there is no column for them."
    caption = (
        f"Mean absolute errors, each in its variable's unit, with 95% bootstrap intervals over sources; "
        f"{basis(figures)}. Before and after alignment: mean of the k = {figures['k']} nearest training sources by "
        f"cosine; where texts are read, only sources with any text are neighbours. {mixture_sentence(figures)} "
        "Underlined: the smallest error; bold: within its interval. Improvement: of the mixture on the better of "
        f"spectrum and text before alignment, whichever has the smaller error here.{missing} {heads_sentence(figures)}"
    ).rstrip()
    return Table(name="parameters", title="Errors of the 20 variables", caption=caption, columns=columns, rows=rows)


def _averages(figures: Mapping[str, Any]) -> Table:
    columns = [
        Column("method", "estimated from"),
        Column("relative", "error / that of the mean", ".3f"),
        Column("over_spectrum", "improvement on the spectrum", ".1f", as_percent=True),
        Column("over_better", "improvement on the better alone", ".1f", as_percent=True),
        Column("n_better", "better", "d"),
        Column("n_worse", "worse", "d"),
    ]
    compared = [method for method in figures["methods"] if method != _CONTROL]
    marked = dict(zip(compared, _compared({m: figures["average"][m]["relative"] for m in compared}), strict=True))
    rows = []
    for method in figures["methods"]:
        told = figures["average"][method]
        row = [Cell(METHOD_LABELS[method]), marked.get(method, _cell(told["relative"]))]
        if method in _UNINFORMED:
            rows.append([*row, *[Cell(None)] * 4])
            continue
        gains = [_cell(told["over_spectrum"]), _cell(told["over_better"])]
        rows.append([*row, *gains, Cell(told["n_better"]), Cell(told["n_worse"])])
    low, high = PAPER["improvement_percent"]
    rows.append(
        [
            Cell("paper, mixture of experts"),
            Cell(None),
            Cell(f"{low:.0f} to {high:.0f}%"),
            *[Cell(None)] * 3,
        ]
    )
    caption = (
        f"Means over the variables, with 95% paired bootstrap intervals over sources; {basis(figures)}. Better and "
        "worse: of how many variables the interval of the improvement on the better of spectrum and text before "
        "alignment lies above or below zero. Shuffled: the neighbours in both, with the values of the training sources "
        f"dealt out anew: what such an estimate is worth by chance. The paper's is a range, "
        "no interval."
    )
    return Table(name="parameters_average", title="Methods on average", caption=caption, columns=columns, rows=rows)


def _coverage(figures: Mapping[str, Any], method: str) -> Table:
    is_mixture = method == "mixture"
    columns = [
        Column("variable", "variable"),
        Column("n", "n", ","),
        *([Column("spread_68", "68%, as neighbours spread", ".1f", as_percent=True)] if is_mixture else []),
        Column("coverage_68", "68% interval holds", ".1f", as_percent=True),
        Column("coverage_95", "95% interval holds", ".1f", as_percent=True),
        Column("half_width_68", "half its width (68%), median"),
    ]
    rows = []
    for variable in VARIABLES:
        told = figures["coverage"][method][variable.name]
        rows.append(
            [
                Cell(variable.label_with_unit),
                Cell(told["n"]),
                *([_cell(figures["spread_coverage"][variable.name])] if is_mixture else []),
                _near(told["68"], 0.68),
                _near(told["95"], 0.95),
                Cell(told["half_width"]),
            ]
        )
    within = figures["within_tolerance"][method]
    calibration = (
        f"calibrated (split-conformal) on {figures['n_calibrated_on']:,} sources of the "
        f"{' and '.join(figures['calibrated_on'])} split{'s' if len(figures['calibrated_on']) > 1 else ''}"
        if is_mixture
        else "calibrated on the calibration split when they were fitted"
    )
    caption = (
        f"Share of measured values within the intervals of the {METHOD_LABELS[method]}, {calibration}, with 95% "
        f"binomial intervals (Clopper–Pearson); {basis(figures)}. Bold: within 3 points of what is promised: "
        f"{within['68']} of {len(VARIABLES)} variables at 68%, {within['95']} at 95%, {within['both']} at both. An "
        "interval about a value that many sources share, such as an N_H of 0, holds them all and so may hold more than "
        "it promises."
    )
    name = "parameters_coverage" if is_mixture else f"parameters_coverage_{method}"
    title = f"Coverage of intervals: {METHOD_LABELS[method]}"
    return Table(name=name, title=title, caption=caption, columns=columns, rows=rows)


def _compared(values: Mapping[str, Sequence[float] | None]) -> list[Cell]:
    """Cells of methods that are compared: the smallest is the best, those within its interval are near it."""
    known = {method: value for method, value in values.items() if value is not None}
    best = min(known, key=lambda method: known[method][0]) if known else ""
    cells = []
    for method, value in values.items():
        cell = _cell(value)
        if value is not None:
            cell = replace(cell, is_best=method == best, is_near_best=value[0] <= known[best][2])
        cells.append(cell)
    return cells


def _near(told: Sequence[float] | None, level: float) -> Cell:
    return replace(_cell(told), is_near_best=abs(told[0] - level) <= TOLERANCE + ROUNDING) if told else Cell(None)


def _cell(told: Sequence[float] | None) -> Cell:
    """A figure with its interval; one that is the same in every resample, by construction, has none."""
    if told is None:
        return Cell(None)
    value, low, high = told
    return Cell(value) if low == high else Cell(value, low, high)
