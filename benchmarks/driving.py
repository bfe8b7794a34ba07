"""A server of its own, and browser pages with a stopwatch that runs inside the page."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from playwright.sync_api import Browser

from alignlab.config import Config
from alignlab.services.background import Task
from alignlab.services.workspace import Catalogue
from benchmarks.synthetic import write_synthetic

PROJECT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE_MS = 180_000

#: Starts at the next event of a kind and stops two frames after the condition holds: a browser does not begin a frame
#: while the one before last is still being drawn, so what the condition speaks of is on screen by then.
_STOPWATCH = """
window.stopwatch = (event, condition) => new Promise((resolve) => {
  let start = null;
  const look = () => {
    if (!condition()) requestAnimationFrame(look);
    else requestAnimationFrame(() => requestAnimationFrame(() => resolve((performance.now() - start) / 1000)));
  };
  const begin = () => { start = performance.now(); requestAnimationFrame(look); };
  if (event) window.addEventListener(event, begin, { capture: true, once: true });
  else { start = 0; look(); }
});
"""


def data_folder(folder: Path, n: int, given: Path | None) -> Path:
    """A data folder with `n` sources: the given one where it has so many, its runs copied, else a synthetic one."""
    if given is not None:
        catalogue = Catalogue(Config(data_dir=given))
        name = catalogue.default_survey_name()
        if name is not None and catalogue.survey(name).n_sources == n:
            folder.mkdir(parents=True)
            (folder / "surveys").symlink_to((given / "surveys").resolve())
            shutil.copytree(given / "runs", folder / "runs")
            return folder
    return write_synthetic(folder, n)


class Server:
    """A Streamlit server of one script over one data folder, on a free port, ended with the block."""

    def __init__(self, script: str, data: Path) -> None:
        self.script, self.data = script, data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "streamlit", "run", self.script, "--server.port", str(self.port)]
        paths = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "ALIGNLAB_DATA": str(self.data), "PYTHONPATH": paths}
        self.log = (self.data / "server.log").open("wb")
        self.process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=self.log, stderr=self.log)
        for _ in range(300):
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2).close()
                return self
            time.sleep(0.2)
        raise RuntimeError(f"the server did not start: {(self.data / 'server.log').read_text()[-2000:]}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        if error is not None:
            print((self.data / "server.log").read_text()[-3000:])

    def memory_mb(self) -> float:
        """Resident memory of the server's process, once it has settled."""
        last = -1.0
        while True:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            now = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
            if abs(now - last) < 0.5:
                return now
            last = now
            time.sleep(3)

    def wait_until_quiet(self) -> None:
        """Let what the app computes in the background come to an end."""
        time.sleep(2)
        for path in (self.data / "tasks").glob("*.json"):
            while Task(Config(data_dir=self.data), path.stem).is_running():
                time.sleep(1)


class TimedPage:
    """A page opened afresh, in a browser context of its own: when it first showed a map, and what it received."""

    drawn: str

    def __init__(self, browser: Browser, address: str) -> None:
        self.context = browser.new_context(viewport={"width": 1440, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.received = 0
        self.page.on("websocket", lambda ws: ws.on("framereceived", self._count))
        self.page.add_init_script(f"{_STOPWATCH}; window.firstMap = stopwatch(null, () => {self.drawn});")
        self.page.goto(address)
        self.first_map_s: float = self.page.evaluate("() => window.firstMap")
        self.idle()

    def _count(self, data: str | bytes) -> None:
        self.received += len(data)

    def idle(self) -> None:
        """Wait until no script runs."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_timeout(500)

    def received_when_quiet(self) -> int:
        """Bytes that the server has sent, once it has stopped."""
        self.page.wait_for_timeout(1000)
        return self.received

    def start(self, event: str, condition: str) -> None:
        """Set the stopwatch going at the next `event`, until a JavaScript condition holds."""
        self.page.evaluate(f"() => {{ window.running = stopwatch('{event}', () => {condition}); }}")

    def stop(self) -> float:
        """Seconds that the stopwatch took."""
        seconds = self.page.evaluate("() => window.running")
        self.idle()
        return seconds

    def close(self) -> None:
        """Close the browser context."""
        self.context.close()


class Atlas(TimedPage):
    """The app's Atlas."""

    drawn = "document.querySelector('.al-map[data-drawn]')"
    tried = 0

    def change_colour(self, name: str) -> float:
        """Seconds from choosing a colour to the map drawn in it."""
        self.start("change", f"document.querySelector('.al-map').dataset.colour === '{name}'")
        self.page.select_option('select[aria-label="Colour by"]', name)
        return self.stop()

    @property
    def selected(self) -> int:
        """Number of selected sources, as the map says."""
        return int(self.page.get_attribute(".al-map", "data-selected") or 0)

    def lasso_to_table(self, width: float) -> float:
        """Seconds from letting a lasso go to its table and count; it spans a part of the map's width."""
        self.clear()
        here = "document.querySelector('.al-selected')"
        rows = "document.querySelector('[data-testid=\"stDataFrame\"] canvas')"
        same = f"{here}.innerText.startsWith(document.querySelector('.al-selection span').innerText)"
        self.start("mouseup", f"{here} && {rows} && {same}")
        self._drag(width)
        return self.stop()

    def lasso_width_for(self, wanted: float) -> float:
        """The width of a lasso that catches about so many sources."""
        low, high = 0.0, 1.0
        for _ in range(7):
            width = (low + high) / 2
            self.clear()
            self._drag(width)
            self.idle()
            low, high = (width, high) if self.selected < wanted else (low, width)
        return high

    def _drag(self, width: float) -> None:
        right = 0.02 + 0.9 * width
        corners = [(0.02, 0.01), (right, 0.01), (right, 0.99), (0.02, 0.99), (0.02, 0.01)]
        self.page.keyboard.down("Shift")
        self.page.mouse.move(*self._at(*corners[0]))
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*self._at(*corner), steps=6)
            self.page.wait_for_timeout(40)
        self.page.mouse.up()
        self.page.keyboard.up("Shift")

    def clear(self) -> None:
        """Empty the selection."""
        if self.selected:
            self.page.focus(".al-stage")
            self.page.keyboard.press("Escape")
            self.page.wait_for_selector(".al-selected", state="detached")
            self.idle()

    def pick(self) -> float:
        """Seconds from a click on a point to the head of its card."""
        head = "document.querySelector('.al-card-head b')?.innerText"
        before = self.page.evaluate(head) or ""
        for _ in range(200):
            self.tried += 1
            at = self._at(0.2 + 0.6 * ((self.tried * 0.618) % 1), 0.1 + 0.8 * ((self.tried * 0.381) % 1))
            self.page.mouse.move(*at)
            self.page.wait_for_timeout(120)
            if self.page.is_visible(".al-tip"):
                self.page.evaluate("before => { window.before = before; }", before)
                self.start("mouseup", f"({head} ?? window.before) !== window.before")
                self.page.mouse.click(*at)
                return self.stop()
        raise RuntimeError("no point was found under the mouse")

    def visit_survey(self) -> tuple[float, float]:
        """Seconds from pressing a page's name to its content: to the Survey page, and back to the drawn map."""
        self.start("click", "document.querySelector('.st-key-survey_body [data-testid=\"stDataFrame\"] canvas')")
        self.page.get_by_role("link", name="Survey").first.click()
        away = self.stop()
        self.start("click", self.drawn)
        self.page.get_by_role("link", name="Atlas").first.click()
        return away, self.stop()

    def _at(self, fx: float, fy: float) -> tuple[float, float]:
        box = self.page.locator(".al-stage").first.bounding_box()
        assert box is not None
        return box["x"] + fx * box["width"], box["y"] + fy * box["height"]


class Reference(TimedPage):
    """Plotly's scattergl through Streamlit."""

    plot = "document.querySelector('.js-plotly-plot')"
    scene = f"{plot}?._fullLayout?._plots?.xy?._scene"
    drawn = f"({scene} && {scene}.dirty === false)"

    def change_colour(self, name: str) -> float:
        """Seconds from choosing a colour in the list to the points drawn in it."""
        self.page.locator('[data-testid="stSelectbox"] input').click()
        self.page.keyboard.type(name)
        option = self.page.get_by_role("option", name=name, exact=True)
        option.wait_for()
        self.start("click", f"({self.plot}?.data?.[0]?.name === '{name}' && {self.drawn})")
        option.click()
        return self.stop()
