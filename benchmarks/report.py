"""The benchmark's results as a page of the documentation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Result(Protocol):
    """What was measured at one size."""

    n: int
    app: dict[str, float]
    reference: dict[str, float]


@dataclass(frozen=True)
class Row:
    """One line of a table: a measure, its words, unit and, by size, the bar that it must not exceed."""

    name: str
    words: str
    unit: str
    bars: dict[int, float]


SMALL, MIDDLE, LARGE = 11_447, 200_000, 1_000_000
ROWS = (
    Row("first map", "navigation to first drawn map, warm server", "s", {SMALL: 3, MIDDLE: 5, LARGE: 10}),
    Row("colour", "change of colour", "s", {SMALL: 0.3, MIDDLE: 1, LARGE: 3}),
    Row("colour bytes", "bytes from the server for it", "B", {SMALL: 0}),
    Row("lasso", "lasso of {points} points to count and table", "s", {SMALL: 0.6, MIDDLE: 2}),
    Row("pick", "click on a point to the head of its card", "s", {SMALL: 0.5}),
    Row("page away", "Atlas to the Survey page", "s", {SMALL: 1.2}),
    Row("page back", "Survey page back to the drawn map", "s", {SMALL: 1.2}),
    Row("memory per viewer (MB)", "server memory for each further viewer", "MB", {SMALL: 30}),
)
#: At every size the change of colour must be so many times faster than the reference.
FASTER = 5
#: Share of a million points that a lasso must be able to hold.
SURVIVING = 0.99
_METHODS = """# Benchmarks

`python -m benchmarks.explore`: the real app driven from outside by headless chromium at 1440 × 900, each value the
median of {repeats}, all in one run on one machine ({cores} shared cores, software GL), timed inside the page from the
user's event until the change is on screen. The reference shows the same points through `st.plotly_chart` (scattergl).
{data}
"""


def write_report(results: Sequence[Result], repeats: int, *, given: bool) -> str:
    """The page in Markdown.

    Parameters
    ----------
    results : sequence of Result
    repeats : int
    given : bool
        Whether a data folder was given, so that the smallest size is the demo.
    """
    data = f"{SMALL:,} points: the demo; more: synthetic surveys." if given else "The surveys are synthetic."
    head = _METHODS.format(repeats=repeats, cores=os.cpu_count(), data=data)
    return "\n".join([head, *(_section(result) for result in results)])


def _section(result: Result) -> str:
    lines = [f"## {result.n:,} points\n", "| | alignlab | bar | | Plotly | ratio |", "|---|---|---|---|---|---|"]
    lines += [_line(row, result) for row in ROWS if row.name in result.app]
    return "\n".join(lines) + "\n"


def _line(row: Row, result: Result) -> str:
    value, bar = result.app[row.name], row.bars.get(result.n)
    reference = result.reference.get(row.name)
    words = row.words.format(points=f"{result.app.get('lasso points', 0):,.0f}")
    # A bar is on the rounded value that is shown: a hundredth of a second is below what repeats agree on.
    verdict = "" if bar is None else "met" if round(value, 2) <= bar else "**missed**"
    if row.name == "lasso" and bar is None and result.n >= LARGE:
        return f"| {words} | {_number(value, row.unit)} | survives | {_survived(result)} | | |"
    told, limit = _number(value, row.unit), "" if bar is None else f"≤ {_number(bar, row.unit)}"
    ratio = ""
    if reference is not None and value > 0:
        ratio = f"{reference / value:.1f}×"
        if row.name == "colour" and result.reference:
            ratio += f" (bar ≥ {FASTER}×: {'met' if reference / value >= FASTER else '**missed**'})"
    there = "" if reference is None else _number(reference, row.unit)
    return f"| {words} | {told} | {limit} | {verdict} | {there} | {ratio} |"


def _survived(result: Result) -> str:
    """The count and the table came; were they those of nearly all points?"""
    return "met" if result.app["lasso points"] >= SURVIVING * result.n else "**missed**"


def _number(value: float, unit: str) -> str:
    if unit == "B":
        return f"{value:,.0f} B" if value < 1e5 else f"{value / 1e6:,.1f} MB"
    return f"{value:.2f} s" if unit == "s" and value % 1 else f"{value:.3g} {unit}"
