"""A training's figures, epoch by epoch, as small multiples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import plotly.graph_objects as go

from alignlab.ui.theme import Shade

_INK = {"light": "#16202c", "dark": "#e8ecf1"}
_LINE = {"light": "#0c7beb", "dark": "#56a7ff"}
_SECOND = {"light": "#c8702a", "dark": "#e58e79"}
_GRID = {"light": "rgba(22,32,44,0.09)", "dark": "rgba(232,236,241,0.12)"}
_COLUMNS = 3
#: Pixels of a row of plots, of a plot in it, and above and below them all.
ROW_HEIGHT = 172
_PLOT_HEIGHT, _MARGINS = 112, 66
#: Space between plots, in widths of a plot.
_GAP = 0.27
#: So few epochs are drawn as points too: a line needs two.
_FEW_EPOCHS = 12
#: A plot is some 250 pixels wide: of more epochs than this, every second, fourth, … is drawn, and always the last.
_DRAWN_EPOCHS = 256
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
    from_zero : bool
        Its axis begins at zero.
    """

    title: str
    unit: str = ""
    lines: Mapping[str, str]
    as_percent: bool = False
    is_log: bool = False
    from_zero: bool = False


PANELS = (
    Panel(title="loss", unit="nats", lines={"validation_loss": "validation", "training_loss": "training"}),
    Panel(
        title="recall, validation",
        unit="%",
        lines={"recall_at_1_percent": "within 1%", "recall_at_5_percent": "within 5%"},
        as_percent=True,
    ),
    Panel(title="median rank, validation", unit="rank", lines={"median_rank": "median rank"}, is_log=True),
    Panel(title="temperature", lines={"temperature": "temperature"}, from_zero=True),
    Panel(title="throughput", unit="pairs per s", lines={"pairs_per_s": "throughput"}, from_zero=True),
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
    metrics = _thinned(metrics)
    rows = max(1, math.ceil(len(panels) / columns))
    height = ROW_HEIGHT * rows + 20
    epochs = [line["epoch"] for line in metrics]
    tuning = [line["epoch"] for line in metrics if line.get("phase") == _TUNING]
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "shapes": []}
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        across = (column + _GAP * column) / (columns + _GAP * (columns - 1)), 1 / (columns + _GAP * (columns - 1))
        top = 1 - row * ROW_HEIGHT / (height - _MARGINS)
        box = _Box(
            str(number + 1) if number else "",
            across[0],
            across[0] + across[1],
            top - _PLOT_HEIGHT / (height - _MARGINS),
            top,
        )
        data += [_line(metrics, epochs, key, name, panel, shade, box) for key, name in panel.lines.items()]
        layout[f"xaxis{box.number}"], layout[f"yaxis{box.number}"] = _axes(panel, shade, box)
        layout["annotations"].append(_title(panel, n_validation, shade, box))
        if tuning:
            layout["shapes"].append(_shaded(tuning, shade, box))
    # One construction from plain values: adding axis by axis takes many times as long, once a second.
    return go.Figure(
        data=data,
        layout=layout
        | {
            "height": height,
            "margin": {"l": 46, "r": 8, "t": 26, "b": _MARGINS - 26},
            "showlegend": False,
            "hovermode": "x unified",
            "uirevision": "curves",
            "font": {"color": _INK[shade]},
        },
    )


def _thinned(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The epochs to draw, each with its number; a power of two between them, so that what is drawn does not dance."""
    numbered = [{"epoch": number, **line} for number, line in enumerate(metrics, start=1)]
    step = 1
    while len(numbered) > step * _DRAWN_EPOCHS:
        step *= 2
    last = len(numbered) - 1
    ends = {n for n in range(last) if _trial(numbered[n]) != _trial(numbered[n + 1])}
    return [line for n, line in enumerate(numbered) if n % step == 0 or n == last or n in ends]


@dataclass(frozen=True)
class _Box:
    """Where a plot stands, as fractions of the figure."""

    number: str
    left: float
    right: float
    bottom: float
    top: float


def _title(panel: Panel, n_validation: int, shade: Shade, box: _Box) -> dict[str, Any]:
    n = f" · n {n_validation:,}" if n_validation and "validation" in panel.title else ""
    return {
        "text": f"{panel.title}{n}",
        "xref": "paper",
        "yref": "paper",
        "x": (box.left + box.right) / 2,
        "y": box.top,
        "xanchor": "center",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": _INK[shade]},
    }


def _axes(panel: Panel, shade: Shade, box: _Box) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = {"gridcolor": _GRID[shade], "zeroline": False, "tickfont": {"size": 11}}
    small = {"size": 12}
    x = {
        "domain": [box.left, box.right],
        "anchor": f"y{box.number}",
        "showgrid": False,
        "rangemode": "tozero",
        "nticks": 6,
        "title": {"text": "epoch", "standoff": 2, "font": small},
    }
    from_zero = panel.as_percent or panel.from_zero
    y = {
        "domain": [box.bottom, box.top],
        "anchor": f"x{box.number}",
        "type": "log" if panel.is_log else "linear",
        "rangemode": "tozero" if from_zero else "normal",
        "nticks": 5,
        "title": {"text": panel.unit, "standoff": 4, "font": small},
    }
    return shared | x, shared | y


def _line(
    metrics: Sequence[Mapping[str, Any]],
    epochs: list[Any],
    key: str,
    name: str,
    panel: Panel,
    shade: Shade,
    box: _Box,
) -> dict[str, Any]:
    scale = 100 if panel.as_percent else 1
    first = key == next(iter(panel.lines))
    unit = f" {panel.unit}" if panel.unit and panel.unit != "rank" else ""
    x: list[Any] = []
    y: list[float | None] = []
    for number, (epoch, values) in enumerate(zip(epochs, metrics, strict=True)):
        if number and _trial(values) != _trial(metrics[number - 1]):
            x.append(epoch)
            y.append(None)
        value = values.get(key)
        x.append(epoch)
        y.append(scale * value if _is_number(value) else None)
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "xaxis": f"x{box.number}",
        "yaxis": f"y{box.number}",
        "mode": "lines+markers" if len(epochs) < _FEW_EPOCHS else "lines",
        "name": name,
        "marker": {"size": 4},
        "line": {"color": (_LINE if first else _SECOND)[shade], "width": 1.7, "dash": "solid" if first else "dot"},
        "hovertemplate": f"{name} %{{y:.4g}}{unit}<extra></extra>",
    }


def _trial(values: Mapping[str, Any]) -> Any:
    """What tells one training within the epochs from the next: lines do not go on from one to another."""
    return values.get("temperature") if values.get("phase") == _TUNING else None


def _shaded(tuning: list[Any], shade: Shade, box: _Box) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": f"x{box.number}",
        "yref": f"y{box.number} domain",
        "x0": min(tuning) - 0.5,
        "x1": max(tuning) + 0.5,
        "y0": 0,
        "y1": 1,
        "fillcolor": _INK[shade],
        "opacity": 0.06,
        "line": {"width": 0},
    }


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
        marks.append("shaded: trying out temperatures, on the calibration split")
    return f'<div class="al-key">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
