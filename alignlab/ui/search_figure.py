"""The trials of a search as parallel coordinates: a line per trial, an axis per value that varies and per figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from alignlab.ui.colours import scale
from alignlab.ui.spectrum_figure import FAINT, INK
from alignlab.ui.theme import Shade

Trial = Mapping[str, Any]

#: Axes in their order: key in a trial, title, whether the axis is logarithmic.
_AXES = (
    ("learning_rate", "learning rate", True),
    ("dropout", "dropout", False),
    ("shared_dim", "shared dim.", True),
    ("hidden_dim", "hidden units", True),
    ("hidden_layers", "hidden layers", False),
    ("batch_size", "batch size", True),
    ("loss", "loss", False),
    ("max_epochs", "epochs", True),
)
#: Share of an axis over which trials with the same value are spread, the best on top.
_SPREAD = 0.05
#: Values up to this number are written at their places; more are read off round numbers.
_MOST_TICKS = 6
_HEIGHT = 380


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialAxis:
    """One axis.

    Attributes
    ----------
    title : str
    position : ndarray of float, shape (n_trials,)
        Place of each trial on the axis, from 0 (bottom) to 1.
    text : tuple of str
        The value of each trial as words.
    ticks : tuple of (float, str)
        Places and labels.
    """

    title: str
    position: NDArray[np.float64]
    text: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]


def trial_axes(trials: Sequence[Trial]) -> list[TrialAxis]:
    """The axes of a picture of `trials`: the values that vary among them, then recall@1% and the typical rank.

    Parameters
    ----------
    trials : sequence of mapping
        As in the result of a search: ``values``, ``max_epochs``, ``score`` (mean logarithm of the rank; lower is
        better, None where a training went astray), ``recall_at_1_percent``.

    Returns
    -------
    list of TrialAxis
        Better is higher on the last two.
    """
    scores = np.array([_number(t.get("score")) for t in trials])
    axes = []
    for key, title, is_log in _AXES:
        values = [t["max_epochs"] if key == "max_epochs" else t["values"].get(key) for t in trials]
        if len(set(values)) > 1:
            axes.append(_values_axis(title, values, scores, is_log=is_log))
    recall = np.array([_number(t.get("recall_at_1_percent")) for t in trials])
    axes.append(_figure_axis("recall@1%", 100 * recall, lambda v: f"{v:.3g}%"))
    axes.append(_figure_axis("typical rank", np.exp(scores), lambda v: f"{v:.3g}", is_log=True, is_reversed=True))
    return axes


def trials_figure(trials: Sequence[Trial], shade: Shade = "light") -> go.Figure:
    """Draw the trials of a search; one alone as a table, since a line needs others to be compared with.

    The colour is the typical rank (the geometric mean of the ranks of the sources' own texts on the validation split),
    the best trial is drawn last, thick and with points.

    Parameters
    ----------
    trials : sequence of mapping
        See `trial_axes`. Where the same values come with several numbers of epochs, the most count.
    shade : {"light", "dark"}
    """
    trials = _furthest(trials)
    if len(trials) < 2:
        return _table(trials, shade)
    axes = trial_axes(trials)
    x = list(range(len(axes)))
    scores = np.array([_number(t.get("score")) for t in trials])
    colours = _colours(scores, shade)
    figure = go.Figure()
    # The worst first, so that the good ones lie above them.
    order = [int(i) for i in np.argsort(np.where(np.isfinite(scores), -scores, -np.inf), kind="stable")]
    best = order[-1]
    for i in order:
        is_best = i == best
        figure.add_trace(
            go.Scatter(
                x=x,
                y=[axis.position[i] for axis in axes],
                mode="lines+markers" if is_best else "lines",
                line={"color": INK[shade] if is_best else colours[i], "width": 3 if is_best else 1.3},
                marker={"size": 8},
                opacity=1 if is_best else 0.75,
                customdata=[[axis.title, axis.text[i]] for axis in axes],
                hovertemplate=("best: " if is_best else "") + "%{customdata[0]} %{customdata[1]}<extra></extra>",
            )
        )
    _draw_axes(figure, axes, shade)
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 56, "r": 24, "t": 34, "b": 12},
        showlegend=False,
        hovermode="closest",
        xaxis={"visible": False, "range": [-0.12, len(axes) - 1 + 0.12], "fixedrange": True},
        yaxis={"visible": False, "range": [-0.05, 1.05], "fixedrange": True},
    )
    return figure


def _furthest(trials: Sequence[Trial]) -> list[Trial]:
    """Trials of the same values as one: in a halving that is at work they come once from each round."""
    found: dict[tuple[Any, ...], Trial] = {}
    for trial in sorted(trials, key=lambda trial: int(trial["max_epochs"])):
        found[tuple(sorted(trial["values"].items()))] = trial
    return list(found.values())


def _draw_axes(figure: go.Figure, axes: Sequence[TrialAxis], shade: Shade) -> None:
    for number, axis in enumerate(axes):
        figure.add_shape(
            type="line",
            x0=number,
            x1=number,
            y0=-0.02,
            y1=1.02,
            line={"color": FAINT[shade], "width": 1},
            layer="below",
        )
        text = {"showarrow": False, "font": {"color": INK[shade], "size": 13}}
        figure.add_annotation(x=number, y=1, yshift=22, text=axis.title, yanchor="bottom", **text)
        for place, label in axis.ticks:
            figure.add_annotation(
                x=number, y=place, text=label, xanchor="right", xshift=-5, showarrow=False,
                font={"color": INK[shade], "size": 12}, bgcolor=_PAPER[shade],
            )  # fmt: skip


#: Behind the labels, where lines cross them: the page's own colour, let through a little.
_PAPER = {"light": "rgba(255,255,255,0.75)", "dark": "rgba(15,20,26,0.75)"}


def _values_axis(title: str, values: Sequence[Any], scores: NDArray[np.float64], *, is_log: bool) -> TrialAxis:
    """An axis of what was tried; words, and numbers that repeat, have places of their own."""
    different = sorted(set(values))
    words = any(isinstance(value, str) for value in values)
    numbers = [float(different.index(v)) if words else math.log(v) if is_log else float(v) for v in values]
    position = _between(np.array(numbers))
    text = tuple(value if words else f"{value:g}" for value in values)
    if words or len(different) <= _MOST_TICKS:
        places = dict(zip(values, position, strict=True))
        ticks = tuple((float(places[v]), str(v) if words else f"{v:g}") for v in different)
        return TrialAxis(title=title, position=_spread(position, scores), text=text, ticks=ticks)
    label = "{:g}".format
    return TrialAxis(title=title, position=position, text=text, ticks=_round_ticks(values, label, is_log=is_log))


def _figure_axis(
    title: str,
    values: NDArray[np.float64],
    label: Callable[[float], str],
    *,
    is_log: bool = False,
    is_reversed: bool = False,
) -> TrialAxis:
    """An axis of what came out; a trial without the figure lies at the worse end."""
    known = np.isfinite(values)
    if not known.any():
        return TrialAxis(title=title, position=np.zeros(len(values)), text=("–",) * len(values), ticks=())
    worst = values[known].max() if is_reversed else values[known].min()
    filled = np.where(known, values, worst)
    position = _between(np.log(filled) if is_log else filled)
    ticks = _round_ticks(filled, label, is_log=is_log)
    if is_reversed:
        position, ticks = 1 - position, tuple((1 - place, text) for place, text in ticks)
    text = tuple(label(v) if ok else "–" for v, ok in zip(values, known, strict=True))
    return TrialAxis(title=title, position=position, text=text, ticks=ticks)


def _round_ticks(
    values: Sequence[float] | NDArray[np.float64], label: Callable[[float], str], *, is_log: bool
) -> tuple[tuple[float, str], ...]:
    """Round numbers within the range, at most `_MOST_TICKS`; the ends themselves where no two of them fit."""
    low, high = float(min(values)), float(max(values))
    if low == high:
        return ((0.5, label(low)),)
    for mantissas in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,)) if is_log else ():
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        marks = [m * 10.0**p for p in powers for m in mantissas if low <= m * 10.0**p <= high]
        if 2 <= len(marks) <= _MOST_TICKS:
            return tuple((math.log(m / low) / math.log(high / low), label(m)) for m in marks)
    step = _round_step((high - low) / (_MOST_TICKS - 1))
    marks = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    marks = [m for m in marks if m > 0 or not is_log] if len(marks) >= 2 else [low, high]
    place = (lambda m: math.log(m / low) / math.log(high / low)) if is_log else (lambda m: (m - low) / (high - low))
    return tuple((place(m), label(m)) for m in marks)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 × 10^k that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def _between(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values from 0 to 1; all in the middle where they are equal."""
    low, high = values.min(), values.max()
    return np.full(len(values), 0.5) if low == high else (values - low) / (high - low)


def _spread(position: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trials with the same value side by side, the best on top, so that lines do not hide each other."""
    spread = position.copy()
    for place in np.unique(position):
        rows = np.flatnonzero(position == place)
        rows = rows[np.argsort(np.where(np.isfinite(scores[rows]), -scores[rows], -np.inf), kind="stable")]
        spread[rows] += np.linspace(-_SPREAD / 2, _SPREAD / 2, len(rows)) if len(rows) > 1 else 0.0
    return spread


def _colours(scores: NDArray[np.float64], shade: Shade) -> list[str]:
    """A colour per trial: the better it is, the more it stands out from the page; grey without a score."""
    palette = scale("cividis", shade)
    best, worst = (0, 0.8 * (len(palette) - 1)) if shade == "light" else (len(palette) - 1, 0.0)
    known = np.isfinite(scores)
    place = _between(np.where(known, scores, scores[known].max() if known.any() else 0.0))
    chosen = np.round(best + (worst - best) * place).astype(int)
    return [f"#{palette[i]}" if ok else FAINT[shade] for i, ok in zip(chosen, known, strict=True)]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _table(trials: Sequence[Trial], shade: Shade) -> go.Figure:
    """What is known of no trial or of one."""
    rows = [(title, axis_text) for trial in trials for title, axis_text in _said(trial)]
    figure = go.Figure(
        go.Table(
            header={"values": ["", "trial 1"] if rows else ["No trial has ended yet."], "align": "left"},
            cells={"values": [list(column) for column in zip(*rows, strict=True)], "align": "left", "height": 26},
        )
    )
    look = {
        "fill": {"color": _PAPER[shade]},
        "font": {"color": INK[shade], "size": 13},
        "line": {"color": FAINT[shade]},
    }
    figure.update_traces(header=look, cells=look)
    figure.update_layout(height=_HEIGHT if rows else 80, margin={"l": 0, "r": 0, "t": 8, "b": 0})
    return figure


def _said(trial: Trial) -> list[tuple[str, str]]:
    """Title and value of everything that an axis would show."""
    tried = [
        (title, trial["max_epochs"] if key == "max_epochs" else trial["values"].get(key)) for key, title, _ in _AXES
    ]
    said = [(title, value if isinstance(value, str) else f"{value:g}") for title, value in tried if value is not None]
    came = trial_axes([trial])[-2:]
    return [*said, *((axis.title, axis.text[0]) for axis in came)]
