"""The Retrieval page's figures and pairs, from figures made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from alignlab.ui.retrieval_page.confused import pairs_html
from alignlab.ui.retrieval_page.groups_figure import FEWEST_DRAWN, groups_figure
from alignlab.ui.retrieval_page.recall_figure import recall_figure, recall_key

CURVE = {"recall": [0.1, 0.6, 1.0], "low": [0.05, 0.5, 1.0], "high": [0.2, 0.7, 1.0]}
SIDE = {"n_candidates": 40, "recall_at_1_percent": 0.1, "curve": CURVE}


def group(label: str, n: int, value: float, low: float, high: float) -> dict[str, Any]:
    told = {
        "recall_at_1_percent": value, "recall_at_1_percent_interval": [low, high],
        "recall_at_5_percent": value, "median_rank": 7.0,
    }  # fmt: skip
    return {"label": label, "n": n, "spectrum_to_text": told, "text_to_spectrum": told}


FIGURES: dict[str, Any] = {
    "percents": [1.0, 10.0, 100.0],
    "within": [1, 4, 40],
    "directions": {"spectrum_to_text": SIDE, "text_to_spectrum": SIDE},
    "ceiling": {ranker: {"spectrum_to_text": SIDE} for ranker in ("shape", "photons", "truth")},
    "groups": {
        "class": [group("AGN", 30, 0.2, 0.1, 0.4), group("<star>", 12, 0.5, 0.3, 0.6), group("CV", 2, 0, 0, 0.7)]
    },
}


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_curve_shows_both_directions_ceilings_chance_and_the_paper(shade):
    figure = recall_figure(FIGURES, shade=shade)
    drawn = {trace.name: trace for trace in figure.data if trace.name}
    assert list(drawn["spectrum → text"].y) == [10, 60, 100]
    assert list(drawn["chance"].y) == [2.5, 10, 100]
    assert list(drawn["paper, spectrum → text"].y) == [20, 50]
    assert sum("ideal" in name or "truth" in name for name in drawn) == 3
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [list(band.y) for band in bands] == 2 * [[20, 70, 100, 100, 50, 5]]
    assert figure.layout.xaxis.type == "log"
    assert "knows the truth" in recall_key(FIGURES, shade=shade)


def test_without_a_ceiling_the_curve_stands_alone():
    figures = {**FIGURES, "ceiling": None}
    assert not any("ideal" in (trace.name or "") for trace in recall_figure(figures, shade="light").data)
    assert "ideal" not in recall_key(figures, shade="light")


def test_groups_are_dots_with_their_intervals_and_small_ones_are_left_to_the_table():
    figure = groups_figure(FIGURES, ("class",), shade="light")
    first = figure.data[0]
    np.testing.assert_allclose(first.x, [50, 20])
    np.testing.assert_allclose(np.array(first.x) + first.error_x.array, [60, 40])
    np.testing.assert_allclose(np.array(first.x) - first.error_x.arrayminus, [30, 10])
    labels = " ".join(figure.layout.yaxis.ticktext)
    assert "&lt;star&gt;" in labels
    assert "CV" not in labels
    assert FEWEST_DRAWN > 2
    assert all(trace.type == "scatter" for trace in figure.data)


def test_groups_that_are_all_small_leave_an_empty_plot():
    figures = {**FIGURES, "groups": {"class": [group("CV", 2, 0, 0, 0.7)]}}
    assert all(len(trace.x or ()) == 0 for trace in groups_figure(figures, ("class",), shade="dark").data)


def test_confused_pairs_are_read_side_by_side():
    source = {"index": 4, "name": "A <b>", "class": "", "counts": 1200, "texts": {"nature": "It is <odd>."}}
    first = {"index": 9, "name": "B", "class": "star", "counts": 80, "texts": {"spectrum": "Soft."}}
    html = pairs_html([{"rank": 39.5, "source": source, "first": first}], n_candidates=40)
    assert "its own text has rank 40 of 40" in html
    assert "A &lt;b&gt;" in html
    assert "It is &lt;odd&gt;." in html
    assert "unclassified" in html
    assert "[&quot;source&quot;, null, 9]" in html
