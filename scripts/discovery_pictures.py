"""Photograph the story of docs/discovery.md: ``python scripts/discovery_pictures.py`` (needs chromium and the demo).

Starts the app on a copy of the Lab's place, so that nobody's labels are touched, goes through the story by keyboard,
and writes docs/discovery-*.png in 256 colours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from discovery_story import KINDS, Story
from make_pictures import FLAGS, PROJECT, free_port, wait_for
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from alignlab.config import load_config

_SIZE = {"width": 1440, "height": 900}
_PERSON = "Ada"
_IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def keep(page: Page, name: str) -> None:
    """Write what is seen as a small PNG."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(1_500)
    image = Image.open(BytesIO(page.screenshot())).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(PROJECT / "docs" / f"discovery-{name}.png", optimize=True)


def settle(page: Page) -> None:
    """Wait until nothing is being computed."""
    page.wait_for_timeout(700)
    page.wait_for_selector(_IDLE, timeout=120_000)


def go_through(page: Page, url: str, names: list[str]) -> None:
    """The story: three outliers, each explained and put on the follow-up list; then the list."""
    page.goto(f"{url}/outliers")
    field = page.get_by_placeholder("your name")
    field.wait_for(timeout=120_000)
    field.fill(_PERSON)
    field.press("Enter")
    # The browser keeps it for the sessions that follow.
    page.wait_for_function(f"Object.values(localStorage).includes('{_PERSON}')")
    settle(page)
    for number, name in enumerate(names, start=1):
        page.goto(f"{url}/outliers?source={quote(name)}")
        page.get_by_role("heading", name=name).first.wait_for(timeout=120_000)
        # The browser tells the new session whose labels these are.
        page.wait_for_function(f"document.querySelector('input[placeholder^=\"your name\"]')?.value === '{_PERSON}'")
        settle(page)
        keep(page, f"outlier-{number}")
        page.keyboard.press("f")
        page.get_by_role("button", name="On the follow-up list").wait_for(timeout=120_000)
        page.keyboard.press("5")
        page.locator(".al-outliers-said", has_text=f"{name} labelled 5").wait_for(timeout=120_000)
    page.goto(f"{url}/follow_up")
    page.get_by_text(names[0]).first.wait_for(timeout=120_000)
    settle(page)
    keep(page, "follow-up")


def main() -> None:
    story = Story.open()
    names = [story.name(story.best(kind)) for kind in KINDS]
    config, port = load_config(), free_port()
    with TemporaryDirectory(prefix="alignlab.") as folder:
        for shared in (config.surveys_dir, config.runs_dir):
            (Path(folder) / shared.name).symlink_to(shared.resolve())
        environment = {**os.environ, "ALIGNLAB_DATA": folder}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        app = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(f"http://127.0.0.1:{port}")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
                )
                go_through(browser.new_page(viewport=_SIZE), f"http://127.0.0.1:{port}", names)
                browser.close()
        finally:
            app.terminate()
            app.wait()


if __name__ == "__main__":
    main()
