"""The Parameters page without a browser: its findings, figures and tables are those that were computed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.evaluate import EvaluationContext
from alignlab.services.evaluate.kept import evaluate_part
from alignlab.services.evaluate.parameters_text import accuracy_finding, coverage_finding, errors_finding, newer_heads
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.ui.parameters_page.accuracy_figure import accuracy_figure, overview_figure
from alignlab.ui.parameters_page.coverage_figure import coverage_figure
from alignlab.ui.parameters_page.errors_figure import errors_figure
from alignlab.ui.parameters_page.estimated import MOST_HALF_WIDTHS, estimated
from alignlab.ui.parameters_page.residual_map import best_map, map_words, residual_map
from alignlab.ui.parameters_page.value_axis import ValueAxis
from alignlab.variables import VARIABLE_NAMES, VARIABLES, variable
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


@pytest.fixture(scope="module")
def evaluated(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("parameters") / "data"
    config = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, folder)))
    workspace = Catalogue(config).open_workspace()
    context = EvaluationContext(config=config, survey=workspace.survey, run=workspace.run, seed=5)
    evaluate_part(context, "parameters")
    workspace.survey.close()
    workspace.run.close()
    return config


@pytest.fixture(scope="module")
def workspace(evaluated: Config) -> Iterator[Workspace]:
    opened = Catalogue(evaluated).open_workspace()
    yield opened
    opened.survey.close()
    opened.run.close()


@pytest.fixture(scope="module")
def figures(workspace: Workspace) -> dict[str, Any]:
    kept = json.loads((workspace.run.folder / "evaluation" / "test" / "parameters.json").read_text())
    return kept["figures"]


def open_page(config: Config, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/parameters.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_without_figures_the_page_begins_to_compute_them(finished_demo, tmp_path, monkeypatch):
    copy = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path / "data")))
    app = open_page(copy, monkeypatch)
    assert app.get("progress")[0].proto.text.startswith("Parameters: being computed")
    assert app.button("compute_fusion").label.startswith("Compute")


def test_the_page_says_what_was_found_with_n_split_and_seed(evaluated, figures, monkeypatch):
    app = open_page(evaluated, monkeypatch)
    text = html(app)
    for finding in (errors_finding(figures), accuracy_finding(figures), coverage_finding(figures)):
        assert finding in text
    assert text.count(f"n = {figures['n_judged']}") >= 6
    assert text.count("test split, seed 5") >= 6
    assert "(simulated)" in text
    for title in ("Methods on average", "Errors of the 20 variables", "Coverage of intervals: mixture of experts"):
        assert title in text
    assert app.selectbox("variable").value == "hard_hs"


def test_a_link_chooses_the_variable(evaluated, monkeypatch):
    app = open_page(evaluated, monkeypatch, variable="powlaw_nh")
    assert app.selectbox("variable").value == "powlaw_nh"
    assert "Estimates of N_H (power law)" in html(app)
    app.selectbox("variable").set_value("bb_kt").run()
    assert not app.exception
    assert "Estimates of kT (blackbody)" in html(app)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_figures_draw_what_was_computed(figures, workspace, shade):
    drawn = {trace.name: trace for trace in errors_figure(figures, shade=shade).data}
    mixture = drawn["mixture of experts"]
    value, low, high = figures["average"]["mixture"]["relative"]
    place = list(mixture.y).index("<b>mean of all</b>")
    assert mixture.x[place] == value
    assert mixture.x[place] + mixture.error_x.array[place] == pytest.approx(high)
    assert mixture.x[place] - mixture.error_x.arrayminus[place] == pytest.approx(low)
    place = list(mixture.y).index("photon index Γ")
    assert mixture.x[place] == figures["variables"]["powlaw_gamma"]["relative"]["mixture"][0]
    shares = coverage_figure(figures, shade=shade).data
    held = {v.label: figures["coverage"]["mixture"][v.name]["95"][0] for v in VARIABLES}
    told = [dict(zip(t.y, t.x, strict=True)) for t in shares if t.legendgroup == "mixture"]
    assert told[1] == pytest.approx({label: 100 * share for label, share in held.items()})
    every = [estimated(figures, workspace.survey, name) for name in VARIABLE_NAMES]
    panels = overview_figure(every, figures, shade=shade)
    assert len([t for t in panels.data if t.type == "heatmap"]) == 20


def test_points_are_the_judged_sources(figures, workspace):
    told = estimated(figures, workspace.survey, "powlaw_gamma")
    truth = workspace.survey.variables[:, VARIABLE_NAMES.index("powlaw_gamma")]
    rows = np.flatnonzero((workspace.survey.split == "test") & np.isfinite(truth))
    assert told.rows.tolist() == rows.tolist()
    assert told.truth.tolist() == truth[rows].astype(float).tolist()
    share, _, _ = figures["coverage"]["mixture"]["powlaw_gamma"]["68"]
    assert told.within.mean() == pytest.approx(share, abs=1.5 / len(told))
    inside, clipped = np.abs(told.half_widths) <= 1.01, np.abs(told.half_widths) <= MOST_HALF_WIDTHS
    assert (inside == told.within).mean() > 0.97
    assert clipped.all()
    within, outside = accuracy_figure(told, shade="light").data[1:]
    assert (len(within.x), len(outside.x)) == (told.within.sum(), (~told.within).sum())


def test_residuals_lie_on_the_best_map_there_is(figures, workspace):
    projection = best_map(workspace.run)
    assert projection is not None
    assert map_words(projection) == "UMAP of both"
    told = estimated(figures, workspace.survey, "hard_hs")
    others, judged = residual_map(told, projection, shade="dark").data
    assert len(others.x) + len(judged.x) == workspace.survey.n_sources
    strongest = int(np.abs(told.half_widths).argmax())
    assert abs(judged.marker.color[-1]) == abs(told.half_widths[strongest])


def test_axes_know_their_scales():
    plain = ValueAxis(variable=variable("hard_hs"), softening=None)
    assert plain.place([-1, 0.5]).tolist() == [-1, 0.5]
    logarithmic = ValueAxis(variable=variable("bb_kt"), softening=0.0)
    assert logarithmic.place([0.1, 10]).tolist() == [-1, 1]
    assert np.isnan(logarithmic.place([0.0])).all()
    assert logarithmic.layout((-1.1, 1.1))["ticktext"] == ["0.1", "0.3", "1", "3", "10"]
    soft = ValueAxis(variable=variable("powlaw_nh"), softening=2.0)
    assert soft.place([0.0, 2.0]).tolist() == [0.0, pytest.approx(np.arcsinh(1))]
    assert soft.layout((-0.1, float(soft.place(1500.0))))["ticktext"] == ["0", "10", "100", "1,000"]
    assert soft.limits([np.nan]) == (0.0, 1.0)


def test_heads_that_came_later_are_told(figures):
    assert newer_heads(figures, []) == ""
    assert "--part parameters --again" in newer_heads(figures, ["ridge-1"])
