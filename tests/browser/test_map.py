"""The latent map: two maps, selections that fit in a link, filters, cameras, several observations, keys and figures."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.ui.small_demo import N_MISSING_GAMMA, N_REPEATED

pytestmark = pytest.mark.browser

UPPER_HALF = [(0.02, 0.01), (0.92, 0.01), (0.92, 0.5), (0.02, 0.5)]
MAP = ".al-map"


@pytest.fixture
def atlas(atlas: Watched) -> Watched:
    """The Atlas once its maps are all computed: the line that says so moves the map when it goes."""
    expect(atlas.page.get_by_text(re.compile("^computing "))).to_have_count(0, timeout=60_000)
    atlas.page.wait_for_timeout(300)
    return atlas


def address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def count(page: Page, what: str = "selected") -> int:
    return int(page.get_attribute(MAP, f"data-{what}"))


def rest(page: Page) -> None:
    """Wait until points and cameras have arrived and the address says so."""
    page.wait_for_selector(f"{MAP}:not([data-travelling])")
    page.wait_for_timeout(700)
    page.wait_for_selector(f"{MAP}:not([data-travelling])")


def layout(atlas: Watched, words: str, name: str) -> None:
    atlas.page.get_by_text(words, exact=True).click()
    atlas.page.wait_for_selector(f'{MAP}[data-layout="{name}"]')
    atlas.idle()
    rest(atlas.page)


def drag(atlas: Watched, start: tuple[float, float], end: tuple[float, float]) -> None:
    atlas.page.mouse.move(*atlas.point(*start))
    atlas.page.mouse.down()
    atlas.page.mouse.move(*atlas.point(*end), steps=8)
    atlas.page.wait_for_timeout(60)
    atlas.page.mouse.up()
    atlas.idle()  # the page makes room for what is selected, which can move the map


def filter_by(page: Page, field: str) -> None:
    if not page.is_visible(".al-filter-panel"):
        page.get_by_role("button", name="Filter", exact=True).click()
    page.select_option('select[aria-label="Filter by"]', field)


def open_fresh(browser: Browser, url: str) -> Watched:
    """The same link in a browser that has never seen the app."""
    watched = Watched(browser.new_context(viewport={"width": 1440, "height": 900}).new_page())
    watched.open(url)
    rest(watched.page)
    return watched


def test_a_lasso_is_in_the_link_and_gives_the_same_sources(atlas: Watched, browser: Browser):
    atlas.lasso(UPPER_HALF)
    selected = count(atlas.page)
    assert 0 < selected < 300
    link = atlas.page.url
    assert len(address(atlas.page)["lasso"]) < 60
    fresh = open_fresh(browser, link)
    assert count(fresh.page) == selected
    assert f"{selected} selected" in fresh.page.inner_text(".al-selection")
    assert address(fresh.page)["lasso"] == address(atlas.page)["lasso"]
    assert fresh.problems == []
    fresh.page.context.close()


def test_box_adds_with_shift_and_subtracts_with_alt(atlas: Watched):
    atlas.page.focus(".al-stage")
    atlas.page.keyboard.press("b")
    assert atlas.page.get_by_role("button", name=re.compile("^Box")).get_attribute("aria-pressed") == "true"
    drag(atlas, (0.02, 0.02), (0.92, 0.5))
    upper = count(atlas.page)
    assert address(atlas.page)["lasso"]
    atlas.page.keyboard.down("Shift")
    drag(atlas, (0.02, 0.45), (0.92, 0.98))
    atlas.page.keyboard.up("Shift")
    assert count(atlas.page) == 300
    assert "lasso" not in address(atlas.page)
    atlas.page.keyboard.down("Alt")
    drag(atlas, (0.02, 0.02), (0.92, 0.5))
    atlas.page.keyboard.up("Alt")
    assert count(atlas.page) == 300 - upper
    atlas.page.focus(".al-stage")
    atlas.page.keyboard.press("v")
    assert atlas.page.get_by_role("button", name="Pan and zoom").get_attribute("aria-pressed") == "true"


def test_shift_click_takes_out_what_it_put_in(atlas: Watched):
    atlas.hover_somewhere()
    for wanted in (1, 0):
        atlas.page.keyboard.down("Shift")
        atlas.page.mouse.down()
        atlas.page.mouse.up()
        atlas.page.keyboard.up("Shift")
        atlas.page.wait_for_selector(f'{MAP}[data-selected="{wanted}"]')


def test_a_lasso_that_ends_on_the_source_where_it_began_picks_nothing(atlas: Watched):
    x, y = atlas.hover_somewhere()
    atlas.page.keyboard.down("Shift")
    atlas.page.mouse.down()
    for dx, dy in ((60, 0), (60, 60), (0, 60), (0, 0)):
        atlas.page.mouse.move(x + dx, y + dy, steps=6)
        atlas.page.wait_for_timeout(30)
    atlas.page.mouse.up()
    atlas.page.keyboard.up("Shift")
    atlas.idle()
    assert "lasso" in address(atlas.page) or count(atlas.page) == 0
    assert atlas.page.locator(".al-card-head").count() == 0


def test_two_maps_share_selection_hover_and_colour(atlas: Watched):
    atlas.lasso(UPPER_HALF)
    selected = count(atlas.page)
    layout(atlas, "2 maps", "two")
    assert atlas.page.locator(".al-stage:visible").count() == 2
    titles = atlas.page.locator(".al-title").all_inner_texts()
    assert titles[0].startswith("both · UMAP") and titles[1].startswith("both · t-SNE")
    assert count(atlas.page) == selected
    atlas.choose_colour("hard_hs")
    # A lasso on the second map is a selection on both, and its link names the second map.
    second = atlas.page.locator(".al-stage").nth(1).bounding_box()
    atlas.page.keyboard.down("Shift")
    edge = [(0.005, 0.01), (0.95, 0.01), (0.95, 0.99), (0.005, 0.99), (0.005, 0.01)]
    for k, (fx, fy) in enumerate(edge):
        atlas.page.mouse.move(second["x"] + fx * second["width"], second["y"] + fy * second["height"], steps=6)
        if k == 0:
            atlas.page.mouse.down()
        atlas.page.wait_for_timeout(40)
    atlas.page.mouse.up()
    atlas.page.keyboard.up("Shift")
    atlas.page.wait_for_selector(f'{MAP}[data-selected="300"]')
    layout(atlas, "1 map", "one")
    assert atlas.page.locator(".al-stage:visible").count() == 1
    assert count(atlas.page) == 300


def test_a_change_of_layout_sends_no_table_again(atlas: Watched):
    layout(atlas, "2 maps", "two")
    layout(atlas, "1 map", "one")
    received = atlas.received
    layout(atlas, "20 variables", "wall")
    atlas.page.wait_for_selector(".al-wall-tile")
    layout(atlas, "1 map", "one")
    assert atlas.received - received < 60_000
    assert atlas.page.is_visible(".al-stage")


def test_one_click_enlarges_a_picture_of_the_wall(atlas: Watched):
    layout(atlas, "20 variables", "wall")
    atlas.page.locator('.al-wall-tile[data-name="powlaw_gamma"]').click()
    atlas.page.wait_for_selector(f'{MAP}[data-layout="one"][data-colour="powlaw_gamma"]')
    atlas.idle()
    assert atlas.page.is_visible(".al-stage")
    assert address(atlas.page).get("view", "one") == "one"


def test_filters_combine_are_chips_and_ask_the_server_nothing(atlas: Watched):
    before = (atlas.received, atlas.sent)
    filter_by(atlas.page, "source_class")
    atlas.page.get_by_role("checkbox", name="AGN").check()
    atlas.page.wait_for_selector(f'{MAP}[data-shown="100"]')
    atlas.page.get_by_role("checkbox", name="star").check()
    atlas.page.wait_for_selector(f'{MAP}[data-shown="200"]')
    filter_by(atlas.page, "hard_hs")
    atlas.page.get_by_label("Lowest hardness (hard − soft)").fill("0")
    atlas.page.wait_for_selector(f'{MAP}[data-shown="100"]')  # the demo's AGN are hard, its stars soft
    atlas.page.wait_for_timeout(500)
    assert (atlas.received, atlas.sent) == before
    assert address(atlas.page)["filter"] == "source_class:AGN|star;hard_hs:0.."
    assert "100 of 300 shown" in atlas.page.inner_text(".al-chips")
    atlas.page.keyboard.press("Escape")
    assert not atlas.page.is_visible(".al-filter-panel")
    atlas.page.get_by_role("button", name=re.compile("^Remove filter class")).click()
    atlas.page.wait_for_selector(f'{MAP}:not([data-shown="100"])')
    atlas.page.get_by_role("button", name="Clear all").click()
    atlas.page.wait_for_selector(f'{MAP}[data-shown="300"]')
    assert "filter" not in address(atlas.page)


def test_what_is_filtered_out_is_neither_lassoed_nor_hovered(atlas: Watched, browser: Browser):
    filter_by(atlas.page, "source_class")
    atlas.page.get_by_role("checkbox", name="QSO").check()
    atlas.page.keyboard.press("Escape")
    atlas.lasso([(0.02, 0.01), (0.92, 0.01), (0.92, 0.99), (0.02, 0.99)])
    assert count(atlas.page) == 100
    atlas.page.get_by_role("button", name="Clear", exact=True).click()
    atlas.page.wait_for_selector(f'{MAP}[data-selected="0"]')
    for k in range(1, 60):
        atlas.page.mouse.move(*atlas.point(0.1 + 0.8 * ((k * 0.618) % 1), 0.1 + 0.8 * ((k * 0.381) % 1)))
        atlas.page.wait_for_timeout(40)
        if atlas.page.is_visible(".al-tip"):
            assert "QSO" in atlas.page.inner_text(".al-tip")
    atlas.page.get_by_role("button", name="Select these").click()
    atlas.page.wait_for_selector(f'{MAP}[data-selected="100"]')
    fresh = open_fresh(browser, atlas.page.url)
    assert count(fresh.page, "shown") == 100
    fresh.page.context.close()


def test_missing_values_pass_no_range(atlas: Watched):
    filter_by(atlas.page, "powlaw_gamma")
    atlas.page.get_by_label("Lowest photon index Γ").fill("-100")
    atlas.page.wait_for_selector(f'{MAP}[data-shown="{300 - N_MISSING_GAMMA}"]')


def test_a_filter_of_another_survey_is_said(atlas: Watched, app: str):
    atlas.open(f"{app}/?filter=source_class:Unicorn")
    assert "does not apply" in atlas.page.inner_text(".al-chips")
    assert count(atlas.page, "shown") == 300


def test_the_camera_is_in_the_link(atlas: Watched, browser: Browser):
    atlas.page.get_by_role("button", name="Zoom in", exact=True).click()
    rest(atlas.page)
    atlas.page.get_by_role("button", name="Zoom in", exact=True).click()
    rest(atlas.page)
    camera = [float(part) for part in address(atlas.page)["camera"].split(",")]
    fresh = open_fresh(browser, atlas.page.url)
    again = [float(part) for part in address(fresh.page)["camera"].split(",")]
    assert again == pytest.approx(camera, rel=0.01, abs=0.002)
    fresh.page.context.close()
    atlas.page.focus(".al-stage")
    atlas.page.keyboard.press("0")
    rest(atlas.page)
    assert "camera" not in address(atlas.page)


def test_the_map_flies_to_a_neighbour_that_was_pressed(atlas: Watched):
    atlas.page.mouse.click(*atlas.hover_somewhere())
    atlas.page.wait_for_selector(".al-card-head")
    atlas.idle()
    rest(atlas.page)
    assert "camera" not in address(atlas.page)  # a pick on the map leaves the view alone
    atlas.page.locator(".st-key-neighbours button").first.click()
    near = "() => Number((new URLSearchParams(location.search).get('camera') ?? '0,0,9').split(',')[2]) < 0.6"
    atlas.page.wait_for_function(near)


def test_several_observations_collapse_to_one_source(atlas: Watched):
    choice = 'select[aria-label="Several observations of one source"]'
    atlas.page.select_option(choice, "collapsed")
    atlas.page.wait_for_selector(f'{MAP}[data-shown="{300 - N_REPEATED}"]')
    assert f"collapsed: {300 - N_REPEATED} sources of 300 observations" in atlas.page.inner_text(".al-chips")
    assert address(atlas.page)["duplicates"] == "collapsed"
    atlas.lasso([(0.02, 0.01), (0.92, 0.01), (0.92, 0.99), (0.02, 0.99)])
    assert count(atlas.page) == 300 - N_REPEATED
    atlas.page.select_option(choice, "linked")
    atlas.page.wait_for_selector(f'{MAP}[data-shown="300"]')


def test_drawing_order_is_a_choice_for_variables(atlas: Watched):
    order = 'select[aria-label="Drawing order"]'
    assert not atlas.page.is_visible(order)
    atlas.choose_colour("powlaw_gamma")
    assert atlas.page.input_value(order) == "value"
    atlas.page.select_option(order, "reverse")
    atlas.page.wait_for_timeout(300)
    assert address(atlas.page)["order"] == "reverse"


def test_figures_are_saved_in_the_format_that_was_chosen(atlas: Watched):
    heads = {"png": b"\x89PNG", "svg": b"<"}
    for form, head in heads.items():
        atlas.page.get_by_role("button", name="Save the figure").click()
        with atlas.page.expect_download() as download:
            atlas.page.get_by_role("menuitem", name=re.compile(form, re.IGNORECASE)).click()
        assert download.value.suggested_filename.endswith(f".{form}")
        assert Path(download.value.path()).read_bytes().startswith(head)


def test_keys_are_listed_and_enter_opens_the_source_in_the_middle(atlas: Watched):
    atlas.page.focus(".al-stage")
    atlas.page.keyboard.press("?")
    assert "lasso, box" in atlas.page.inner_text(".al-hint")
    atlas.page.keyboard.press("?")
    expect(atlas.page.locator(".al-hint")).to_be_hidden()
    atlas.page.keyboard.press("f")
    assert atlas.page.is_visible(".al-filter-panel")
    atlas.page.keyboard.press("Escape")
    atlas.page.focus(".al-stage")
    for _ in range(3):
        atlas.page.keyboard.press("-")
        atlas.page.wait_for_timeout(250)
    atlas.page.keyboard.press("Enter")
    atlas.page.wait_for_selector(".al-card-head")


def test_every_control_has_a_name(atlas: Watched):
    atlas.choose_colour("hard_hs")
    filter_by(atlas.page, "hard_hs")
    nameless = atlas.page.evaluate(
        "() => [...document.querySelectorAll('.al-map button, .al-map select, .al-map input')].filter("
        "(node) => !(node.getAttribute('aria-label') || node.innerText || node.labels?.[0]?.innerText"
        " || node.closest('[hidden]'))).map((node) => node.outerHTML)"
    )
    assert nameless == []
