"""The app's script runs without a browser: on a data folder with a demo, and on an empty one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.services import demo
from alignlab.services.background import Progress
from tests.conftest import PROJECT
from tests.ui.small_demo import build_small_demo


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_demo(tmp_path_factory.mktemp("data"), n=60)


def run_app(data: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_header_and_footer_say_what_is_shown(data, monkeypatch):
    text = html(run_app(data, monkeypatch))
    assert "demo" in text
    assert "simulated" in text
    assert "run paper-7f3a · seed 7 · n 60" in text


def test_nothing_picked_says_what_to_do(data, monkeypatch):
    assert "Click a point" in html(run_app(data, monkeypatch))


def test_a_source_in_the_address_fills_the_card(data, monkeypatch):
    text = html(run_app(data, monkeypatch, source="SIM J000000.0+000000"))
    assert "SIM J000000.0+000000" in text
    assert "An absorbed nucleus." in text
    assert "A flaring source &amp; its &lt;neighbours&gt;" in text  # papers' titles are shown, never interpreted
    assert "Not discussed: x-ray spectrum" in text
    assert "×1e20 cm⁻²" in text or "missing" in text


def test_an_observed_source_shows_its_distance_and_no_rank(data, monkeypatch):
    text = html(run_app(data, monkeypatch, source="CDFS 179"))
    assert "farther out than 99% of the training set" in text
    assert "observed · survey real-chandra" in text
    assert "position unknown" in text
    assert not re.search(r"\bnan\b", text.lower())
    assert "background &lt;unknown&gt;" in text  # what its file lacked
    assert "in class" not in text


def test_a_neighbour_can_be_picked(data, monkeypatch):
    app = run_app(data, monkeypatch, source="SIM J000003.0+000000")
    button = app.button("neighbour_0")
    name = button.label.split(" · ")[0]
    button.click().run()
    assert app.query_params["source"] == name
    assert f"<b>{name}</b>" in html(app)


def test_an_unknown_source_is_a_message(data, monkeypatch):
    app = run_app(data, monkeypatch, source="Nobody")
    assert "Nobody" in app.warning[0].value


def test_first_use_shows_progress_and_survives_a_failure(tmp_path, monkeypatch):
    states = [Progress(fraction=0.4, message="simulating photons"), Progress(error="The disk is full.")]
    monkeypatch.setattr(demo, "ensure_demo_started", lambda: states[0])
    app = run_app(tmp_path, monkeypatch)
    assert "simulated" in app.markdown[0].value
    states.pop(0)
    app.run()
    assert "The disk is full." in app.error[0].value
    assert app.button[0].label == "Try again"


def test_the_survey_page_counts_classes_and_coverage(data, monkeypatch):
    app = run_app(data, monkeypatch)
    app.switch_page("pages/survey.py").run()
    assert not app.exception
    classes, variables = app.dataframe[-2].value, app.dataframe[-1].value
    assert dict(zip(classes["class"], classes["sources"], strict=True)) == {"AGN": 20, "star": 20, "QSO": 20}
    assert list(variables["n"]) == [60] * 20
