"""The Follow-up page without a browser: what is on the list, why, and what goes out with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.discover.follow_up import add_to_follow_up, follow_up_code, follow_up_list
from alignlab.services.discover.observing import Brightness, observing_essentials
from alignlab.services.discover.triage import Triage
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.lab import Lab
from alignlab.ui.follow_up_page.entry import brightness_words
from alignlab.ui.follow_up_page.marks import month_marks
from tests.conftest import PROJECT
from tests.pages.test_atlas import html
from tests.ui.small_demo import build_small_demo


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_demo(tmp_path_factory.mktemp("built"), n=60)


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "data"))


@pytest.fixture
def workspace(data: Path):
    found = Catalogue(Config(data_dir=data)).open_workspace()
    yield found
    found.survey.close()
    found.run.close()
    for applied in found.overlays:
        applied.survey.close()


@pytest.fixture
def lab(data: Path) -> Lab:
    return Catalogue(Config(data_dir=data)).lab


@pytest.fixture
def listed(workspace: Workspace, lab: Lab) -> list[str]:
    """Names of three sources on the list."""
    names = workspace.survey.sources["name"].iloc[[3, 8, 20]].tolist()
    add_to_follow_up(lab, workspace.survey.name, names[:2], person="Ada", reason="a line at <6.4> keV")
    add_to_follow_up(lab, workspace.survey.name, names[2:], person="Ben", reason="")
    Triage(lab, workspace.survey.name, "Ben").give(names[0], "4")
    Triage(lab, workspace.survey.name, "Ben").note(names[0], "look at the light curve")
    return names


def open_page(data: Path, monkeypatch: pytest.MonkeyPatch, page: str = "follow_up", **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_an_empty_list_says_what_to_do(data, monkeypatch):
    text = html(open_page(data, monkeypatch))
    assert "Nothing is on the list yet" in text
    assert "press f" in text


def test_it_tells_who_why_labels_notes_and_how_to_observe(data, listed, monkeypatch):
    text = html(open_page(data, monkeypatch))
    assert "3 sources" in text
    assert all(name in text for name in listed)
    assert "a line at &lt;6.4&gt; keV" in text
    assert "no reason given" in text
    assert "look at the light curve" in text
    assert "Can be seen: Chandra " in text
    assert "ICRS, simulated" in text
    assert "counts ks⁻¹" in text or "unknown" in text


def test_a_reason_is_edited_and_a_source_taken_off(data, listed, workspace, lab, monkeypatch):
    app = open_page(data, monkeypatch)
    app.session_state["follow_up_open_2"] = True
    app.run()
    app.text_area("follow_up_reason_2").set_value("pulsations?")
    app.button("follow_up_keep_2").click().run()
    assert not app.exception
    assert [entry.reason for entry in follow_up_list(lab, workspace.survey)][2] == "pulsations?"
    app.button("follow_up_remove_0").click().run()
    assert [entry.name for entry in follow_up_list(lab, workspace.survey)] == listed[1:]
    assert lab.labels(workspace.survey.name)[listed[0]] == {"Ben": "4"}


def test_a_kept_list_opens_by_its_link_and_can_be_taken_over(data, listed, workspace, lab, monkeypatch):
    code = follow_up_code(lab, workspace.survey)
    lab.remove_follow_ups(workspace.survey.name, listed)
    app = open_page(data, monkeypatch, list=code)
    assert f"List {code}" in html(app)
    assert all(name in html(app) for name in listed)
    app.session_state["alignlab.person"] = "Cleo"
    app.run()
    app.button("follow_up_take_over").click().run()
    assert not app.exception
    assert "list" not in app.query_params
    assert [(entry.name, entry.person) for entry in follow_up_list(lab, workspace.survey)] == [
        (name, "Cleo") for name in listed
    ]


def test_a_code_that_is_not_kept_is_told_and_todays_list_shown(data, listed, monkeypatch):
    app = open_page(data, monkeypatch, list="0123456789")
    assert "keeps no follow-up list" in app.warning[0].value
    assert listed[0] in html(app)


def test_the_source_page_puts_its_source_on_the_list_and_off_again(data, workspace, lab, monkeypatch):
    name = str(workspace.survey.sources["name"].iloc[5])
    app = open_page(data, monkeypatch, "source", source=name)
    app.session_state["alignlab.person"] = "Ada"
    app.session_state["source_follow_up"] = True
    app.run()
    app.text_area("source_follow_up_reason").set_value("flares")
    app.button("source_follow_up_add").click().run()
    assert not app.exception
    (entry,) = follow_up_list(lab, workspace.survey)
    assert (entry.name, entry.person, entry.reason) == (name, "Ada", "flares")
    app.button("source_follow_up_off").click().run()
    assert follow_up_list(lab, workspace.survey) == []


def test_month_marks_are_filled_where_a_month_counts(workspace):
    (essentials,) = observing_essentials(workspace.survey, [5])
    drawn = month_marks(essentials, shade="light")
    places = [essentials.chandra, *essentials.ground]
    filled = sum(len(place.months) for place in places)
    # In the image's address, a mark without filling says fill="none".
    assert drawn.count("%3Crect") == 12 * len(places)
    assert drawn.count("fill=%22none%22") == 12 * len(places) - filled


@pytest.mark.parametrize(
    ("value", "error", "unit", "words"),
    [
        (0.0123, 0.00041, "ct / s", "rate: 12.30 ± 0.41 counts ks⁻¹"),
        (-0.0002, 0.013, "ct / s", "rate: 0 ± 13 counts ks⁻¹"),
        (3.21e-14, np.nan, "erg / (s cm2)", "rate: 3.21 × 10⁻¹⁴ erg s⁻¹ cm⁻²"),
        (np.nan, np.nan, "ct / s", "rate: unknown"),
    ],
)
def test_brightness_has_the_digits_of_its_error(value, error, unit, words):
    assert brightness_words(Brightness(value=value, error=error, unit=unit, what="rate")) == words
