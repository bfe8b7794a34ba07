"""A running app with a small data folder, and Debian's chromium to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from alignlab.ui import frontend_build
from tests.conftest import PROJECT
from tests.ui.small_demo import build_small_demo

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Software GL for the map alone: drawing the whole page with it costs seven times as much.
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not shutil.which(CHROMIUM):
        if os.environ.get("ALIGNLAB_REQUIRE_BROWSER") == "1":
            pytest.fail(f"ALIGNLAB_REQUIRE_BROWSER is 1 but there is no {CHROMIUM}")
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an app on a free port; its server ends with the tests."""
    if not frontend_build.is_current():
        frontend_build.build()
    data = build_small_demo(tmp_path_factory.mktemp("data"))
    yield from serve(data, tmp_path_factory.mktemp("server") / "log.txt")


def serve(data: Path, log: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "ALIGNLAB_DATA": str(data)}
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=file, stderr=file)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_until_up(address: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the app did not start:\n{log.read_text()[-3000:]}")


class Watched:
    """A page that counts what the server sends and keeps what went wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.received = 0
        self.sent = 0
        self.problems: list[str] = []
        page.on("websocket", self._watch)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("request", self._check_local)

    def _watch(self, socket_: object) -> None:
        socket_.on("framereceived", lambda data: self._count("received", data))  # type: ignore[attr-defined]
        socket_.on("framesent", lambda data: self._count("sent", data))  # type: ignore[attr-defined]

    def _count(self, what: str, data: str | bytes) -> None:
        setattr(self, what, getattr(self, what) + len(data))

    def _check_local(self, request: object) -> None:
        url: str = request.url  # type: ignore[attr-defined]
        if not url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.problems.append(f"asked the network for {url}")

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.drawn()

    def drawn(self) -> None:
        self.page.wait_for_selector(".al-map[data-drawn]", timeout=60_000)
        self.idle()

    def idle(self) -> None:
        """Wait until no script runs, the last messages are in and the points are where they belong."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
        self.page.wait_for_timeout(400)
        self.page.wait_for_selector("[data-travelling]", state="detached")

    def choose_colour(self, name: str) -> None:
        self.page.select_option('select[aria-label="Colour by"]', name)
        self.page.wait_for_selector(f'.al-map[data-colour="{name}"]')

    def legend(self) -> str:
        return self.page.inner_text(".al-legend")

    def point(self, fx: float, fy: float) -> tuple[float, float]:
        """A place on the map, as fractions of its width and height from the upper left."""
        box = self.page.query_selector(".al-stage").bounding_box()
        return box["x"] + fx * box["width"], box["y"] + fy * box["height"]

    def hover_somewhere(self) -> tuple[float, float]:
        """Find a point by moving the mouse until the tooltip shows; returns where."""
        for k in range(1, 60):
            at = self.point(0.5 + 0.3 * ((k * 0.618) % 1 - 0.5), 0.5 + 0.8 * ((k * 0.381) % 1 - 0.5))
            self.page.mouse.move(*at)
            self.page.wait_for_timeout(60)
            if self.page.is_visible(".al-tip"):
                return at
        raise AssertionError("no point was found under the mouse")

    def lasso(self, corners: list[tuple[float, float]]) -> None:
        self.page.keyboard.down("Shift")
        self.page.mouse.move(*self.point(*corners[0]))
        self.page.mouse.down()
        for corner in [*corners[1:], corners[0]]:
            self.page.mouse.move(*self.point(*corner), steps=8)
            self.page.wait_for_timeout(30)
        self.page.mouse.up()
        self.page.keyboard.up("Shift")
        self.page.wait_for_timeout(300)
        self.idle()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Watched]:
    """The Atlas at an address, opened afresh and drawn; whatever went wrong in the browser fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    watched = Watched(context.new_page())
    watched.open(address)
    yield watched
    assert watched.problems == []
    context.close()


@pytest.fixture
def atlas(browser: Browser, app: str) -> Iterator[Watched]:
    """The Atlas of the small demo."""
    with opened(browser, app) as watched:
        yield watched
