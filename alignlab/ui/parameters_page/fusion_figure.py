"""Ways of fusion side by side: errors of the variables and accuracy of the class, also with one half missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from alignlab.services.evaluate.fusion import FIGURES, VIEWS, figure_of
from alignlab.ui.evaluate.experiment import Dot, Dots, Panel, dot_figure
from alignlab.ui.theme import Shade

_SHOWN = ("error_ratio", "balanced_accuracy")
#: View → symbol, colour, whether drawn as an outline.
_LOOKS = {"all": ("circle", "ink", False), "spectrum": ("circle", "line", True), "text": ("diamond", "second", True)}


def fusion_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw one row per way; filled with both halves, open with one withheld."""
    rows = figures["rows"]
    kinds = [
        Dots(name=f"asked with {said}" if view != "all" else "asked with all", colour=_LOOKS[view][1],
             symbol=_LOOKS[view][0], panels=[_dots(rows, name, view) for name in _SHOWN])
        for view, said in VIEWS.items()
    ]  # fmt: skip
    panels = [
        Panel(title="error / mean's; left is better", lines={"the mean": 1.0}),
        Panel(title="balanced accuracy; right is better", lines={"by lot": 1 / max(figures["n_classes"], 1)}),
    ]
    return dot_figure([row["label"] for row in rows], panels, kinds, shade=shade)


def _dots(rows: Sequence[Mapping[str, Any]], name: str, view: str) -> list[Dot]:
    found = []
    for row in rows:
        figure = figure_of(row, name, view=view)
        if figure is None:
            continue
        low, high = figure["interval"]
        told = (
            f"<b>{row['label']}</b>, {VIEWS[view]}<br>{FIGURES[name][0]} {figure['value']:.3f} ({low:.3f}–{high:.3f})"
        )
        found.append(
            Dot(row=row["label"], value=figure["value"], low=low, high=high, told=told, is_open=_LOOKS[view][2])
        )
    return found
