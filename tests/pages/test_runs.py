"""The Runs page without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


def open_runs(config: Config, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/runs.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def tick(app: AppTest, *rows: int) -> AppTest:
    """Tick rows of the table, as the browser would."""
    app.session_state[app.dataframe[0].key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    return app


def buttons(app: AppTest) -> set[str]:
    return {button.key for button in app.button if button.key and button.key.startswith("runs_")}


@pytest.fixture
def ids(two_runs) -> list[str]:
    return Catalogue(two_runs).run_ids("demo")


def test_the_table_says_what_each_run_is(two_runs, ids, monkeypatch):
    app = open_runs(two_runs, monkeypatch)
    table = app.dataframe[0].value
    assert table["run"].tolist() == ids[::-1]
    assert table["shown"].tolist() == ["", "●"]
    assert table["recipe"].iloc[1] == "as in the paper"
    assert "shared dim 16" in table["recipe"].iloc[0]
    assert table["dimension"].tolist() == [16, 64]
    assert "%" in table["recall@1%"].iloc[0]
    assert "–" in table["recall@1%"].iloc[0]
    captions = " ".join(c.value for c in app.caption)
    assert "2 runs · on disk: surveys " in captions
    assert "Tick a run" in captions
    assert buttons(app) == set()


def test_one_ticked_run_is_compared_with_the_one_that_is_shown(two_runs, ids, monkeypatch):
    app = tick(open_runs(two_runs, monkeypatch), 0)
    assert buttons(app) == {"runs_compare", "runs_promote", "runs_delete"}
    app.button("runs_compare").click().run()
    assert not app.exception
    assert app.query_params["compare"] == ",".join(ids)
    text = html(app)
    assert f"{ids[1]} against {ids[0]}" in text
    for part in ("recall@10%", "text → spectrum", "Made differently", "Maps", "Outliers gained", "Variables: errors"):
        assert part in text
    app.button("runs_swap").click().run()
    assert f"{ids[0]} against {ids[1]}" in html(app)
    app.button("runs_close").click().run()
    assert "against" not in html(app)
    assert "compare" not in app.query_params


def test_a_link_opens_a_comparison(two_runs, ids, monkeypatch):
    app = open_runs(two_runs, monkeypatch, compare=",".join(ids))
    assert f"{ids[1]} against {ids[0]}" in html(app)
    assert "paired bootstrap, 2,000 resamples, seed 0" in html(app)


@pytest.mark.parametrize(
    ("asked", "said"),
    [("alone", "Name two runs"), ("nope,{0}", "There is no run 'nope'"), ("{0},{0}", "cannot be compared with itself")],
)
def test_a_wrong_link_is_a_message(two_runs, ids, monkeypatch, asked, said):
    app = open_runs(two_runs, monkeypatch, compare=asked.format(*ids))
    assert said in " ".join(w.value for w in app.warning)
    assert len(app.dataframe) == 1


def test_showing_another_run_and_going_back(two_runs_copy, monkeypatch):
    first, second = Catalogue(two_runs_copy).run_ids("demo")
    app = tick(open_runs(two_runs_copy, monkeypatch), 0)
    app.button("runs_promote").click().run()
    assert not app.exception
    assert f"run {second}" in html(app)
    assert app.dataframe[0].value["shown"].tolist() == ["●", ""]
    assert app.button("runs_back").label == f"Back to {first}"
    app.button("runs_back").click().run()
    assert f"run {first}" in html(app)


def test_every_page_has_the_way_back(two_runs_copy, monkeypatch):
    first, second = Catalogue(two_runs_copy).run_ids("demo")
    app = tick(open_runs(two_runs_copy, monkeypatch), 0)
    app.switch_page("pages/survey.py").run()
    assert "back_to_run" not in {button.key for button in app.button}
    Catalogue(two_runs_copy).lab.set_active_run("demo", second)  # as another tab would
    app.run()
    assert not app.exception
    assert app.button("back_to_run").label == f"Back to {first}"
    app.button("back_to_run").click().run()
    assert f"run {first}" in html(app)
    assert "back_to_run" not in {button.key for button in app.button}


def test_the_run_that_is_shown_cannot_be_deleted(two_runs, monkeypatch):
    app = tick(open_runs(two_runs, monkeypatch), 1)
    assert "runs_delete" not in buttons(app)
    assert "Every page shows this run." in [c.value for c in app.caption]


def test_deleting_asks_once_more_and_says_what_is_freed(two_runs_copy, monkeypatch):
    first, second = Catalogue(two_runs_copy).run_ids("demo")
    app = tick(open_runs(two_runs_copy, monkeypatch), 0)
    app.button("runs_delete").click().run()
    assert f"**{second}** with its maps" in " ".join(m.value for m in app.markdown)
    assert Catalogue(two_runs_copy).run_ids("demo") == [first, second]
    app.button("runs_delete_yes").click().run()
    assert not app.exception
    assert Catalogue(two_runs_copy).run_ids("demo") == [first]
    assert app.dataframe[0].value["run"].tolist() == [first]
    assert f"{second} is deleted; " in app.toast[0].value


def test_a_damaged_run_is_a_row_and_can_be_deleted(two_runs_copy, monkeypatch):
    first, second = Catalogue(two_runs_copy).run_ids("demo")
    (two_runs_copy.runs_dir / "demo" / second / "manifest.json").unlink()
    app = open_runs(two_runs_copy, monkeypatch)
    table = app.dataframe[0].value
    assert table["run"].tolist() == [first, second]
    assert table["recipe"].iloc[1].startswith("Damaged. ")
    tick(app, 0, 1)
    assert "A damaged run cannot be compared" in " ".join(c.value for c in app.caption)
    tick(app, 1)
    assert buttons(app) == {"runs_delete"}
