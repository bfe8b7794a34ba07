"""What a person does on the Interpret page, in a browser: drop files, read, follow the evidence, take it away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from alignlab.config import Config
from alignlab.ui import frontend_build
from tests.browser.conftest import Watched, serve
from tests.services.pdf_text import pdf_text
from tests.services.test_drop import FILES, spectrum_csv

pytestmark = pytest.mark.browser
#: A page opened by its own address first asks for Streamlit's health below that address.
_STREAMLITS_OWN = "404 (Not Found)"


@pytest.fixture(scope="module")
def demo_app(browser: Browser, finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not frontend_build.is_current():
        frontend_build.build()
    yield from serve(finished_demo.data_dir, tmp_path_factory.mktemp("interpret_server") / "log.txt")


@pytest.fixture
def page(browser: Browser, demo_app: str) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = Watched(context.new_page())
    watched.page.goto(f"{demo_app}/interpret")
    watched.page.wait_for_selector(".al-invite", timeout=60_000)
    watched.idle()
    yield watched
    assert [problem for problem in watched.problems if _STREAMLITS_OWN not in problem] == []
    context.close()


def choose(page: Page, files: list[Path]) -> None:
    page.set_input_files(".st-key-interpret_invitation input[type=file]", files)


def answered(watched: Watched) -> Page:
    """Wait until the answer is complete."""
    watched.page.wait_for_selector(".st-key-interpret_save button", timeout=60_000)
    watched.idle()
    return watched.page


def saved(page: Page, key: str) -> tuple[str, bytes]:
    if not page.is_visible(f".st-key-{key} button"):
        page.click(".st-key-interpret_save button")
    with page.expect_download() as download:
        page.click(f".st-key-{key} button")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.real_data
def test_a_real_quasar_is_dropped_answered_and_taken_away(page: Watched, real_data: Path):
    choose(page.page, [real_data / "spectra" / name for name in FILES["3C 186"]])
    page.page.wait_for_selector(".al-nearest", timeout=60_000)
    shown = answered(page)
    assert shown.inner_text(".al-source-name h1") == "3C 186"
    shown.wait_for_selector(".st-key-interpret_map .js-plotly-plot")
    shown.wait_for_selector(".st-key-interpret_spectrum .js-plotly-plot")
    assert shown.locator(".al-variables tbody tr").count() == 20
    assert shown.locator(".al-skeleton").count() == 0

    name, content = saved(shown, "interpret_pdf")
    assert name == "alignlab-3C_186.pdf"
    text = " ".join(pdf_text(content))
    assert "3C 186" in text
    name, content = saved(shown, "interpret_markdown")
    assert name == "alignlab-3C_186.md"
    verdict = shown.inner_text(".al-verdict").split("\n")[0].strip()
    assert verdict[:40] in re.sub(r"\\(.)", r"\1", content.decode())
    assert verdict[:40] in text


def test_an_id_leads_to_its_evidence_and_the_address_stays(page: Watched, tmp_path: Path):
    file = tmp_path / "mine.csv"
    file.write_text(spectrum_csv())
    choose(page.page, [file])
    shown = answered(page)
    link = shown.locator(".al-digest a.al-cite").first
    target = link.get_attribute("href")
    assert shown.locator(target).count() == 1
    link.scroll_into_view_if_needed()
    link.click()
    shown.wait_for_function("id => document.querySelector(id).matches(':target')", arg=target)
    box = shown.locator(target).bounding_box()
    assert 0 <= box["y"] <= 900
    page.idle()
    assert shown.inner_text(".al-source-name h1") == "mine"
    assert "/interpret?source=mine" in shown.url


def test_the_example_opens_and_spectra_are_switched_without_finding_anything_again(page: Watched):
    page.page.click(".st-key-interpret_example button")
    shown = answered(page)
    assert "as if it were new" in shown.inner_text(".al-source-name")

    assert shown.locator(".st-key-interpret_spectrum .legendtext").count() == 5
    shown.locator('.st-key-interpret_body [data-testid="stButtonGroup"] button').nth(2).click()
    shown.wait_for_function("document.querySelectorAll('.st-key-interpret_spectrum .legendtext').length === 6")
    page.idle()
    assert shown.locator(".al-skeleton").count() == 0


def test_a_truncated_file_is_a_sentence_with_its_name_and_the_page_lives(page: Watched, tmp_path: Path):
    broken, good = tmp_path / "broken.pha", tmp_path / "good.csv"
    broken.write_bytes(b"SIMPLE  =                    T" + b" " * 50 + b"BITPIX  =    8")
    good.write_text(spectrum_csv())
    choose(page.page, [broken])
    page.page.wait_for_selector('[data-testid="stAlert"]', timeout=60_000)
    assert "broken.pha" in page.page.inner_text('[data-testid="stAlert"]')
    assert page.page.is_visible(".al-invite")
    choose(page.page, [good])
    assert answered(page).inner_text(".al-source-name h1") == "good"
