"""What a person does on the Source page, in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, serve

#: A page opened by its own address first asks for Streamlit's health below that address.
_STREAMLITS_OWN = "404 (Not Found)"


@pytest.fixture(scope="module")
def demo_app(browser: Browser, finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an app with the demo of 400 sources, which have photons and papers."""
    if not frontend_build.is_current():
        frontend_build.build()
    yield from serve(finished_demo.data_dir, tmp_path_factory.mktemp("source_server") / "log.txt")


@pytest.fixture(scope="module")
def by_counts(finished_demo: Config) -> list[str]:
    """Names of the sources, brightest first."""
    workspace = Catalogue(finished_demo).open_workspace()
    names = workspace.survey.sources.sort_values("counts", ascending=False, kind="stable")["name"].tolist()
    workspace.survey.close()
    workspace.run.close()
    return names


@pytest.fixture
def page(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    watched = Watched(context.new_page())
    yield watched
    assert [problem for problem in watched.problems if _STREAMLITS_OWN not in problem] == []
    context.close()


def open_source(watched: Watched, app: str, name: str, more: str = "") -> Page:
    watched.page.goto(f"{app}/source?source={quote(name)}{more}")
    is_shown(watched, name)
    # Streamlit loads its buttons apart: until they are there, nobody listens to their keys.
    watched.page.wait_for_selector(".st-key-source_next button")
    return watched.page


def is_shown(watched: Watched, name: str) -> None:
    watched.page.wait_for_function(
        "name => document.querySelector('.al-source-name h1')?.innerText === name", arg=name, timeout=60_000
    )
    watched.idle()


def address(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_link_opens_the_source_with_every_part_drawn(page: Watched, demo_app: str, by_counts: list[str]):
    shown = open_source(page, demo_app, by_counts[0])
    shown.wait_for_selector(".st-key-source_page_spectrum .js-plotly-plot")
    shown.wait_for_selector(".st-key-source_light_curve .js-plotly-plot")
    assert "Bayesian block" in shown.inner_text(".stMain")
    assert shown.locator(".al-variables tbody tr").count() == 20
    assert shown.locator(".al-variables img").count() == 20
    drawn = shown.eval_on_selector_all("img", "nodes => nodes.every(node => node.complete && node.naturalWidth > 0)")
    assert drawn
    assert shown.locator('[class*="st-key-neighbour_row_"]').count() == 15
    assert "shared by spectrum and text" in shown.inner_text(".al-agreement")
    assert shown.locator(".al-sky-map img").get_attribute("alt").startswith(by_counts[0])


def test_the_arrow_keys_leaf_through_the_order(page: Watched, demo_app: str, by_counts: list[str]):
    shown = open_source(page, demo_app, by_counts[3])
    shown.keyboard.press("ArrowRight")
    is_shown(page, by_counts[4])
    assert address(shown)["source"] == by_counts[4]
    assert "5 of 400 by counts" in shown.inner_text(".st-key-source_leafing")
    shown.keyboard.press("ArrowLeft")
    is_shown(page, by_counts[3])


def test_the_back_button_is_obeyed_with_nothing_in_between(page: Watched, demo_app: str, by_counts: list[str]):
    shown = open_source(page, demo_app, by_counts[3])
    shown.keyboard.press("ArrowRight")
    is_shown(page, by_counts[4])
    shown.wait_for_timeout(4000)
    shown.go_back()
    is_shown(page, by_counts[3])
    assert address(shown)["source"] == by_counts[3]
    shown.wait_for_timeout(4000)
    shown.go_forward()
    is_shown(page, by_counts[4])


def test_pressing_faster_than_the_page_is_drawn_never_goes_back(page: Watched, demo_app: str, by_counts: list[str]):
    shown = open_source(page, demo_app, by_counts[3])
    for _ in range(5):
        shown.keyboard.press("ArrowRight")
        shown.wait_for_timeout(250)
    page.idle()
    page.idle()
    name = shown.inner_text(".al-source-name h1")
    # Presses within one message to the server count once, so how far one gets depends on the machine.
    assert 4 < by_counts.index(name) <= 8
    assert address(shown)["source"] == name


def test_a_neighbours_spectrum_is_laid_over_and_named(page: Watched, demo_app: str, by_counts: list[str]):
    shown = open_source(page, demo_app, by_counts[0])
    row = shown.locator('[class*="st-key-neighbour_row_spectrum_"]').first
    name = row.locator("button").inner_text()
    assert name in row.locator("input").get_attribute("aria-label").replace("\\", "")
    row.locator("label").click()
    shown.wait_for_selector(".st-key-source_laid_over")
    page.idle()
    legend = shown.locator(".st-key-source_page_spectrum .legendtext").all_text_contents()
    assert name in legend
    row.locator("button").click()
    is_shown(page, name)


def test_coordinates_are_copied(page: Watched, demo_app: str, by_counts: list[str]):
    shown = open_source(page, demo_app, by_counts[0])
    # There are two, sexagesimal and in degrees, in the order in which the browser got them ready.
    button = shown.get_by_role("button", name=re.compile(r"^Copy \d\d \d\d "))
    text = button.get_attribute("aria-label").removeprefix("Copy ")
    button.click()
    shown.wait_for_selector('.al-copy[data-state="done"]')
    assert shown.evaluate("() => navigator.clipboard.readText()") == text
    hours, minutes = text.split()[:2]
    assert shown.inner_text(".al-coordinates").startswith(f"{hours} {minutes}")


def test_the_card_leads_here_and_the_way_back_is_kept(page: Watched, demo_app: str, by_counts: list[str]):
    page.open(f"{demo_app}/?source={quote(by_counts[0])}")
    page.page.get_by_role("link", name="Everything about it").click()
    is_shown(page, by_counts[0])
    assert "source" in urlsplit(page.page.url).path
    page.page.keyboard.press("ArrowRight")
    is_shown(page, by_counts[1])
    page.page.get_by_role("link", name="Atlas").click()
    page.drawn()
    assert page.page.inner_text(".al-card-head b") == by_counts[1]


def test_everything_fits_on_a_narrow_screen(browser: Browser, demo_app: str, by_counts: list[str]):
    context = browser.new_context(viewport={"width": 1024, "height": 800})
    watched = Watched(context.new_page())
    shown = open_source(watched, demo_app, by_counts[0])
    shown.wait_for_selector(".st-key-source_page_spectrum .js-plotly-plot")
    spectrum = shown.query_selector(".st-key-source_page_spectrum").bounding_box()
    table = shown.query_selector(".al-variables").bounding_box()
    assert table["y"] > spectrum["y"] + spectrum["height"]
    assert table["x"] + table["width"] <= 1024
    previous, following = (shown.query_selector(f".st-key-source_{n}").bounding_box() for n in ("previous", "next"))
    assert previous["y"] == following["y"]
    assert shown.evaluate("() => document.querySelector('.stMain').scrollWidth <= window.innerWidth")
    context.close()


def test_without_network_the_sky_says_so(browser: Browser, app: str):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = Watched(context.new_page())
    context.route("**/alasky.cds.unistra.fr/**", lambda route: route.abort())
    shown = open_source(watched, app, "DG Tau")
    assert shown.locator(".al-sky-links a").all_inner_texts() == ["CSC", "SIMBAD", "NED", "ADS", "ESASky"]
    assert not any("alasky" in problem for problem in watched.problems)  # nothing is asked for before somebody presses
    shown.get_by_role("button", name="Show sky images").click()
    shown.wait_for_selector('.al-sky[data-state="offline"]')
    assert "cannot be reached" in shown.inner_text(".al-sky-said")
    assert shown.get_by_role("button", name="Try again").is_visible()
    shown.get_by_role("button", name="Hide sky images").click()
    shown.wait_for_selector(".al-sky", state="detached")
    context.close()
