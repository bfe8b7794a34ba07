"""Searching and dropping as a person does it, in a real browser, on a small demo with a trained run."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser

from alignlab.config import Config
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, opened, serve

pytestmark = pytest.mark.browser

QUERY = "soft thermal source with strong iron line, young star"
QUASAR = ("9774.pi.gz", "9774.arf.gz", "9774.rmf.gz", "9774_bg.pi.gz")
#: What a browser does when files are held over the page and let go.
DRAG = """([files, let_go]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  const over = document.querySelector(".stMain");
  for (const kind of ["dragenter", "dragover", ...(let_go ? ["drop"] : [])]) {
    over.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }
}"""


@pytest.fixture(scope="module")
def trained_app(browser: Browser, finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an app with a demo whose run has been trained."""
    if not frontend_build.is_current():
        frontend_build.build()
    yield from serve(finished_demo.data_dir, tmp_path_factory.mktemp("server") / "log.txt")


@pytest.fixture
def watched(browser: Browser, trained_app: str) -> Iterator[Watched]:
    with opened(browser, trained_app) as watched:
        yield watched


def drag(watched: Watched, *files: tuple[str, bytes], let_go: bool = True) -> None:
    packed = [[name, base64.b64encode(content).decode()] for name, content in files]
    watched.page.evaluate(DRAG, [packed, let_go])


def asked(watched: Watched) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(watched.page.url).query).items()}


def search_for(watched: Watched, query: str) -> None:
    box = watched.page.get_by_role("textbox", name="Search for a name, coordinates or words")
    box.fill(query)
    box.press("Enter")
    watched.page.locator(".al-search-head b", has_text=re.compile(f"^{re.escape(query)}$")).wait_for()
    watched.idle()


def test_words_from_the_header_lead_to_a_source(watched: Watched):
    search_for(watched, QUERY)
    page = watched.page
    page.wait_for_selector(".al-result")
    assert asked(watched) == {"q": QUERY}
    first = page.locator(".al-results").first.locator(".al-result").first
    assert first.locator(".al-sim").first.inner_text().startswith("spectrum")
    assert page.locator(".al-result mark").count() > 10
    name = first.locator("b").inner_text()
    button = page.get_by_role("button", name=f"Show {name} on the map").first
    button.focus()
    page.keyboard.press("Enter")
    watched.drawn()
    page.wait_for_selector(".al-card-head")
    assert page.inner_text(".al-card-head b") == name
    assert asked(watched)["source"] == name


def test_results_become_the_selection(watched: Watched):
    search_for(watched, "J1")
    button = watched.page.locator(".st-key-search_select button")
    n = int(re.search(r"Show (\d+) on the map", button.inner_text()).group(1))
    button.click()
    watched.drawn()
    watched.page.wait_for_function(f"document.body.innerText.includes('{n} selected')")


def test_a_name_of_coordinates_is_a_name_and_a_place(watched: Watched):
    search_for(watched, "J05")
    name = watched.page.locator(".al-result b").first.inner_text()
    digits = name.split("J")[1]
    search_for(watched, f"{digits[:2]} {digits[2:4]} {digits[4:8]} {digits[8:11]} {digits[11:13]} {digits[13:15]}")
    name_reading, position_reading = watched.page.locator(".al-search-kind").all_inner_texts()[:2]
    assert name_reading == "Name 1 source"
    assert "equatorial (ICRS), hours and degrees" in position_reading
    near = watched.page.locator(".al-results").nth(1)
    assert near.locator("b").first.inner_text() == name
    assert "arcsec away" in near.locator(".al-why").first.inner_text()


@pytest.mark.real_data
def test_a_spectrum_dropped_on_the_map(watched: Watched, real_data: Path):
    files = [(name, (real_data / "spectra" / name).read_bytes()) for name in QUASAR]
    page = watched.page
    drag(watched, *files, let_go=False)
    page.wait_for_selector(".al-veil:not([hidden])")
    assert "PHA with ARF, RMF and background" in page.inner_text(".al-veil")
    page.keyboard.press("Escape")
    page.wait_for_selector(".al-veil", state="hidden")
    over_the_socket = watched.sent
    drag(watched, *files)
    page.wait_for_selector(".st-key-drop_statement", timeout=60_000)
    watched.drawn()
    assert watched.sent - over_the_socket < 100_000  # the files went by HTTP
    assert "3C 186" in page.inner_text(".al-dropped")
    assert "training set" in page.inner_text(".al-dropped")
    assert page.inner_text(".al-card-head b") == "3C 186"
    assert page.locator(".st-key-neighbours button").count() == 5
    assert asked(watched)["source"] == "3C 186"
    page.get_by_role("button", name="Remove", exact=True).first.click()
    page.wait_for_selector(".al-empty")
    watched.idle()
    assert page.locator(".al-dropped").count() == 0


def test_a_broken_file_is_a_message_and_the_page_lives(watched: Watched):
    page = watched.page
    for name, content, words in (
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, "neither FITS nor text"),
        ("empty.pi", b"", "is empty"),
    ):
        drag(watched, (name, content))
        page.wait_for_function(f"document.body.innerText.includes('{name}')", timeout=60_000)
        assert words in page.inner_text(".st-key-drop_problem")
        page.get_by_role("button", name="Dismiss").click()
        page.wait_for_selector(".st-key-drop_problem", state="detached")
    watched.drawn()
    x, y = watched.hover_somewhere()
    page.mouse.click(x, y)
    page.wait_for_selector(".al-card-head")


def test_a_file_that_is_too_large_is_not_even_sent(watched: Watched):
    page = watched.page
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(201e6)], "field.fits"));
          const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer });
          document.querySelector(".stMain").dispatchEvent(event);
        }"""
    )
    page.wait_for_selector(".st-key-drop_problem")
    assert "field.fits has 201 MB; at most 200 are taken" in page.inner_text(".st-key-drop_problem")


def test_narrow_and_dark(browser: Browser, trained_app: str):
    context = browser.new_context(viewport={"width": 1024, "height": 768}, color_scheme="dark")
    watched = Watched(context.new_page())
    watched.open(trained_app)
    search_for(watched, QUERY)
    watched.page.wait_for_selector(".al-result")
    width = watched.page.evaluate("document.querySelector('.stMain').scrollWidth")
    assert width <= 1024
    columns = watched.page.locator(".st-key-search_words .stColumn")
    tops = [columns.nth(k).bounding_box()["y"] for k in range(2)]
    assert tops[1] > tops[0] + 200  # papers under sources
    drag(watched, ("a.csv", b"1"), let_go=False)
    colour = watched.page.evaluate("getComputedStyle(document.querySelector('.al-veil > div')).backgroundColor")
    assert colour == "rgb(15, 20, 26)"
    assert watched.problems == []
    context.close()
