"""The 20 variables: measured from the file beside estimated from where the spectrum lies."""

from __future__ import annotations

from html import escape

from alignlab.services.distributions import VariableDistributions
from alignlab.services.interpret.contract import Interpretation, VariableComparison
from alignlab.services.interpret_report.words import variable_words
from alignlab.ui.interpret_page.cite import anchor, mark
from alignlab.ui.source_page.svg import strip_svg
from alignlab.ui.spectrum_figure import LINE
from alignlab.ui.theme import Shade
from alignlab.variables import BY_NAME, VARIABLE_NAMES


def variables_html(interpretation: Interpretation, spread: VariableDistributions, *, shade: Shade) -> str:
    """The part as HTML: two tables side by side, each row with its figure."""
    found = interpretation.estimates
    if not found:
        return ""
    half = (len(found) + 1) // 2
    tables = "".join(_table(part, spread, shade) for part in (found[:half], found[half:]))
    apart = [comparison.label for comparison in found if comparison.agrees is False]
    told = sum(comparison.agrees is not None for comparison in found)
    verdict = (
        f"{len(apart)} of {told} lie apart: {', '.join(apart)}." if apart else f"All {told} that can be compared agree."
    )
    return (
        f'<h2 class="al-part">Variables, measured and estimated</h2><p>{escape(verdict if told else "")}</p>'
        f'<div class="al-compared">{tables}</div>'
        '<p class="al-dim">Filled: all sources of the survey. ● measured from the file, ○ estimated from where the '
        "spectrum lies; thick and thin lines: 68% and 95% intervals. Numbers in brackets are 68% intervals. "
        f"{escape(interpretation.estimates_from)}</p>"
    )


def _table(found: tuple[VariableComparison, ...], spread: VariableDistributions, shade: Shade) -> str:
    rows = "".join(_row(comparison, spread, shade) for comparison in found)
    heads = "".join(f"<th>{name}</th>" for name in ("variable", "in the survey", "measured", "estimated", ""))
    return (
        f'<div class="al-scroll"><table class="al-variables"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _row(found: VariableComparison, spread: VariableDistributions, shade: Shade) -> str:
    told = variable_words(found)
    number = VARIABLE_NAMES.index(found.name)
    strip = strip_svg(
        spread.strip(number, ""), value=(found.measured, found.measured_low, found.measured_high),
        estimate=(found.estimated, found.low68, found.high68), wide=(found.low95, found.high95), colour=LINE[shade],
        label=f"{told.label}: measured {told.measured}, estimated {told.estimated}", shade=shade,
    )  # fmt: skip
    apart = ' class="al-apart"' if found.agrees is False else ""
    return (
        f'<tr{apart} id="{anchor(found.id)}"><th scope="row" title="{escape(BY_NAME[found.name].description)}">'
        f"{escape(told.label)}<small>{escape(told.unit)}</small>{mark(found.id)}</th><td>{strip}</td>"
        f"<td>{_two_lines(told.measured)}</td><td>{_two_lines(told.estimated)}</td>"
        f'<td class="al-agreement-word">{escape(told.agreement)}</td></tr>'
    )


def _two_lines(text: str) -> str:
    """A value with its interval on a line of its own."""
    value, bracket, interval = text.partition(" (")
    return escape(value) + (f"<small>{escape(interval.rstrip(')'))}</small>" if bracket else "")
