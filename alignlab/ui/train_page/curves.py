"""A training's figures, epoch by epoch, as small multiples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from alignlab.ui.theme import Shade

_INK = {"light": "#16202c", "dark": "#e8ecf1"}
_LINE = {"light": "#0c7beb", "dark": "#56a7ff"}
_SECOND = {"light": "#c8702a", "dark": "#e58e79"}
_GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}
_COLUMNS = 3
ROW_HEIGHT = 172
#: The epochs of trying out temperatures are shaded.
_TUNING = "tuning"
_TOLD_APART = frozenset({"epoch", "phase"})


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One small plot.

    Attributes
    ----------
    title : str
    unit : str
        Of its axis; empty for a pure number.
    lines : mapping of str to str
        Key of the metric → name in the key of the plot.
    as_percent : bool
        The metric is a fraction and is shown in percent.
    is_log : bool
    """

    title: str
    unit: str = ""
    lines: Mapping[str, str]
    as_percent: bool = False
    is_log: bool = False


PANELS = (
    Panel(title="loss", unit="nats", lines={"validation_loss": "validation", "training_loss": "training"}),
    Panel(
        title="recall, validation",
        unit="%",
        lines={"recall_at_1_percent": "within 1%", "recall_at_5_percent": "within 5%"},
        as_percent=True,
    ),
    Panel(title="median rank, validation", unit="rank", lines={"median_rank": "median rank"}, is_log=True),
    Panel(title="temperature", lines={"temperature": "temperature"}),
    Panel(title="throughput", unit="pairs per s", lines={"pairs_per_s": "throughput"}),
)
_BESIDE = frozenset({"validation_score"})


def panels_of(metrics: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """The plots that these figures fill: the usual ones first, then one for any other number."""
    told = {key for line in metrics for key, value in line.items() if _is_number(value)} - _TOLD_APART
    known = [panel for panel in PANELS if told & set(panel.lines)]
    shown = {key for panel in known for key in panel.lines} | _BESIDE
    return known + [Panel(title=key.replace("_", " "), lines={key: key}) for key in sorted(told - shown)]


def curves_figure(
    metrics: Sequence[Mapping[str, Any]], *, shade: Shade = "light", n_validation: int = 0, columns: int = _COLUMNS
) -> go.Figure:
    """Draw one small plot per figure against the epoch.

    Parameters
    ----------
    metrics : sequence of mapping
        One per epoch; what an epoch does not tell leaves a gap.
    shade : {"light", "dark"}
    n_validation : int
        Pairs that the validation figures are of; 0 where that is not known.
    columns : int
        Plots beside each other.
    """
    panels = panels_of(metrics)
    rows = max(1, math.ceil(len(panels) / columns))
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[_title(panel, n_validation) for panel in panels],
        horizontal_spacing=0.09,
        vertical_spacing=0.62 / (rows + 0.55) if rows > 1 else 0.1,
    )
    epochs = [line.get("epoch", number) for number, line in enumerate(metrics, start=1)]
    for number, panel in enumerate(panels):
        row, column = number // columns + 1, number % columns + 1
        for key, name in panel.lines.items():
            figure.add_trace(_line(metrics, epochs, key, name, panel, shade), row=row, col=column)
        figure.update_yaxes(
            row=row, col=column, type="log" if panel.is_log else "linear",
            rangemode="tozero" if panel.as_percent or panel.unit == "pairs per s" else "normal",
            nticks=5, title={"text": panel.unit, "standoff": 4, "font": {"size": 12}}, **_axis(shade),
        )  # fmt: skip
        figure.update_xaxes(
            row=row, col=column, rangemode="tozero", nticks=6,
            title={"text": "epoch", "standoff": 2, "font": {"size": 12}}, **_axis(shade, grid=False),
        )  # fmt: skip
    _shade_tuning(figure, metrics, epochs, shade)
    figure.update_annotations(font={"size": 13, "color": _INK[shade]}, xanchor="center")
    figure.update_layout(
        height=ROW_HEIGHT * rows + 20,
        margin={"l": 46, "r": 8, "t": 26, "b": 36},
        showlegend=False,
        hovermode="x unified",
        uirevision="curves",
        font={"color": _INK[shade]},
    )
    return figure


def _title(panel: Panel, n_validation: int) -> str:
    n = f" · n {n_validation:,}" if n_validation and "validation" in panel.title else ""
    return f"{panel.title}{n}"


def _axis(shade: Shade, *, grid: bool = True) -> dict[str, Any]:
    return {"showgrid": grid, "gridcolor": _GRID[shade], "zeroline": False, "tickfont": {"size": 11}}


def _line(
    metrics: Sequence[Mapping[str, Any]], epochs: list[Any], key: str, name: str, panel: Panel, shade: Shade
) -> go.Scatter:
    scale = 100 if panel.as_percent else 1
    first = key == next(iter(panel.lines))
    values = [scale * value if _is_number(value := line.get(key)) else None for line in metrics]
    unit = f" {panel.unit}" if panel.unit and panel.unit != "rank" else ""
    return go.Scatter(
        x=epochs,
        y=values,
        mode="lines+markers" if len(epochs) < 12 else "lines",
        name=name,
        marker={"size": 4},
        line={"color": (_LINE if first else _SECOND)[shade], "width": 1.7, "dash": "solid" if first else "dot"},
        hovertemplate=f"{name} %{{y:.4g}}{unit}<extra></extra>",
    )


def _shade_tuning(figure: go.Figure, metrics: Sequence[Mapping[str, Any]], epochs: list[Any], shade: Shade) -> None:
    tuning = [epoch for epoch, line in zip(epochs, metrics, strict=True) if line.get("phase") == _TUNING]
    if tuning:
        figure.add_vrect(
            x0=min(tuning) - 0.5, x1=max(tuning) + 0.5, fillcolor=_INK[shade], opacity=0.06, line_width=0,
            row="all", col="all", exclude_empty_subplots=True,
        )  # fmt: skip


def curves_key(metrics: Iterable[Mapping[str, Any]], shade: Shade) -> str:
    """What the two line styles mean, as a line of HTML above the figure; empty where there is nothing to tell apart."""
    metrics = list(metrics)
    pairs = [panel for panel in panels_of(metrics) if len(panel.lines) == 2]
    if not pairs:
        return ""
    first, second = (", ".join(list(panel.lines.values())[place] for panel in pairs) for place in (0, 1))
    marks = [
        f'<i style="border-color: {_LINE[shade]}"></i>{first}',
        f'<i style="border-color: {_SECOND[shade]}; border-top-style: dotted"></i>{second}',
    ]
    if any(line.get("phase") == _TUNING for line in metrics):
        marks.append("shaded: trying out temperatures")
    return f'<div class="al-key">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
