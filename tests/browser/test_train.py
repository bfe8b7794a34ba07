"""A training from the page: followed while one browses, cancelled, finished, and shown in every open tab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from alignlab.config import Config
from alignlab.services import jobs as queue
from alignlab.services.workspace import Catalogue
from tests.browser.conftest import Watched, serve
from tests.jobs.workers import wait_until, working
from tests.pages.finished_maps import finish_maps
from tests.ui.small_demo import build_small_demo

pytestmark = pytest.mark.browser
PATIENCE_MS = 90_000
#: Epochs in the first plot.
EPOCHS = "Math.max(0, ...(document.querySelector('.js-plotly-plot')?.data ?? []).map((line) => line.x?.length ?? 0))"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=build_small_demo(tmp_path / "data"))


@pytest.fixture
def lab(browser: Browser, config: Config, tmp_path: Path) -> Iterator[str]:
    """Address of an app with a worker of its own, both ended with the test."""
    with working(config, kinds=queue.KINDS):
        wait_until(lambda: queue.worker_is_alive(config))
        yield from serve(config.data_dir, tmp_path / "log.txt")


@pytest.fixture
def tabs(browser: Browser, lab: str) -> Iterator[tuple[Watched, Watched]]:
    """Two tabs: the Train page, and the Atlas."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    train, atlas = Watched(context.new_page()), Watched(context.new_page())
    atlas.open(lab)
    train.page.goto(f"{lab}/train")
    yield train, atlas
    missing = "Failed to load resource"  # Streamlit asks for its own settings below the page's address first
    assert [problem for problem in train.problems + atlas.problems if missing not in problem] == []
    context.close()


def fill(page: Page, **values: str) -> None:
    """Write into fields of the form, and wait until each counts as changed."""
    for number, (label, value) in enumerate(values.items(), start=1):
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)
        page.keyboard.press("Tab")
        page.wait_for_function(f"document.querySelectorAll('.al-field em').length >= {number}")


def begin(page: Page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()


def in_state(page: Page, state: str) -> None:
    page.wait_for_selector(f'[data-state="{state}"]')


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()


def test_a_training_is_followed_cancelled_finished_and_shown(tabs: tuple[Watched, Watched], config: Config):
    (train, atlas), page = tabs, tabs[0].page
    page.get_by_text("All parameters").click()
    fill(page, max_epochs="5000", patience="5000", batch_size="4")
    begin(page)
    in_state(page, "running")
    page.wait_for_function(f"{EPOCHS} > 0")
    before = page.evaluate(EPOCHS)

    go_to(page, "Atlas")
    train.page.wait_for_selector(".al-map[data-drawn]")
    train.choose_colour("hard_hs")
    atlas.page.get_by_role("link", name="1 job").wait_for()
    page.get_by_role("link", name="1 job").click()
    page.wait_for_function(f"{EPOCHS} > {before}")
    grown = page.evaluate(EPOCHS)
    page.wait_for_function(f"{EPOCHS} > {grown}")

    page.get_by_role("button", name="Cancel", exact=True).click()
    in_state(page, "cancelled")
    atlas.page.get_by_role("link", name="1 job").wait_for(state="detached")

    page.get_by_text("Fast", exact=True).click()
    page.get_by_text("default 0.07").wait_for()
    begin(page)
    in_state(page, "succeeded")
    job = queue.jobs(config)[0]
    made = job.result["run"]
    catalogue = Catalogue(config)
    assert catalogue.active_run_id("demo") == "paper-7f3a"
    finish_maps(catalogue.survey("demo"), catalogue.run(made))

    atlas.page.bring_to_front()
    old_map = atlas.page.locator(".al-stage").first.screenshot()
    page.bring_to_front()
    page.get_by_role("button", name=f"Show run {made}").click()
    for tab in (page, atlas.page):
        tab.locator(".al-foot", has_text=f"run {made}").wait_for()
    atlas.page.bring_to_front()
    atlas.drawn()
    assert atlas.page.locator(".al-stage").first.screenshot() != old_map
    assert catalogue.active_run_id("demo") == made
