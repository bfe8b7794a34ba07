"""Files handed in through the page: what a person sees, and that the page lives whatever they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.retrain import retrain, show_run
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.finished_maps import finish_maps, with_finished_maps
from tests.pages.test_atlas import html
from tests.services.test_drop import JPEG, spectrum_csv


@pytest.fixture
def demo(small_demo: Config, tmp_path: Path) -> Config:
    return with_finished_maps(small_demo, tmp_path)


def opened(config: Config, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert not app.exception
    return app


def hand_in(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.get("file_uploader")[0].set_value([(name, content, "") for name, content in files]).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


SPECTRUM = ("my quasar.csv", spectrum_csv().encode())


def test_a_dropped_spectrum_is_picked_told_and_taken_away(demo, monkeypatch):
    app = hand_in(opened(demo, monkeypatch), SPECTRUM)
    state = app.session_state["alignlab.atlas"]
    assert (state.overlay, state.index) == ("dropped-myquasar", 0)
    assert app.query_params["source"] == "my quasar"
    text = html(app)
    assert "<b>my quasar</b>" in text
    assert "the training set" in text
    folder = demo.data_dir / "dropped" / app.session_state["alignlab.dropped"].session
    assert [path.name for path in (folder / "surveys").iterdir()] == ["dropped-myquasar"]
    assert Catalogue(demo).survey_names() == ["demo"]

    press(app, "drop_hide")
    assert "the training set)" not in html(app)
    app.switch_page("pages/search.py").run()
    assert "<b>my quasar</b>" in html(app)
    press(app, "drop_remove_row_0")
    assert "my quasar" not in html(app)
    assert app.session_state["alignlab.atlas"].index is None
    assert list((folder / "surveys").iterdir()) == []
    app.switch_page("pages/atlas.py").run()
    assert not app.exception
    assert "Click a point" in html(app)


def test_a_bad_file_is_a_message_and_nothing_is_lost(demo, monkeypatch):
    app = hand_in(opened(demo, monkeypatch), SPECTRUM)
    hand_in(app, ("ph[o]to_1.jpg", JPEG))
    (message,) = [error.value for error in app.error]
    assert "neither FITS nor text" in message.replace("\\", "")
    assert r"ph\[o\]to\_1\.jpg" in message
    assert app.query_params["source"] == "my quasar"
    press(app, "drop_dismiss")
    assert not app.error
    hand_in(app, SPECTRUM, ("photo.jpg", JPEG))
    assert len(app.error) == 1
    assert app.session_state["alignlab.atlas"].overlay == "dropped-myquasar-2"


def test_other_sessions_do_not_see_it(demo, monkeypatch):
    hand_in(opened(demo, monkeypatch), SPECTRUM)
    other = opened(demo, monkeypatch)
    assert "my quasar" not in html(other)


def test_another_run_encodes_it_again(demo, monkeypatch):
    app = hand_in(opened(demo, monkeypatch), SPECTRUM)
    workspace = Catalogue(demo).open_workspace()
    run = retrain(workspace, seed=3)
    finish_maps(workspace.survey, run)
    show_run(workspace, run.run_id)
    app.run()
    assert not app.exception
    (outcome,) = app.session_state["alignlab.dropped"].outcomes
    assert outcome.applied.overlay.meta.recipe == {"run": run.run_id}
    assert "<b>my quasar</b>" in html(app)


def test_files_from_the_search_page(demo, monkeypatch):
    app = opened(demo, monkeypatch)
    app.switch_page("pages/search.py").run()
    app.get("file_uploader")[-1].set_value([(*SPECTRUM, "text/csv")]).run()
    assert not app.exception
    assert app.query_params["source"] == "my quasar"
