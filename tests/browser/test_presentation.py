"""A talk: scenes by the arrow keys, variables by number keys, nothing on screen but what is shown."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser


def title(watched: Watched) -> str:
    return watched.page.inner_text(".al-scene b")


def key(watched: Watched, name: str) -> None:
    watched.page.keyboard.press(name)
    watched.page.wait_for_timeout(400)
    watched.idle()


def at_scene(watched: Watched, number: int) -> None:
    """Wait until the scene is on the screen: how soon after the key depends on how busy the machine is."""
    watched.page.get_by_text(f"{number} / 6", exact=True).wait_for(timeout=60_000)
    watched.idle()


def test_the_tour_by_keyboard(atlas: Watched):
    atlas.page.get_by_role("button", name="Present").click()
    atlas.page.get_by_role("button", name="Tour of the demo").click()
    atlas.page.wait_for_selector(".al-scene")
    atlas.drawn()
    assert not atlas.page.is_visible(".al-head")
    assert not atlas.page.is_visible(".al-foot")
    assert not atlas.page.is_visible('[data-testid="stSidebar"]')
    atlas.page.wait_for_selector('.al-map[data-colour="hard_hs"]')
    titles = [title(atlas)]
    for number in range(2, 7):
        key(atlas, "ArrowRight")
        at_scene(atlas, number)
        titles.append(title(atlas))
    assert len(set(titles)) == 6
    assert atlas.page.get_by_role("button", name="Train the heads again").is_visible()
    key(atlas, "ArrowLeft")
    at_scene(atlas, 5)
    assert title(atlas) == titles[4]
    key(atlas, "2")
    atlas.page.wait_for_selector('.al-map[data-colour="hard_hs"]')
    key(atlas, "q")
    atlas.page.wait_for_selector(".al-head", state="visible")
    assert "present" not in atlas.page.url


def test_a_scene_shows_its_selection_and_its_maps(atlas: Watched):
    atlas.open(atlas.page.url.split("?")[0] + "?present=1&scene=3")
    atlas.page.wait_for_selector('.al-map[data-selected="6"]')
    assert "pulsating ULX" in atlas.page.inner_text(".al-scene")
    key(atlas, "ArrowRight")
    atlas.page.wait_for_selector('.al-map[data-layout="two"]')
    assert atlas.page.locator(".al-stage:visible").count() == 2
    assert re.search(r"\d+% share its class by spectrum", atlas.page.inner_text(".al-scene"))


def test_a_view_is_saved_as_a_scene_and_shown(atlas: Watched):
    atlas.choose_colour("powlaw_nh")
    atlas.page.get_by_role("button", name="Present").click()
    atlas.page.get_by_label("Title of a new scene").fill("Absorbed & <hard>")
    atlas.page.get_by_label("What to say about it").fill("Look at the corner.")
    atlas.page.get_by_label("What to say about it").press("Tab")
    atlas.idle()
    atlas.page.click("button.al-plain-button")
    atlas.page.wait_for_selector("text=My scenes (1)")
    atlas.page.keyboard.press("Escape")
    atlas.choose_colour("source_class")
    atlas.page.get_by_role("button", name="Present").click()
    atlas.page.get_by_role("button", name="My scenes (1)").click()
    atlas.page.wait_for_selector(".al-scene")
    assert title(atlas) == "Absorbed & <hard>"
    atlas.page.wait_for_selector('.al-map[data-colour="powlaw_nh"]')
