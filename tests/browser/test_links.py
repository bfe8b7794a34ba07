"""A link shows in a fresh browser what its sender saw, and what is chosen outlasts a change of page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Watched, serve
from tests.ui.small_demo import build_small_demo

pytestmark = pytest.mark.browser

LEFT_HALF = [(0.02, 0.01), (0.55, 0.01), (0.5, 0.99), (0.02, 0.99)]


@pytest.fixture
def fresh(browser: Browser) -> Iterator[Watched]:
    """A browser that has seen nothing yet."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    yield Watched(context.new_page())
    context.close()


def picture(watched: Watched) -> dict[str, str | None]:
    """What a person would compare between two screens."""
    shown = watched.page.locator(".al-map")
    facts = {name: shown.get_attribute(f"data-{name}") for name in ("colour", "selected", "shown", "layout")}
    facts["camera"] = address(watched).get("camera")
    facts["titles"] = " | ".join(watched.page.locator(".al-title:visible").all_inner_texts())
    facts["chips"] = " | ".join(watched.page.locator(".al-filter-chip").all_inner_texts())
    facts["legend"] = watched.legend()
    facts["selection"] = " ".join(watched.page.locator(".al-selected").all_inner_texts())
    facts["card"] = " ".join(watched.page.locator(".al-card-head").all_inner_texts())
    return facts


def address(watched: Watched) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(watched.page.url).query).items()}


def choose(watched: Watched, label: str) -> None:
    watched.page.get_by_role("radio", name=label, exact=True).first.click()
    watched.idle()


def test_a_link_carries_maps_colour_filter_lasso_and_source(atlas: Watched, fresh: Watched):
    watched = atlas
    x, y = watched.hover_somewhere()
    watched.page.mouse.click(x, y)
    watched.idle()
    choose(watched, "t-SNE")
    watched.choose_colour("powlaw_nh")
    watched.page.click('button[data-stretch="percentile"]')
    watched.lasso(LEFT_HALF)
    watched.page.wait_for_timeout(600)
    link = watched.page.url
    assert {"projection", "colour", "stretch", "lasso", "source"} <= set(address(watched))
    assert int(watched.page.get_attribute(".al-map", "data-selected")) > 20
    fresh.open(link)
    fresh.page.wait_for_selector(".al-selected")
    fresh.idle()
    assert picture(fresh) == picture(watched)


def test_a_selection_that_is_no_lasso_is_kept_for_the_link(atlas: Watched, fresh: Watched):
    atlas.page.locator(".al-legend button").first.click()
    atlas.idle()
    assert address(atlas)["selection"].startswith("link-")
    assert "lasso" not in address(atlas)
    fresh.open(atlas.page.url)
    fresh.page.wait_for_selector(".al-selected")
    assert picture(fresh) == picture(atlas)
    assert fresh.page.get_attribute(".al-map", "data-selected") == "100"


def test_choices_outlast_a_change_of_page(atlas: Watched):
    choose(atlas, "t-SNE")
    atlas.choose_colour("hard_hs")
    atlas.lasso(LEFT_HALF)
    before = picture(atlas)
    atlas.page.get_by_role("link", name="Survey").click()
    atlas.page.wait_for_selector("text=Classes")
    atlas.page.get_by_role("link", name="Atlas").click()
    atlas.drawn()
    atlas.page.wait_for_selector(".al-selected")
    assert picture(atlas) == before


def test_a_selection_survives_another_representation_and_projection(atlas: Watched):
    atlas.lasso(LEFT_HALF)
    chosen = atlas.page.get_attribute(".al-map", "data-selected")
    choose(atlas, "t-SNE")
    atlas.choose_colour("hard_hs")
    choose(atlas, "spectrum, aligned")
    atlas.page.wait_for_timeout(1200)
    assert atlas.page.get_attribute(".al-map", "data-selected") == chosen
    assert atlas.page.inner_text(".al-selected").startswith(f"{chosen} selected")
    # The polygon meant another map: from now on the link names the selection instead.
    assert "lasso" not in address(atlas)
    assert address(atlas)["selection"].startswith("link-")


def test_two_maps_share_the_lasso_and_a_link_shows_both(atlas: Watched, fresh: Watched):
    choose(atlas, "2 maps")
    atlas.page.wait_for_selector('.al-map[data-layout="two"]')
    atlas.lasso(LEFT_HALF)
    assert atlas.page.locator(".al-stage:visible").count() == 2
    assert int(atlas.page.get_attribute(".al-map", "data-selected")) > 0
    fresh.open(atlas.page.url)
    fresh.page.wait_for_selector(".al-selected")
    assert picture(fresh) == picture(atlas)


def test_a_link_to_a_selection_that_is_not_kept_says_so(app: str, fresh: Watched):
    fresh.open(f"{app}/?selection=link-0123456789")
    assert "not kept in this Lab" in fresh.page.inner_text(".stMain")


def test_a_page_can_be_a_new_servers_first_request(browser: Browser, tmp_path: Path):
    servers = serve(build_small_demo(tmp_path / "data", n=60), tmp_path / "log.txt")
    page = browser.new_page()
    page.goto(f"{next(servers)}/survey")
    page.wait_for_selector("text=Classes", timeout=60_000)
    assert "simulated" in page.inner_text(".al-head")
    page.wait_for_selector(".al-foot")
    page.close()
    servers.close()
