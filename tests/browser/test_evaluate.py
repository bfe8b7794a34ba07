"""The three Evaluate pages in a browser: figures are asked for, appear by themselves, are looked through and saved."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from alignlab.config import Config
from alignlab.services import jobs as queue
from alignlab.services.evaluate import part
from alignlab.services.evaluate.kept import kept_figures
from alignlab.services.workspace import Catalogue
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, serve
from tests.jobs.workers import wait_until, working

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def config(finished_demo: Config, tmp_path: Path) -> Config:
    return Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path / "data")))


@pytest.fixture
def address(browser: Browser, config: Config, tmp_path: Path) -> Iterator[str]:
    """Address of an app with a worker of its own, both ended with the test."""
    if not frontend_build.is_current():
        frontend_build.build()
    with working(config, kinds=queue.KINDS):
        wait_until(lambda: queue.worker_is_alive(config))
        yield from serve(config.data_dir, tmp_path / "log.txt")


@pytest.fixture
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    watched = Watched(context.new_page())
    watched.page.goto(f"{address}/retrieval")
    watched.page.locator(".al-foot").wait_for()  # until then the sidebar lists files
    yield watched
    missing = "Failed to load resource"  # Streamlit asks for its own settings below the page's address first
    assert [problem for problem in watched.problems if missing not in problem] == []
    context.close()


def save_first_table(page: Page, tables: dict[str, str]) -> None:
    """Save the first table on the page that is one of `tables` (name of file → text of its CSV) and compare."""
    page.locator(".al-table").first.wait_for()
    page.get_by_role("button", name="Save").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    assert download.value.suggested_filename in tables
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    assert saved == tables[download.value.suggested_filename]
    assert len(list(csv.reader(io.StringIO(saved)))) > 2
    page.keyboard.press("Escape")


def go_to(watched: Watched, name: str) -> None:
    page = watched.page
    page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
    page.wait_for_url(f"**/{name.lower()}*")


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list of the page by the words that are read."""
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(option)  # a long list holds only what is seen of it
    page.get_by_role("option", name=option, exact=True).click()


def test_figures_are_computed_appear_are_saved_and_looked_through(watched: Watched, config: Config):
    page, run = watched.page, Catalogue(config).open_workspace().run
    for name in ("retrieval", "parameters", "latents"):
        go_to(watched, name.title())
        page.locator(f".st-key-{name}_body .js-plotly-plot").first.wait_for()
        figures = kept_figures(run, name)
        expect(page.locator(".al-table-caption").first).to_contain_text(f"seed {figures['provenance']['seed']}")
        save_first_table(page, {f"{table.name}.csv": table.to("csv") for table in part(name).tables(figures)})
    go_to(watched, "Parameters")
    choose(page, "Variable", "photon index Γ")
    expect(page.get_by_text("Estimates of photon index Γ by the mixture")).to_be_visible()
    page.wait_for_url("**variable=powlaw_gamma*")
