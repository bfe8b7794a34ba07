"""The 20 variables on the Source page: value, place among the others, estimate, pull."""

from __future__ import annotations

import math
from html import escape

import streamlit as st

from alignlab.services.distributions import Rank, VariableDistributions
from alignlab.services.readings import VariableReading, readings_of
from alignlab.services.subject import Subject
from alignlab.ui import words
from alignlab.ui.source_page.cached import distributions
from alignlab.ui.source_page.svg import strip_svg
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.theme import shade


def show_variables(subject: Subject, colours: ClassColours) -> None:
    """Draw the table of the 20 variables."""
    st.html(variable_table(subject, distributions(subject.workspace), colours))


def variable_table(subject: Subject, spread: VariableDistributions, colours: ClassColours) -> str:
    """The table as HTML."""
    readings = readings_of(subject.survey, subject.encoded, subject.index)
    catalogued = any(math.isfinite(reading.catalogued) for reading in readings)
    source_class = subject.source_class
    rows = "".join(
        _row(number, reading, spread, source_class, colours.of(source_class), catalogued=catalogued)
        for number, reading in enumerate(readings)
    )
    base = subject.workspace.survey.name
    whose = "" if subject.overlay is None else f" of survey {base}"
    heads = ["variable", "where it lies", "measured"]
    heads += ["catalogue"] if catalogued else []
    heads += ["among all", "in class", "estimated", "pull"]
    line = (
        f'Line: <i style="background: {colours.of(source_class)}"></i>{escape(source_class)}. ' if source_class else ""
    )
    key = (
        f'<p class="al-dim al-strip-key">Filled: all sources{escape(whose)}. {line}● measured, ○ estimated from '
        "neighbours, the source itself left out. Intervals are 68%. p91: above 91% of n.</p>"
    )
    head = "".join(f"<th>{text}</th>" for text in heads)
    table = f'<table class="al-variables"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<h2 class="al-part">Variables</h2>{key}<div class="al-scroll">{table}</div>'


def pull_words(pull: float) -> str:
    """``+1.3σ``, or a dash."""
    if not math.isfinite(pull):
        return words.MISSING
    size = f"{abs(pull):.1f}"
    sign = "" if size == "0.0" else ("−" if pull < 0 else "+")
    return f"{sign}{size}σ"


def _row(
    number: int,
    reading: VariableReading,
    spread: VariableDistributions,
    source_class: str,
    colour: str,
    *,
    catalogued: bool,
) -> str:
    variable = reading.variable
    value = (reading.value, reading.low, reading.high)
    estimate = (reading.estimate, reading.estimate_low, reading.estimate_high)
    all_rank = spread.rank_among_all(number, reading.value)
    class_rank = spread.rank_in_class(number, reading.value, source_class)
    told = f"{variable.label}: {words.measured(variable, *value)}; {_rank_text(all_rank)} of all sources"
    strip = strip_svg(
        spread.strip(number, source_class), value=value, estimate=estimate, colour=colour, label=told, shade=shade()
    )
    estimated = ' class="al-estimate"' if math.isfinite(reading.estimate) else ""
    strong = ' class="al-strong"' if abs(reading.pull) >= 3 else ""
    cells = [
        f'<th scope="row" title="{escape(variable.description)}">{escape(variable.label)}'
        f"<small>{escape(variable.display_unit)}</small></th>",
        f"<td>{strip}</td>",
        f"<td>{_two_lines(reading, value)}</td>",
        *([f"<td>{_two_lines(reading, (reading.catalogued, math.nan, math.nan))}</td>"] if catalogued else []),
        f"<td>{_rank_cell(all_rank)}</td>",
        f"<td>{_rank_cell(class_rank) if source_class else words.MISSING}</td>",
        f"<td{estimated}>{_two_lines(reading, estimate)}</td>",
        f"<td{strong}>{pull_words(reading.pull)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _two_lines(reading: VariableReading, numbers: tuple[float, float, float]) -> str:
    """A value with its interval on a line of its own."""
    value, bracket, interval = words.measured(reading.variable, *numbers).partition(" (")
    return escape(value) + (f"<small>{escape(interval.rstrip(')'))}</small>" if bracket else "")


def _rank_text(rank: Rank) -> str:
    return f"p{min(99, max(1, round(rank.percent)))}" if math.isfinite(rank.percent) else words.MISSING


def _rank_cell(rank: Rank) -> str:
    if not math.isfinite(rank.percent):
        return words.MISSING
    return f"{_rank_text(rank)}<small>n {rank.n:,}</small>"
