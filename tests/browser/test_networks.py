"""A network in a browser: the periphery of a cluster is drawn around and sent to the follow-up list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from alignlab.config import Config
from alignlab.services.discover.networks import Network, NetworkRecipe, network
from alignlab.services.workspace import Catalogue
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, serve

pytestmark = pytest.mark.browser
SIZE = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def config(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path_factory.mktemp("networks") / "data")))


@pytest.fixture(scope="module")
def address(browser: Browser, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not frontend_build.is_current():
        frontend_build.build()
    yield from serve(config.data_dir, tmp_path_factory.mktemp("networks_server") / "log.txt")


@pytest.fixture
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    context = browser.new_context(viewport=SIZE, color_scheme="light")
    watched = Watched(context.new_page())
    watched.open(f"{address}/networks?network_of=all&at_least=0.70")
    yield watched
    missing = "Failed to load resource"  # Streamlit asks for its own settings below the page's address first
    assert [problem for problem in watched.problems if missing not in problem] == []
    context.close()


def on_screen(found: Network, watched: Watched) -> np.ndarray:
    """Where every node is in the drawing that shows all, as fractions of its width and height."""
    box = watched.page.query_selector(".al-stage").bounding_box()
    width, height = box["width"] - 2, box["height"] - 2
    low, high = found.positions.min(axis=0), found.positions.max(axis=0)
    half = (high - low).max() / 2
    place = (found.positions - (low + high) / 2) / half
    w, h = (high - low) / half
    # The frame around the drawing has 0.05 of air on the left, 0.13 on the right, 0.06 above and below.
    distance = max(h + 0.12, (w + 0.18) * height / width) / 2
    scale = height / 2 / distance
    x = width / 2 + (place[:, 0] - 0.04) * scale
    y = height / 2 - place[:, 1] * scale
    return np.stack([(x + 1) / box["width"], (y + 1) / box["height"]], axis=1)


def look_around(watched: Watched) -> None:
    """Point, click, recolour and move, then go back to where one began."""
    page = watched.page
    x, y = watched.hover_somewhere()
    tip = page.inner_text(".al-tip")
    assert " · " in tip
    assert tip.split(" · ")[2].split()[1] in ("edge", "edges")
    name = page.inner_text(".al-tip b")
    page.mouse.click(x, y)
    page.wait_for_selector(".al-card-head")
    watched.idle()
    assert page.inner_text(".al-card-head b") == name
    assert "source=" in page.url
    before = (watched.received, watched.sent)
    page.select_option('select[aria-label="Colour by"]', "degree")
    page.wait_for_selector('.al-map[data-paint="degree"]')
    assert "degree edges log" in page.inner_text(".al-legend").replace("\n", " ")
    page.focus(".al-stage")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".al-map[data-drawn]")
    assert (watched.received, watched.sent) == before
    assert "paint=degree" in page.url
    page.select_option('select[aria-label="Colour by"]', "part")
    page.locator(".al-legend button", has_text="periphery").click()
    page.wait_for_selector(".al-selected")
    watched.idle()
    n = int(page.get_attribute(".al-map", "data-selected"))
    assert f"{n} selected" in page.inner_text(".al-selected").replace(",", "")
    page.get_by_role("button", name="Clear").click()
    page.wait_for_selector(".al-selected", state="detached")
    page.focus(".al-stage")
    page.keyboard.press("0")
    watched.idle()


def test_a_network_is_looked_at_and_the_periphery_of_a_cluster_sent_to_the_follow_up_list(
    watched: Watched, config: Config
):
    page = watched.page
    look_around(watched)
    workspace = Catalogue(config).open_workspace()
    found = network(workspace, NetworkRecipe(subset="all", threshold=0.7))
    place = on_screen(found, watched)
    # The largest community's surroundings, kept clear of the tools in the corner.
    mine = place[found.community == 0]
    (left, top), (right, bottom) = np.quantile(mine, [0.2, 0.8], axis=0).clip(0.02, 0.9).tolist()
    inside = (place[:, 0] > left) & (place[:, 0] < right) & (place[:, 1] > top) & (place[:, 1] < bottom)
    near = (np.abs(place - [left, top]) < 0.004).any(axis=1) | (np.abs(place - [right, bottom]) < 0.004).any(axis=1)

    watched.lasso([(left, top), (right, top), (right, bottom), (left, bottom)])
    selected = int(page.get_attribute(".al-map", "data-selected"))
    assert abs(selected - int(inside.sum())) <= int(near.sum())
    assert selected > 10
    assert page.inner_text(".al-selected").startswith(f"{selected} selected")

    keep = page.get_by_role("button", name="Keep the periphery")
    n_periphery = int(keep.inner_text().split("·")[1])
    assert 0 < n_periphery < selected
    keep.click()
    page.wait_for_function("n => document.querySelector('.al-map').dataset.selected === String(n)", arg=n_periphery)
    watched.idle()
    assert f"{n_periphery} of them in the periphery" in page.inner_text(".stMain")

    page.get_by_role("button", name="Send to follow-up").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your name").press("Enter")
    send = page.get_by_role("button", name=f"Send {n_periphery} source")
    send.click(timeout=20_000)
    page.get_by_text(f"{n_periphery} new on the follow-up list").wait_for()
    page.keyboard.press("Escape")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Follow-up").click()
    page.wait_for_url("**/follow_up*")
    page.locator(".al-follow-reason").first.wait_for()
    watched.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    assert page.locator(".al-follow-reason").count() == n_periphery
    reason = page.inner_text(".al-follow-reason >> nth=0")
    assert reason.startswith("periphery of the network all sources · both · similarity ≥ 0.70")
    assert "Ada" in reason
    periphery = set(workspace.survey.sources["name"].astype(str).iloc[found.graph.rows[inside | near & ~found.core]])
    assert set(page.locator(".al-follow-name b").all_inner_texts()) <= periphery
