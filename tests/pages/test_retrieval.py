"""The Retrieval page without a browser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.evaluate import EvaluationContext
from alignlab.services.evaluate.kept import evaluate_part
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


@pytest.fixture
def evaluated(finished_demo: Config, tmp_path: Path) -> Config:
    """A copy of the demo whose run has its figures of retrieval."""
    config = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path / "data")))
    workspace = Catalogue(config).open_workspace()
    evaluate_part(EvaluationContext(config=config, survey=workspace.survey, run=workspace.run, seed=3), "retrieval")
    workspace.survey.close()
    workspace.run.close()
    return config


def open_retrieval(config: Config, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/retrieval.py").run()
    assert not app.exception
    return app


def test_the_page_says_what_was_found_beside_the_paper_and_what_is_possible(evaluated, monkeypatch):
    app = open_retrieval(evaluated, monkeypatch)
    text = html(app)
    assert "A spectrum finds the text about its own source among the best 1%" in text
    assert "the paper reports 20% on observed ones" in text
    assert "what an ideal reader gets out of the shape of the spectra alone" in text
    for part in ("For which sources it works", "The sources most confused", "Bands: 95% bootstrap intervals", "seed 3"):
        assert part in text
    assert len(app.get("plotly_chart")) == 3
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert {"spectrum → text", "text → spectrum", "chance"} <= {trace.get("name") for trace in drawn["data"]}
    assert not app.toggle("retrieval_all_pairs").value
    app.toggle("retrieval_all_pairs").set_value(True).run()
    assert not app.exception


def test_where_nothing_is_computed_the_page_begins_with_what_is_quick_and_offers_the_rest(
    finished_demo, tmp_path, monkeypatch
):
    config = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path / "data")))
    app = open_retrieval(config, monkeypatch)
    assert "it appears here by itself" in app.get("progress")[0].proto.text
    assert "not computed yet" in html(app)
    assert app.button("compute_ablations").label.startswith("Compute · about")
    assert not app.get("plotly_chart")
