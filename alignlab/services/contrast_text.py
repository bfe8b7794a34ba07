"""A selection against the rest, as a terminal shows it."""

from __future__ import annotations

from alignlab.services.contrast import SelectionContrast
from alignlab.variables import VARIABLES

_COLUMNS = (
    "variable", "unit", "median_selection", "median_rest", "shift", "delta", "delta_low", "delta_high",
    "p_corrected", "n_selection", "n_rest",
)  # fmt: skip


def contrast_text(contrast: SelectionContrast) -> str:
    """A table of the variables, the largest effect first, and one of the words; columns are separated by tabs.

    Missing figures are empty.
    """
    found = contrast.variables.contrast
    lines = ["\t".join(_COLUMNS)]
    for place in contrast.variables.by_effect():
        variable = VARIABLES[place]
        figures = (
            found.median_selected, found.median_rest, found.shift, found.delta, found.delta_low, found.delta_high,
            found.p_corrected,
        )  # fmt: skip
        cells = [_number(float(figure[place])) for figure in figures]
        counts = [str(found.n_selected[place]), str(found.n_rest[place])]
        lines.append("\t".join([variable.name, variable.unit, *cells, *counts]))
    terms = contrast.words.terms
    unit = contrast.words.kind
    lines += ["", f"word\tz\tof {terms.n_first} {unit} of the selection\tof {terms.n_second} {unit} of the rest"]
    lines += [f"{t.term}\t{t.z:.1f}\t{t.n_first}\t{t.n_second}" for t in (*terms.more, *terms.less)]
    return "\n".join(lines)


def _number(value: float) -> str:
    return "" if value != value else f"{value:.3g}"  # NaN is unequal to itself
