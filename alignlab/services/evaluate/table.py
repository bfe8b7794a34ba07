"""Tables of an evaluation, and their forms: Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Format = Literal["markdown", "csv", "latex"]
_GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "lambda", "mu", "nu", "rho", "sigma", "tau", "chi")
_LATEX = {
    "\\": r"\textbackslash{}",
    **{mark: rf"\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≈": r"$\approx$",
    "·": r"$\cdot$",
    "−": "$-$",
    "Δ": r"$\Delta$",
    "Γ": r"$\Gamma$",
    "Σ": r"$\Sigma$",
    **{letter: f"$\\{name}$" for letter, name in zip("αβγδελμνρστχ", _GREEK, strict=True)},
    "–": "--",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "’": "'",
}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


@dataclass(frozen=True)
class Cell:
    """A value of a table.

    Attributes
    ----------
    value : float, int, str or None
        None is shown as a dash: there is none.
    low, high : float or None
        Limits of its interval.
    is_best : bool
        Underlined: the best of those that are compared.
    is_near_best : bool
        Bold: within the interval of the best.
    """

    value: float | int | str | None
    low: float | None = None
    high: float | None = None
    is_best: bool = False
    is_near_best: bool = False


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    name : str
        Its key in CSV.
    label : str
        Its head, with the unit.
    spec : str
        Format specification of its numbers, such as ``.1f``.
    as_percent : bool
        Its values are fractions and are shown in percent.
    """

    name: str
    label: str
    spec: str = ".3g"
    as_percent: bool = False

    def text(self, cell: Cell) -> str:
        """The value as it is read, with its interval in brackets."""
        value = self._number(cell.value)
        if cell.low is None or cell.high is None:
            return value
        between = " to " if cell.low < 0 else "–"
        return f"{value} ({self._number(cell.low, bare=True)}{between}{self._number(cell.high, bare=True)})"

    def _number(self, value: float | str | None, *, bare: bool = False) -> str:
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return "–"
        if isinstance(value, str):
            return value
        scaled = 100 * value if self.as_percent else value
        text = f"{scaled:{self.spec}}"
        if not any(digit in text for digit in "123456789"):
            text = text.lstrip("+-")  # what rounds to 0 has no sign
        return f"{text}{'%' if self.as_percent and not bare else ''}".replace("-", "−")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    Attributes
    ----------
    name : str
        Of its files.
    title : str
    caption : str
        What it shows, with n, split, seed and what the intervals are.
    columns : sequence of Column
    rows : sequence of sequence of Cell
        Each as long as `columns`.
    """

    name: str
    title: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"row {number} of table {self.name!r} has {len(row)} cells, not {len(self.columns)}")

    def to(self, form: Format) -> str:
        """The table as a text in that form."""
        return _FORMS[form](self)


def write_markdown(table: Table) -> str:
    """A Markdown table with its title above and its caption below; the best are underlined, those near it bold."""
    lines = [
        f"### {table.title}",
        "",
        "| " + " | ".join(_in_a_row(column.label) for column in table.columns) + " |",
        "|" + "|".join("---" if not i else "---:" for i in range(len(table.columns))) + "|",
    ]
    for row in table.rows:
        cells = [_marked(cell, column.text(cell), "<u>{}</u>", "**{}**") for column, cell in _zip(table, row)]
        lines.append("| " + " | ".join(map(_in_a_row, cells)) + " |")
    return "\n".join([*lines, "", table.caption, ""])


def _in_a_row(text: str) -> str:
    """Text of a cell of a Markdown table, where a bar or a line's end would end it."""
    return text.replace("|", r"\|").replace("\n", " ")


def write_csv(table: Table) -> str:
    """The bare numbers, each interval in columns of its own; the caption as a comment in the first line."""
    told = [any(row[i].low is not None for row in table.rows) for i in range(len(table.columns))]
    heads = [
        name
        for column, has_interval in zip(table.columns, told, strict=True)
        for name in ([column.name, f"{column.name}_low", f"{column.name}_high"] if has_interval else [column.name])
    ]
    out = io.StringIO()
    out.write(f"# {table.title}. {table.caption}\n".replace("\n", " ").rstrip() + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    for row in table.rows:
        values: list[object] = []
        for cell, has_interval in zip(row, told, strict=True):
            values += [cell.value, cell.low, cell.high] if has_interval else [cell.value]
        writer.writerow(["" if value is None else value for value in values])
    return out.getvalue()


def write_latex(table: Table) -> str:
    """A floating table in booktabs' style."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(table.title)}. {_escaped(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
        r"\toprule",
        " & ".join(_escaped(column.label) for column in table.columns) + r" \\",
        r"\midrule",
    ]
    for row in table.rows:
        cells = [
            _marked(cell, _escaped(column.text(cell)), r"\underline{{{}}}", r"\textbf{{{}}}")
            for column, cell in _zip(table, row)
        ]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _zip(table: Table, row: Sequence[Cell]) -> Sequence[tuple[Column, Cell]]:
    return list(zip(table.columns, row, strict=True))


def _marked(cell: Cell, text: str, best: str, near: str) -> str:
    if cell.is_best:
        text = best.format(text)
    return near.format(text) if cell.is_near_best else text


def _escaped(text: str) -> str:
    raised = re.split("([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)", text)
    return "".join(
        f"$^{{{piece.translate(_RAISED)}}}$" if i % 2 else "".join(_LATEX.get(letter, letter) for letter in piece)
        for i, piece in enumerate(raised)
    )


_FORMS: dict[Format, Callable[[Table], str]] = {"markdown": write_markdown, "csv": write_csv, "latex": write_latex}
