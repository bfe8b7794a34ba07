"""The Search page without a browser: readings, empty states, the box in the header, and dropped files."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.test_atlas import html
from tests.ui.small_demo import build_small_demo

SEARCH = "pages/search.py"


def open_search(data: Path, monkeypatch: pytest.MonkeyPatch, query: str = "") -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page(SEARCH)
    if query:
        app.query_params["q"] = query
    app.run()
    assert not app.exception
    return app


@pytest.fixture(scope="module")
def data(finished_demo: Config) -> Path:
    return finished_demo.data_dir


def rows(app: AppTest) -> str:
    """What the rows of results hold."""
    return " ".join(str(element.proto) for element in app.get("bidi_component"))


def test_nothing_asked_offers_three_examples(data, monkeypatch):
    app = open_search(data, monkeypatch)
    examples = [button for button in app.button if (button.key or "").startswith("search_example")]
    assert len(examples) == 3
    examples[0].click().run()
    assert not app.exception
    assert app.query_params["q"] == examples[0].label
    assert "papers with any of" in html(app)


def test_words_show_sources_papers_and_why(data, monkeypatch):
    app = open_search(data, monkeypatch, "absorbed nucleus quazar")
    text = html(app)
    assert "papers with any of: absorbed, nucleus" in text
    assert "Papers (simulated)" in text
    assert "No paper holds <b>quazar</b>" in text
    assert "spectrum" in rows(app)
    (nearest,) = [button for button in app.button if button.label == "quasar"]
    nearest.click().run()
    assert app.query_params["q"] == "absorbed nucleus quasar"


def test_sources_of_which_no_paper_speaks(data, monkeypatch):
    app = open_search(data, monkeypatch, "obscured active nucleus")
    app.segmented_control[-1].set_value("silent").run()
    assert not app.exception
    assert "no paper" in rows(app)
    assert "<mark>" not in rows(app).split("Papers, best first")[0]


def test_a_position_has_a_cone(data, monkeypatch):
    sources = Catalogue(Config(data_dir=data)).survey("demo").sources
    ra, dec = sources[["ra", "dec"]].iloc[0]
    app = open_search(data, monkeypatch, f"{ra:.4f} {dec + 0.2:+.4f}")
    assert "Position" in html(app)
    assert "the nearest source of all" in rows(app)
    app.selectbox[0].set_value(30.0).run()
    assert not app.exception
    assert sources["name"].iloc[0] in rows(app)
    assert "away" in rows(app)


def test_all_hits_become_the_selection(data, monkeypatch):
    app = open_search(data, monkeypatch, "J1")
    (button,) = [button for button in app.button if button.key == "search_select"]
    n = int(button.label.split()[1])
    button.click().run()
    assert not app.exception
    state = app.session_state["alignlab.atlas"]
    assert state.selected.sum() == n
    assert state.how == "search for J1"


def test_the_box_asks_from_any_page(data, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.text_input(key="search_text").set_value("  young stars ")
    next(button for button in app.button if button.label == "Search").click().run()
    assert not app.exception
    assert app.query_params["q"] == "young stars"
    assert app.text_input(key="search_text").value == "young stars"


def test_nothing_found_and_nonsense_are_told(data, monkeypatch):
    assert "nor a word like it" in html(open_search(data, monkeypatch, "zzzzzzz"))
    assert "none on the sky" in open_search(data, monkeypatch, "12 -99").warning[0].value
    assert "so they tell nothing" in open_search(data, monkeypatch, "x-ray").info[0].value
    assert "&lt;script&gt;" in html(open_search(data, monkeypatch, "<script>alert(1)</script>"))


def test_a_survey_without_text_vectors_is_searched_in_its_papers(tmp_path, monkeypatch):
    app = open_search(build_small_demo(tmp_path, n=60), monkeypatch, "flaring source")
    assert any("papers alone" in caption.value for caption in app.caption)
    assert "SIM J000000.0+000000" in rows(app)
    assert "&lt;neighbours&gt;" in rows(app)
