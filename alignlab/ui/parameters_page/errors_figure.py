"""Errors of each method for the 20 variables, relative to those of always answering the mean."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import plotly.graph_objects as go

from alignlab.services.evaluate.parameters_text import METHOD_LABELS
from alignlab.ui import words
from alignlab.ui.parameters_page.look import bars, lay_out, points
from alignlab.ui.spectrum_figure import FAINT, INK
from alignlab.ui.theme import Shade
from alignlab.variables import BY_NAME

_ROW_HEIGHT = 25
_ALL = "<b>mean of all</b>"
#: Drawn in this order, so that the mixture lies on top.
_DRAWN = ("shuffled", "text", "text_aligned", "both", "spectrum_aligned", "spectrum", "heads", "mixture")


def errors_figure(figures: Mapping[str, Any], *, shade: Shade) -> go.Figure:
    """Draw one row per variable, the best told on top, and their mean below; the mixture with its interval."""
    variables = figures["variables"]
    known = [name for name, told in variables.items() if told["relative"]["mixture"]]
    order = sorted(known, key=lambda name: variables[name]["relative"]["mixture"][0], reverse=True)
    figure = go.Figure()
    for method in (method for method in _DRAWN if method in figures["methods"]):
        values = [(figures["average"][method]["relative"], _ALL, _told_average(figures, method))]
        values += [(variables[name]["relative"][method], _label(name), _told(figures, name, method)) for name in order]
        shown = [value for value in values if value[0]]
        interval = bars([v for v, _, _ in shown], colour=INK[shade]) if method == "mixture" else None
        figure.add_trace(
            points(
                method, [v[0] for v, _, _ in shown], [y for _, y, _ in shown], [t for _, _, t in shown], shade=shade,
                error_x=interval,
            )
        )  # fmt: skip
    figure.add_vline(x=1, line={"color": FAINT[shade], "width": 1.2, "dash": "dot"})
    lay_out(figure, _ROW_HEIGHT * (len(order) + 1) + 100, shade=shade)
    figure.update_xaxes(
        title={"text": "mean absolute error over that of always answering the mean; left is better", "standoff": 6},
        rangemode="tozero",
    )
    figure.update_yaxes(automargin=True, categoryorder="array", categoryarray=[_ALL, *map(_label, order)])
    figure.update_layout(legend={"traceorder": "reversed"})
    return figure


def _label(name: str) -> str:
    return BY_NAME[name].label


def _told(figures: Mapping[str, Any], name: str, method: str) -> str:
    """A method's error in the variable's own unit, for the pointer."""
    told, variable = figures["variables"][name], BY_NAME[name]
    if not told["mae"][method]:
        return ""
    value, low, high = (words.number(x) for x in told["mae"][method])
    unit = f" {variable.display_unit}" if variable.unit else ""
    expert = f", from {METHOD_LABELS[told['expert']]}" if method == "mixture" and told["expert"] else ""
    return (
        f"<b>{escape(variable.label)}</b>, n = {told['n']:,}<br>{METHOD_LABELS[method]}{expert}<br>"
        f"mean absolute error {value} ({low}–{high}){unit}<br>{told['relative'][method][0]:.2f} of the mean's"
    )


def _told_average(figures: Mapping[str, Any], method: str) -> str:
    told = figures["average"][method]["relative"]
    if not told:
        return ""
    return f"<b>mean of all variables</b><br>{METHOD_LABELS[method]}<br>{told[0]:.3f} ({told[1]:.3f}–{told[2]:.3f})"
