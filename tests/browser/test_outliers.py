"""What a person does on the Outliers page, in a browser: twenty sources by keyboard, and one of them explained."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from alignlab.store.lab import Lab
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, serve

#: A page opened by its own address first asks for Streamlit's health below that address.
_STREAMLITS_OWN = "404 (Not Found)"
_WANTED = "star"


@pytest.fixture(scope="module")
def data(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo, in which labels are given."""
    return Path(shutil.copytree(finished_demo.data_dir, tmp_path_factory.mktemp("outliers") / "data"))


@pytest.fixture(scope="module")
def outliers_app(browser: Browser, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not frontend_build.is_current():
        frontend_build.build()
    yield from serve(data, tmp_path_factory.mktemp("outliers_server") / "log.txt")


@pytest.fixture
def lab(data: Path) -> Lab:
    return Catalogue(Config(data_dir=data)).lab


@pytest.fixture
def page(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = Watched(context.new_page())
    yield watched
    assert [problem for problem in watched.problems if _STREAMLITS_OWN not in problem] == []
    context.close()


def open_page(watched: Watched, app: str, query: str = "") -> Page:
    watched.page.goto(f"{app}/outliers{query}")
    settled(watched.page)
    watched.idle()
    return watched.page


def settled(page: Page) -> None:
    """Wait until every press has been obeyed and the source that it led to is drawn."""
    page.wait_for_selector('.al-outliers-queue[data-waiting="0"]', timeout=60_000)


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    settled(page)


def tell_name(watched: Watched, name: str) -> None:
    field = watched.page.get_by_label("Your name")
    field.fill(name)
    field.press("Enter")
    watched.page.wait_for_function("document.activeElement.tagName !== 'INPUT'")
    watched.idle()


def shown(page: Page) -> tuple[str, str]:
    """Name and class of the source that is looked at."""
    return page.inner_text(".al-outliers-head h1"), page.inner_text(".al-outliers-head > span").strip()


def first_kinds(page: Page, n: int) -> list[str]:
    texts = page.locator(".al-outliers-row .al-outliers-kind").all_inner_texts()
    return [text.replace("▾", "").strip() for text in texts[:n]]


def test_twenty_sources_by_keyboard_and_the_ranking_follows(page: Watched, outliers_app: str, lab: Lab):
    desk = open_page(page, outliers_app, "?ranked_by=labels&demoted=0")
    tell_name(page, "Ada")
    before = first_kinds(desk, 20).count(_WANTED)
    given = {}
    for _ in range(20):
        name, kind = shown(desk)
        assert name not in given
        given[name] = "5" if kind == _WANTED else "0"
        press(desk, given[name])
        assert desk.inner_text(".al-outliers-said") == f"{name} labelled {given[name]}"
    said = {name: labels["Ada"] for name, labels in lab.labels("demo").items()}
    assert said == given
    assert {"5", "0"} <= set(given.values())
    assert first_kinds(desk, 20).count(_WANTED) > before
    last = list(given)[-1]
    press(desk, "z")
    assert shown(desk)[0] == last
    assert last not in lab.labels("demo")
    desk.reload()
    settled(desk)
    desk.wait_for_function("document.querySelector('input[aria-label=\"Your name\"]')?.value === 'Ada'")
    assert shown(desk)[0] == last


def test_an_outlier_is_explained_and_put_on_the_follow_up_list(page: Watched, outliers_app: str, lab: Lab):
    desk = open_page(page, outliers_app, "?ranked_by=reconstruction")
    tell_name(page, "Ben")
    press(desk, "ArrowDown")
    name, _ = shown(desk)
    assert parse_qs(urlsplit(desk.url).query)["source"] == [name]
    assert desk.inner_text(".al-why-sentence").startswith("Strange, rank ")
    desk.wait_for_selector(".st-key-why_figures .js-plotly-plot")
    desk.wait_for_selector(".st-key-outliers_classes .js-plotly-plot")
    press(desk, "f")
    desk.get_by_role("button", name="On the follow-up list").wait_for()
    desk.get_by_role("link", name="Follow-up").click()
    desk.wait_for_selector(".al-follow-reason")
    assert name in desk.inner_text(".al-follow-name")
    assert "outlier, Reconstruction error" in desk.inner_text(".al-follow-reason")


def test_keys_work_after_a_list_of_choices_and_not_while_a_note_is_typed(page: Watched, outliers_app: str, lab: Lab):
    desk = open_page(page, outliers_app)
    tell_name(page, "Cleo")
    desk.get_by_role("combobox", name="Among").click()
    desk.get_by_role("option", name="test split").click()
    page.idle()
    settled(desk)
    name, _ = shown(desk)
    press(desk, "2")
    assert lab.labels("demo")[name]["Cleo"] == "2"
    desk.get_by_role("button", name="Note").click()
    desk.get_by_role("textbox", name="What you see in").fill("")
    desk.keyboard.type("3 lines, u see?")
    desk.get_by_role("button", name="Keep note").click()
    page.idle()
    noted, _ = shown(desk)
    assert [note.text for note in lab.notes("demo", noted)] == ["3 lines, u see?"]
    assert "Cleo" not in lab.labels("demo").get(noted, {})
