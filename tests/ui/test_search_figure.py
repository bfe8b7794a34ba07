"""The picture of a search: which axes it has, where trials lie on them, what stands out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from alignlab.training.search import trial_recipes
from alignlab.training.search_recipe import AXES, SearchRecipe
from alignlab.ui.search_figure import trial_axes, trials_figure
from alignlab.ui.spectrum_figure import INK


def trials_of(recipe: SearchRecipe) -> list[dict[str, Any]]:
    """Trials whose score is the better, the larger their shared dimension and learning rate."""
    return [
        {
            "values": {axis: getattr(trial, axis) for axis in AXES},
            "max_epochs": trial.max_epochs,
            "score": 5 - math.log(trial.shared_dim) / 4 - 100 * trial.learning_rate,
            "recall_at_1_percent": trial.shared_dim / 1000,
        }
        for trial in trial_recipes(recipe, seed=0)
    ]


GRID = trials_of(SearchRecipe(strategy="grid", loss=("one-way", "symmetric"), dropout=()))


def test_there_is_an_axis_for_what_varies_and_for_the_figures() -> None:
    assert [axis.title for axis in trial_axes(GRID)] == [
        "learning rate", "shared dim.", "hidden units", "loss", "recall@1%", "typical rank",
    ]  # fmt: skip
    halved = [{**trial, "max_epochs": 4 if i else 12} for i, trial in enumerate(GRID)]
    assert "epochs" in [axis.title for axis in trial_axes(halved)]


def test_learning_rates_and_dimensions_lie_at_their_logarithms() -> None:
    axes = {axis.title: axis for axis in trial_axes(GRID)}
    wanted = {"0.0001": 0.0, "0.0003": math.log10(3), "0.001": 1.0}
    assert {label: place for place, label in axes["learning rate"].ticks} == pytest.approx(wanted)
    assert [label for _, label in axes["shared dim."].ticks] == ["16", "32", "64", "128"]
    np.testing.assert_allclose([place for place, _ in axes["shared dim."].ticks], [0, 1 / 3, 2 / 3, 1])
    for place, label in axes["learning rate"].ticks:
        near = [
            p
            for p, text in zip(axes["learning rate"].position, axes["learning rate"].text, strict=True)
            if text == label
        ]
        np.testing.assert_allclose(near, place, atol=0.03)


def test_better_is_higher_on_the_axes_of_figures() -> None:
    axes = trial_axes(GRID)
    best = int(np.argmin([trial["score"] for trial in GRID]))
    assert axes[-1].position[best] == 1 and axes[-1].position.min() == 0
    assert axes[-1].text[best] == f"{math.exp(GRID[best]['score']):.3g}"
    assert axes[-2].position.argmax() in np.flatnonzero([t["values"]["shared_dim"] == 128 for t in GRID])
    for axis in axes:
        places = [place for place, _ in axis.ticks]
        assert 2 <= len(places) <= 6 and min(places) >= 0 and max(places) <= 1


def test_of_trials_with_the_same_value_the_better_lies_higher() -> None:
    axis = next(axis for axis in trial_axes(GRID) if axis.title == "loss")
    rows = [i for i, trial in enumerate(GRID) if trial["values"]["loss"] == "symmetric"]
    by_place = sorted(rows, key=lambda i: axis.position[i])
    scores = [GRID[i]["score"] for i in by_place]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_best_trial_is_drawn_last_and_thick(shade: Any) -> None:
    traces = trials_figure(GRID, shade).data
    assert len(traces) == len(GRID)
    assert traces[-1].line.width > max(trace.line.width for trace in traces[:-1])
    assert traces[-1].line.color == INK[shade]
    assert traces[-1].customdata[-1][1] == f"{math.exp(min(t['score'] for t in GRID)):.3g}"
    # The last axis holds the score: the order of drawing is from the worst to the best.
    heights = [trace.y[-1] for trace in traces]
    assert heights == sorted(heights)


def test_a_trial_that_went_astray_is_grey_and_at_the_worse_end() -> None:
    trials = [*GRID[::9], {**GRID[-1], "score": None, "recall_at_1_percent": None}]
    first = trials_figure(trials, "light").data[0]
    assert first.y[-1] == first.y[-2] == 0 and first.customdata[-1][1] == "–"
    everything_astray = [{**trial, "score": None, "recall_at_1_percent": None} for trial in trials]
    assert len(trials_figure(everything_astray).data) == len(trials)


def test_a_trial_that_went_on_is_drawn_once_as_it_is_now() -> None:
    later = [{**trial, "max_epochs": 300, "score": trial["score"] - 1} for trial in GRID[::9]]
    figure = trials_figure([*later, *GRID])
    assert len(figure.data) == len(GRID)
    assert figure.data[-1].customdata[-1][1] == f"{math.exp(min(t['score'] for t in later)):.3g}"


def test_a_range_is_read_off_round_numbers() -> None:
    random = trials_of(SearchRecipe(strategy="random", n_trials=40, dropout=(0.1, 0.5)))
    axis = next(axis for axis in trial_axes(random) if axis.title == "dropout")
    assert {label for _, label in axis.ticks} <= {"0.1", "0.2", "0.3", "0.4", "0.5"}
    assert len(axis.ticks) >= 3


def test_fewer_than_two_trials_are_a_table() -> None:
    one = trials_figure(GRID[:1]).data[0]
    said = dict(zip(*one.cells["values"], strict=True))
    assert one.type == "table" and said["shared dim."] == "16" and said["loss"] == "one-way"
    nothing = trials_figure([]).data[0]
    assert nothing.type == "table" and nothing.header["values"][0] == "No trial has ended yet."
