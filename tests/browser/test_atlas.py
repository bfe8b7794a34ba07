"""The Atlas as a person uses it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Watched
from tests.ui.small_demo import N_MISSING_GAMMA

pytestmark = pytest.mark.browser

EVERYTHING = [(0.02, 0.01), (0.92, 0.01), (0.92, 0.99), (0.02, 0.99)]


def address(atlas: Watched) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(atlas.page.url).query).items()}


def test_the_map_says_what_it_shows(atlas: Watched):
    assert atlas.page.inner_text(".al-title") == "both · UMAP · n 300"
    assert "simulated" in atlas.page.inner_text(".al-head")
    footer = atlas.page.inner_text(".al-foot")
    for fact in ("survey demo", "run paper-7f3a", "seed 7", "n 300", "alignlab"):
        assert fact in footer
    legend = atlas.legend()
    assert re.search(r"AGN\s+100", legend)
    assert "n = 300" in legend


def test_colour_stretch_and_map_ask_the_server_nothing(atlas: Watched):
    before = (atlas.received, atlas.sent)
    atlas.choose_colour("powlaw_nh")
    atlas.page.click('button[data-stretch="percentile"]')
    atlas.page.select_option('select[aria-label="Colour map"]', "batlow")
    atlas.page.wait_for_timeout(600)
    assert (atlas.received, atlas.sent) == before
    assert address(atlas) == {"colour": "powlaw_nh", "stretch": "percentile", "palette": "batlow"}


def test_the_legend_has_unit_ticks_and_the_missing_ones(atlas: Watched):
    atlas.choose_colour("powlaw_nh")
    legend = atlas.legend()
    assert "N_H (power law) ×1e20 cm⁻²" in legend
    assert f"missing (n = {N_MISSING_GAMMA})" in legend
    assert f"n = {300 - N_MISSING_GAMMA} of 300" in legend
    ticks = [
        float(tick.strip("≤≥ ").replace(",", "")) for tick in atlas.page.locator(".al-ticks span").all_inner_texts()
    ]
    assert len(ticks) >= 3
    assert ticks == sorted(ticks)
    atlas.choose_colour("hard_hs")
    assert atlas.page.input_value('select[aria-label="Colour map"]') == "diverging"
    assert "0" in atlas.page.locator(".al-ticks span").all_inner_texts()


def test_hover_names_source_class_and_value(atlas: Watched):
    atlas.choose_colour("hard_hs")
    atlas.hover_somewhere()
    tip = atlas.page.inner_text(".al-tip")
    assert re.fullmatch(r"\S.+ · (AGN|star|QSO) · hardness \(hard − soft\) −?[\d.]+", tip)


def test_a_click_opens_the_card_and_the_address_names_it(atlas: Watched):
    assert "Click a point" in atlas.page.inner_text(".al-empty")
    x, y = atlas.hover_somewhere()
    name = atlas.page.inner_text(".al-tip b")
    atlas.page.mouse.click(x, y)
    atlas.page.wait_for_selector(".al-card-head")
    atlas.idle()
    assert atlas.page.inner_text(".al-card-head b") == name
    assert address(atlas)["source"] == name
    assert atlas.page.locator(".st-key-neighbours button").count() == 5
    atlas.page.wait_for_selector(".js-plotly-plot")
    assert "selected" not in atlas.page.inner_text(".stMain")


def test_pressing_a_neighbour_picks_it(atlas: Watched):
    atlas.page.mouse.click(*atlas.hover_somewhere())
    atlas.page.wait_for_selector(".st-key-neighbours button")
    atlas.idle()
    received = atlas.received
    button = atlas.page.locator(".st-key-neighbours button").first
    name = button.inner_text().split(" · ")[0]
    button.click()
    atlas.page.wait_for_function("name => document.querySelector('.al-card-head b').innerText === name", arg=name)
    atlas.idle()
    assert address(atlas)["source"] == name
    assert atlas.received - received < 120_000  # the card, not the map's table and code again


def test_a_lasso_selects_and_the_table_follows(atlas: Watched):
    atlas.lasso(EVERYTHING)
    assert atlas.page.inner_text(".al-selection").startswith("300 selected")
    assert "300 selected · AGN 100 / 100 · star 100 / 100 · QSO 100 / 100" in atlas.page.inner_text(".stMain")
    atlas.page.wait_for_selector('[data-testid="stDataFrame"]')
    atlas.page.get_by_role("button", name="Download", exact=True).click()
    with atlas.page.expect_download() as download:
        atlas.page.get_by_text("CSV · .csv").first.click()
    text = download.value.path().read_text()
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 301
    atlas.page.get_by_role("button", name="Clear").click()
    atlas.page.wait_for_selector('[data-testid="stDataFrame"]', state="detached")
    assert not atlas.page.is_visible(".al-selection")
    assert "selected:" not in atlas.page.inner_text(".stMain")


def test_a_class_in_the_legend_selects_the_class(atlas: Watched):
    atlas.page.get_by_role("button", name=re.compile("star 100")).click()
    atlas.idle()
    assert "100 selected · star 100 / 100" in atlas.page.inner_text(".stMain")


def test_shift_click_adds(atlas: Watched):
    x, y = atlas.hover_somewhere()
    atlas.page.mouse.click(x, y)
    atlas.idle()
    atlas.page.keyboard.down("Shift")
    for k in range(1, 200):
        at = atlas.point(0.3 + 0.4 * ((k * 0.7548) % 1), 0.1 + 0.8 * ((k * 0.5698) % 1))
        atlas.page.mouse.move(*at)
        atlas.page.wait_for_timeout(50)
        if atlas.page.is_visible(".al-tip") and abs(at[0] - x) > 40:
            atlas.page.mouse.click(*at)
            break
    atlas.page.keyboard.up("Shift")
    atlas.page.wait_for_selector(".al-selection:not([hidden])")
    assert atlas.page.inner_text(".al-selection").startswith("2 selected")


def test_a_link_brings_everything_back(atlas: Watched, app: str):
    atlas.open(f"{app}/?source=SIM+J000004.0%2B000000&projection=pca&colour=hard_hs&stretch=percentile")
    assert atlas.page.inner_text(".al-card-head b") == "SIM J000004.0+000000"
    assert atlas.page.inner_text(".al-title").startswith("both · PCA")
    assert atlas.page.get_attribute(".al-map", "data-colour") == "hard_hs"
    assert atlas.page.get_attribute('button[data-stretch="percentile"]', "aria-pressed") == "true"


def test_colour_and_selection_survive_another_projection(atlas: Watched):
    atlas.choose_colour("hard_hs")
    atlas.lasso(EVERYTHING)
    atlas.page.get_by_text("t-SNE", exact=True).click()
    atlas.page.wait_for_function("() => document.querySelector('.al-title').innerText.includes('t-SNE')")
    atlas.idle()
    atlas.page.wait_for_timeout(1500)
    assert atlas.page.get_attribute(".al-map", "data-colour") == "hard_hs"
    assert atlas.page.inner_text(".al-selection").startswith("300 selected")
    assert address(atlas)["colour"] == "hard_hs"


def test_an_unknown_source_in_a_link_is_said_kindly(atlas: Watched, app: str):
    atlas.open(f"{app}/?source=Nobody")
    assert "Nobody" in atlas.page.inner_text('[data-testid="stAlert"]')
    assert "Traceback" not in atlas.page.inner_text(".stMain")


def test_observed_sources_lie_over_the_map_with_a_card_of_their_own(atlas: Watched, app: str):
    atlas.open(f"{app}/?source=DG+Tau")
    assert atlas.page.inner_text(".al-card-head b") == "DG Tau"
    assert "real-chandra" in atlas.page.inner_text(".stMain")


def test_controls_have_names_and_keys_work(atlas: Watched):
    for label in ("Pan and zoom", "Zoom in", "Zoom out", "Reset the view"):
        assert atlas.page.get_by_role("button", name=label, exact=True).is_visible()
    atlas.page.focus(".al-stage")
    atlas.page.keyboard.press("l")
    lasso = atlas.page.get_by_role("button", name=re.compile("Lasso"))
    assert lasso.get_attribute("aria-pressed") == "true"
    assert "300 sources" in atlas.page.get_attribute(".al-stage", "aria-label")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_drawn_in_the_colours_of_the_theme(browser: Browser, app: str, scheme: str):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    watched = Watched(context.new_page())
    watched.open(app)
    ground = watched.page.evaluate("() => getComputedStyle(document.querySelector('.al-stage')).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 20, 26)"}[scheme]
    assert watched.problems == []
    context.close()


def test_the_card_moves_under_the_map_on_a_narrow_screen(browser: Browser, app: str):
    context = browser.new_context(viewport={"width": 1024, "height": 800})
    watched = Watched(context.new_page())
    watched.open(app)
    stage = watched.page.query_selector(".al-stage").bounding_box()
    card = watched.page.query_selector(".al-empty").bounding_box()
    assert card["y"] > stage["y"] + stage["height"]
    assert stage["width"] > 750
    context.close()


def test_everything_survives_a_visit_to_another_page(atlas: Watched):
    atlas.choose_colour("hard_hs")
    atlas.page.mouse.click(*atlas.hover_somewhere())
    atlas.page.wait_for_selector(".al-card-head")
    name = atlas.page.inner_text(".al-card-head b")
    atlas.lasso(EVERYTHING)
    atlas.page.get_by_role("link", name="Survey").click()
    atlas.page.get_by_text("Classes", exact=True).wait_for()
    atlas.idle()
    atlas.page.get_by_role("link", name="Atlas").click()
    atlas.drawn()
    assert atlas.page.inner_text(".al-card-head b") == name
    assert atlas.page.inner_text(".al-selection").startswith("300 selected")
    assert atlas.page.get_attribute(".al-map", "data-colour") == "hard_hs"
    assert address(atlas)["colour"] == "hard_hs"
    assert address(atlas)["source"] == name


def test_escape_clears_the_selection(atlas: Watched):
    atlas.lasso(EVERYTHING)
    assert atlas.page.is_visible(".al-selection")
    atlas.page.focus(".al-stage")
    atlas.page.keyboard.press("Escape")
    atlas.page.wait_for_selector(".al-selection", state="hidden")


def test_the_lasso_button_selects_without_a_key(atlas: Watched):
    atlas.page.get_by_role("button", name=re.compile("Lasso")).click()
    atlas.page.mouse.move(*atlas.point(*EVERYTHING[0]))
    atlas.page.mouse.down()
    for corner in [*EVERYTHING[1:], EVERYTHING[0]]:
        atlas.page.mouse.move(*atlas.point(*corner), steps=8)
        atlas.page.wait_for_timeout(30)
    atlas.page.mouse.up()
    atlas.page.wait_for_selector(".al-selection:not([hidden])")
    assert atlas.page.inner_text(".al-selection").startswith("300 selected")


def test_the_selection_is_compared_with_the_rest(atlas: Watched):
    atlas.page.get_by_role("button", name=re.compile("star 100")).click()
    atlas.idle()
    atlas.page.get_by_role("radio", name="Against the rest").click()
    panel = atlas.page.locator(".al-contrast")
    panel.wait_for()
    assert "100 selected against 200 others" in panel.inner_text()
    first = panel.locator("tbody tr").first.inner_text()
    assert first.startswith("hardness (hard − soft)")  # what the small demo's classes differ in
    assert "< 10⁻⁸" in first
    assert panel.locator("tbody tr").count() == 20


def test_a_map_says_how_far_it_can_be_trusted_and_can_be_coloured_by_it(atlas: Watched):
    said = atlas.page.locator(".al-trust summary")
    said.wait_for(timeout=60_000)
    assert re.search(r"\d+% of nearest neighbours kept · trustworthiness 0\.\d+ · continuity 0\.\d+", said.inner_text())
    said.click()
    assert "nearest neighbours in the latent space" in atlas.page.inner_text(".al-trust")
    atlas.choose_colour("knn_recall")
    assert "n = 300 of 300" in atlas.legend()
