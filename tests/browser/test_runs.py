"""Two runs in a browser: ticked and compared, a source marked on both maps, one promoted and deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, serve

pytestmark = pytest.mark.browser

WAIT_MS = 60_000


@pytest.fixture
def config(two_runs: Config, tmp_path: Path) -> Config:
    return Config(data_dir=Path(shutil.copytree(two_runs.data_dir, tmp_path / "data")))


@pytest.fixture
def address(browser: Browser, config: Config, tmp_path: Path) -> Iterator[str]:
    if not frontend_build.is_current():
        frontend_build.build()
    yield from serve(config.data_dir, tmp_path / "log.txt")


def tick(page: Page, *rows: int) -> None:
    """Tick rows of the table, which is a picture: by where they are."""
    box = page.locator("[data-testid=stDataFrame]").bounding_box()
    for row in rows:
        page.mouse.click(box["x"] + 17, box["y"] + 34 * (row + 1) + 17)
        page.wait_for_timeout(300)


def test_compare_promote_and_delete(browser: Browser, address: str, config: Config):
    first, second = Catalogue(config).run_ids("demo")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = Watched(context.new_page())
    page = watched.page
    watched.open(address)
    page.get_by_role("link", name="Runs").click()
    page.wait_for_selector("[data-testid=stDataFrame] canvas", timeout=WAIT_MS)
    watched.idle()

    tick(page, 0, 1)
    page.get_by_role("button", name=f"Compare {second} with {first}").click(timeout=WAIT_MS)
    page.wait_for_selector(".al-runs-table", timeout=WAIT_MS)
    watched.drawn()
    assert page.locator(".al-title").all_inner_texts()[0].startswith(first)
    assert page.locator(".al-title").all_inner_texts()[1].startswith(second)
    assert page.locator(".al-stage:visible").count() == 2

    name = page.locator(".al-changed button").first.inner_text()
    page.get_by_role("button", name=f"Mark {name} on the maps").first.click()
    page.wait_for_selector(".al-changed li.al-picked", timeout=WAIT_MS)
    assert page.locator(".al-changed li.al-picked button").first.inner_text() == name
    page.get_by_role("button", name="Swap").click()
    expect(page.locator(".st-key-runs_compared h2")).to_have_text(f"{first} against {second}", timeout=WAIT_MS)
    watched.drawn()
    page.locator(".st-key-runs_close button").click()
    page.wait_for_selector(".al-runs-table", state="detached", timeout=WAIT_MS)

    tick(page, 1)
    page.get_by_role("button", name="Show on every page").click(timeout=WAIT_MS)
    expect(page.locator(".al-foot")).to_contain_text(f"run {second}", timeout=WAIT_MS)
    assert Catalogue(config).active_run_id("demo") == second
    page.locator(".st-key-runs_back button:visible").first.click()
    expect(page.locator(".al-foot")).to_contain_text(f"run {first}", timeout=WAIT_MS)

    page.get_by_role("button", name="Delete…").click(timeout=WAIT_MS)
    page.get_by_role("button", name=f"Delete {second}").click(timeout=WAIT_MS)
    page.wait_for_selector("[data-testid=stDialog]", state="detached", timeout=WAIT_MS)
    expect(page.get_by_text(f"{second} is deleted")).to_be_visible(timeout=WAIT_MS)
    assert Catalogue(config).run_ids("demo") == [first]
    assert watched.problems == []
    context.close()
