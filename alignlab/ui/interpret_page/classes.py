"""What class the source may have: a bar per class with its interval."""

from __future__ import annotations

import math
from html import escape

from alignlab.services.interpret.contract import ClassEvidence, Interpretation
from alignlab.services.interpret_report.words import probability_of
from alignlab.ui.interpret_page.cite import Citations, anchor, mark
from alignlab.ui.source_page.text import ClassColours

_SHOWN = 6


def classes_html(interpretation: Interpretation, colours: ClassColours) -> str:
    """The part as HTML."""
    classes = interpretation.classes
    if classes is None:
        return ""
    statement = Citations(interpretation).linked(classes.statement)
    rows = "".join(
        f'<div class="al-class-row"><span><i class="al-class-dot" style="background: {colours.of(found.name)}"></i>'
        f"{escape(found.name)}</span>{_bar(found.probability, found.low, found.high, colours.of(found.name))}"
        f'<span class="al-figure">{escape(probability_of(found))}</span></div>'
        for found in classes.probabilities[:_SHOWN]
    )
    hidden = len(classes.probabilities) - _SHOWN
    more = f'<p class="al-dim">{hidden} classes less probable than these are in the report.</p>' if hidden > 0 else ""
    return (
        f'<h2 class="al-part">What class it may be {mark(classes.id)}</h2><p id="{anchor(classes.id)}">{statement}</p>'
        f'<div class="al-odds" role="img" aria-label="{escape(classes.statement, quote=True)}">{rows}</div>{more}'
        f'<p class="al-dim">{escape(_how(classes))}</p>'
    )


def _bar(probability: float, low: float, high: float, colour: str) -> str:
    interval = ""
    if math.isfinite(low) and math.isfinite(high):
        interval = f'<b style="left: {100 * low:.1f}%; width: {100 * (high - low):.1f}%"></b>'
    return (
        f'<span class="al-odds-bar"><i style="width: {100 * probability:.1f}%; background: {colour}"></i>'
        f"{interval}</span>"
    )


def _how(classes: ClassEvidence) -> str:
    left_out = f" Too few sources to be told: {', '.join(classes.left_out)}." if classes.left_out else ""
    return f"{classes.method} Whiskers: 95% intervals.{left_out}"
