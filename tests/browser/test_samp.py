"""Sending and highlighting between the page and another program, through a real hub."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io.votable import parse, validate
from playwright.sync_api import Browser, Page

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from alignlab.ui import frontend_build
from tests.browser import conftest
from tests.browser.samp_hub import Hub, eventually, web_profile_port
from tests.conftest import PROJECT
from tests.ui.small_demo import build_small_demo

pytestmark = pytest.mark.browser
ROWS = np.arange(10, 60, 2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_demo(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def address(browser: Browser, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the test's own small app."""
    if not frontend_build.is_current():
        frontend_build.build()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(__file__).with_name("take_away_page.py")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    environment = {**os.environ, "ALIGNLAB_DATA": str(data), "PYTHONPATH": str(PROJECT)}
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=file, stderr=file)
    try:
        conftest._wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", server, log)
        yield f"http://127.0.0.1:{port}"
        assert "Traceback" not in log.read_text()
        assert "missing ScriptRunContext" not in log.read_text()
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module", autouse=True)
def port() -> Iterator[None]:
    with web_profile_port():
        yield


@pytest.fixture
def hub(tmp_path: Path, port: None) -> Iterator[Hub]:
    running = Hub(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1024, "height": 700})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".al-samp button", timeout=60_000)
    yield page
    context.close()


def go_to(page: Page, name: str, words: str) -> None:
    page.get_by_role("link", name=name).click()
    page.wait_for_selector(f"text={words}")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    # Elements of the page before stay until the run has ended and fade out.
    page.wait_for_function("() => document.querySelectorAll('.al-samp').length <= 1")
    page.wait_for_timeout(400)


def press(page: Page, words: str) -> None:
    if not page.is_visible(".al-samp-menu"):
        page.get_by_role("button", name="SAMP", exact=True).click()
    page.locator(".al-samp-menu").get_by_role("button", name=re.compile(words)).click()


def says(page: Page, words: str) -> None:
    page.wait_for_function(
        "words => document.querySelector('.al-samp-menu [role=status]')?.textContent.includes(words)", arg=words
    )


def shows(page: Page, words: str) -> None:
    page.wait_for_function("words => document.querySelector('#state')?.textContent.includes(words)", arg=words)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as reply:
        assert reply.headers.get_content_type() == "application/x-votable+xml"
        return reply.read()


def test_a_table_travels_and_rows_come_back(page: Page, hub: Hub, address: str, data: Path, tmp_path: Path):
    assert hub.person.asked == []  # nothing registers before a person sends something
    press(page, "Send table")
    says(page, "Table sent to Second")
    assert hub.person.asked == [("alignlab", address)]
    (loaded,) = eventually(lambda: hub.second.all("table.load.votable"), what="loading the table")
    assert loaded["url"].startswith(address)
    assert "25 sources" in loaded["name"]

    contents = fetch(loaded["url"])
    votable = parse(io.BytesIO(contents), verify="exception")
    table = votable.get_first_table().to_table()
    workspace = Catalogue(Config(data_dir=data)).open_workspace()
    assert table["name"].tolist() == workspace.survey.sources["name"].iloc[ROWS].tolist()
    assert table["ra"].unit == "deg"
    assert table["powlaw_nh"].unit == u.Unit("1e20 cm**-2")
    assert table["powlaw_gamma"].mask.all()  # missing in the small demo's first sources
    facts = {info.name: info.value for info in votable.resources[0].infos}
    assert facts["url"] == f"{address}/"
    assert facts["selection"] == "25 of 300 sources: lasso on the map"
    (tmp_path / "sent.vot").write_bytes(contents)
    complaints = io.StringIO()
    assert validate(tmp_path / "sent.vot", output=complaints), complaints.getvalue()

    hub.second.tell("table.highlight.row", table_id=loaded["table-id"], url=loaded["url"], row="7")
    shows(page, " 24 [10,")
    page.get_by_role("button", name="Pick 16").click()
    (told,) = eventually(lambda: hub.second.all("table.highlight.row"), what="highlighting the picked row")
    assert (told["table-id"], told["row"]) == (loaded["table-id"], "3")  # and what it highlighted itself is not told

    hub.second.tell("table.select.rowList", table_id=loaded["table-id"], row_list=["0", "2", "24", "99", "x"])
    shows(page, "16 [10, 14, 58] rows selected in another program (SAMP)")
    assert hub.second.all("table.select.rowList") == []
    hub.second.tell("table.highlight.row", table_id="somebody else's", url="", row="1")

    go_to(page, "other", "nothing to send here")
    hub.second.tell("table.highlight.row", table_id=loaded["table-id"], row="1")
    assert fetch(loaded["url"]) == contents
    page.get_by_role("link", name="selection").click()
    shows(page, " 12 [10, 14, 58]")  # the last highlight waited for a page that can show it
    page.reload()
    page.wait_for_selector(".al-samp button")
    assert fetch(loaded["url"]) == contents


def test_a_position_arrives_and_a_closed_page_leaves_the_hub(page: Page, hub: Hub, data: Path):
    press(page, "Send position of SIM J000012.0")
    says(page, "Position sent to Second")
    (point,) = eventually(lambda: hub.second.all("coord.pointAt.sky"), what="pointing")
    source = Catalogue(Config(data_dir=data)).open_workspace().survey.sources.iloc[12]
    assert float(point["ra"]) == source["ra"]
    assert float(point["dec"]) == source["dec"]
    assert hub.second.pages() == 1
    page.close(run_before_unload=True)
    eventually(lambda: hub.second.pages() == 0, what="leaving the hub")


def test_the_row_can_be_used_from_the_keyboard(page: Page):
    button = page.get_by_role("button", name="SAMP", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".al-samp-menu", state="visible")
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Send table (25 sources)"
    page.keyboard.press("Escape")
    page.wait_for_selector(".al-samp-menu", state="hidden")
    assert button.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.textContent") == "SAMP"


def test_the_link_is_what_the_browser_shows(page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("history.replaceState(null, '', '?colour=hard_hs&lasso=1,2')")
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert page.url.endswith("?colour=hard_hs&lasso=1,2")


def test_a_file_and_a_script_can_be_taken(page: Page):
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV · .csv", exact=True).click()
    assert download.value.suggested_filename == "alignlab-demo-25-sources.csv"
    lines = Path(download.value.path()).read_text().splitlines()
    assert "# selection: 25 of 300 sources: lasso on the map" in lines
    assert len([line for line in lines if not line.startswith("#")]) == 26
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Python", exact=True).click()
    page.wait_for_selector("text=rows = np.r_[10, 12, 14")


def test_an_observed_source_is_a_table_of_one_row(page: Page, hub: Hub):
    go_to(page, "source", "one observed source")
    press(page, "Send table")
    says(page, "Table sent to Second")
    (loaded,) = eventually(lambda: hub.second.all("table.load.votable"), what="loading the table")
    table = parse(io.BytesIO(fetch(loaded["url"])), verify="exception").get_first_table().to_table()
    assert table["name"].tolist() == ["3C 273"]
    hub.second.tell("table.highlight.row", table_id=loaded["table-id"], row="0")
    shows(page, "real-chandra 0 [10,")
    press(page, "Disconnect")
    eventually(lambda: hub.second.pages() == 0, what="disconnecting")


def test_without_a_hub_or_a_yes_the_page_says_so(page: Page, tmp_path: Path, port: None):
    press(page, "Send table")
    says(page, "No SAMP hub found on this computer: start TOPCAT or Aladin, then try again.")
    hub = Hub(tmp_path)
    try:
        hub.person.answer = False
        press(page, "Send table")
        says(page, "The hub refused")
        hub.person.answer = True
        press(page, "Send table")
        says(page, "Table sent to Second")
    finally:
        hub.stop()
    press(page, "Send position")
    says(page, "No SAMP hub found")
