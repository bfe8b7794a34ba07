"""Photograph the Atlas for the README: ``python scripts/make_pictures.py`` (needs Debian's chromium and the demo).

Starts the app on a free port, waits for the map, picks a source, and writes docs/atlas.png.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
VIEW = "?source=42&projection=umap&colour=hard_hs"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
            return
        except urllib.error.URLError:
            if time.monotonic() > end:
                raise SystemExit("the app did not start") from None
            time.sleep(0.2)


def main() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    app = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(url)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{url}/{VIEW}")
            page.wait_for_selector("canvas", timeout=60_000)
            page.wait_for_timeout(6_000)
            page.screenshot(path=str(PROJECT / "docs" / "atlas.png"))
            browser.close()
    finally:
        app.terminate()
        app.wait()


if __name__ == "__main__":
    main()
