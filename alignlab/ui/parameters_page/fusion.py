"""The Parameters page's section on fusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignlab.services.evaluate import part
from alignlab.services.evaluate.fusion import best, caption, figure_of
from alignlab.services.workspace import Workspace
from alignlab.ui.evaluate.experiment import origin, show_figure, show_head
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.parameters_page.fusion_figure import fusion_figure
from alignlab.ui.theme import shade

_ALONE = ("spectrum-alone", "text-alone")


def show_fusion(workspace: Workspace) -> None:
    """Draw the comparison of ways to bring spectrum and texts together, or the offer to compute it."""
    figures = part_figures(workspace, "fusion")
    if figures is None:
        return
    show_head("How to bring spectrum and texts together", finding(figures))
    show_figure(
        fusion_figure(figures, shade=shade()),
        f"Open: one half withheld when asked. {caption(figures)} {origin(figures)}",
        key="parameters_fusion",
    )
    for table in part("fusion").tables(figures):
        show_table(table, key=table.name)


def finding(figures: Mapping[str, Any]) -> str:
    """The best way for the variables and for the class, and whether it beats the better half alone."""
    said = [
        _sentence(figures, "error_ratio", "the variables", "error / mean's"),
        _sentence(figures, "balanced_accuracy", "the class", "balanced accuracy"),
    ]
    return " ".join(sentence for sentence in said if sentence)


def _sentence(figures: Mapping[str, Any], name: str, what: str, label: str) -> str:
    joined = {**figures, "rows": [row for row in figures["rows"] if row["name"] not in _ALONE]}
    halves = {**figures, "rows": [row for row in figures["rows"] if row["name"] in _ALONE]}
    winner, alone = best(joined, name), best(halves, name)
    if winner is None or alone is None:
        return ""
    mine, other = figure_of(winner, name), figure_of(alone, name)
    assert mine is not None and other is not None  # the best of those that have it
    (low, high), value = mine["interval"], other["value"]
    if low <= value <= high:
        verdict = f"no better than '{alone['label']}' ({value:.2f})"
    elif (value > high) == (name == "error_ratio"):
        verdict = f"better than '{alone['label']}' ({value:.2f})"
    else:
        verdict = f"worse than '{alone['label']}' ({value:.2f})"
    return f"For {what} '{winner['label']}' is best, {label} {mine['value']:.2f} ({low:.2f}–{high:.2f}), {verdict}."
