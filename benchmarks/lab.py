"""Numbers of the Lab's pages: ``python -m benchmarks.lab --data FOLDER [--repeats 5]``.

Drives the real app from outside in headless chromium. FOLDER holds the demo with its maps; it is copied, since
trainings write. Prints a table and puts it into ``docs/benchmarks.md`` under "Lab".
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from alignlab.config import Config
from alignlab.jobs.worker import worker_command
from alignlab.services import jobs as queue
from alignlab.services.workspace import Catalogue
from benchmarks.driving import CHROMIUM, FLAGS, PATIENCE_MS, Atlas, Server, data_folder

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
HEADING = "## Lab"
FIRST_POINT_BAR_S, GROWTH_BAR = 4.0, 1.5
POINTS = "(document.querySelector('.js-plotly-plot')?.data ?? []).some((line) => line.y?.some(Number.isFinite))"
STATE = "document.querySelector('[data-state]')?.dataset.state"
#: Long enough to be measured beside: it is cancelled afterwards.
LONG = {"max epochs": "5000", "patience": "5000"}


class TrainPage:
    """The Train page, with the recipe of the paper and as many epochs as may be."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(f"{address}/train")
        self.page.get_by_text("All parameters").click()
        for number, (label, value) in enumerate(LONG.items(), start=1):
            self.page.get_by_label(label, exact=True).fill(value)
            self.page.keyboard.press("Tab")
            self.page.wait_for_function(f"document.querySelectorAll('.al-field em').length >= {number}")

    def train(self) -> float:
        """Seconds from pressing Train to the first point of a curve on the screen."""
        button = self.page.get_by_role("button", name="Train", exact=True)
        self.page.wait_for_timeout(1000)
        self.page.evaluate(
            f"""() => {{ window.firstPoint = new Promise((resolve) => window.addEventListener('click', () => {{
              const start = performance.now();
              const look = () => {STATE} === 'running' && {POINTS}
                ? requestAnimationFrame(() => resolve((performance.now() - start) / 1000))
                : requestAnimationFrame(look);
              look();
            }}, {{ capture: true, once: true }})); }}"""
        )
        button.click()
        seconds: float = self.page.evaluate("() => window.firstPoint")
        return seconds

    def cancel(self) -> float:
        """Seconds from pressing Cancel to the word on the screen."""
        self.page.evaluate(
            f"""() => {{ window.cancelled = new Promise((resolve) => window.addEventListener('click', () => {{
              const start = performance.now();
              const look = () => {STATE} === 'cancelled'
                ? resolve((performance.now() - start) / 1000) : requestAnimationFrame(look);
              look();
            }}, {{ capture: true, once: true }})); }}"""
        )
        self.page.get_by_role("button", name="Cancel", exact=True).click()
        seconds: float = self.page.evaluate("() => window.cancelled")
        return seconds


def interactions(atlas: Atlas, repeats: int) -> dict[str, float]:
    """Medians of what a person does on the pages, in seconds."""
    visits = [atlas.visit_survey() for _ in range(repeats)]
    return {
        "click on a point to the head of its card": _median(repeats, atlas.pick),
        "Atlas to the Survey page": statistics.median(away for away, _ in visits),
        "Survey page back to the drawn map": statistics.median(back for _, back in visits),
    }


def _median(repeats: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(repeats))


@contextmanager
def worker_of(config: Config) -> Iterator[None]:
    """A warm worker, ended with the block."""
    command = worker_command(kinds=queue.KINDS, name="local", preload=queue.PRELOAD)
    worker = subprocess.Popen(command, env={**os.environ, "ALIGNLAB_DATA": str(config.data_dir)})
    try:
        while not queue.worker_is_alive(config):
            time.sleep(0.1)
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=30)


def measure(browser: Browser, data: Path, repeats: int) -> list[str]:
    """The rows of the table."""
    with worker_of(Config(data_dir=data)), Server("app.py", data) as server:
        atlas = Atlas(browser, server.address)
        server.wait_until_quiet()
        atlas.pick()
        idle = interactions(atlas, repeats)
        train = TrainPage(browser, server.address)
        train.train()
        train.cancel()
        first, cancelled = [], []
        for _ in range(repeats):
            first.append(train.train())
            cancelled.append(train.cancel())
        train.train()
        at, away = train.page.url, f"{server.address}/_stcore/health"
        train.page.goto(away)
        busy = interactions(atlas, repeats)
        train.page.goto(at)
        train.page.wait_for_function(f"{STATE} === 'running' && {POINTS}")
        beside = interactions(atlas, repeats)
        still = train.page.evaluate(f"() => {STATE}") == "running"
        train.cancel()
        train.page.goto(away)
        again = interactions(atlas, repeats)
        atlas.close()
    if not still:
        raise RuntimeError("the training ended before the pages had been measured beside it")
    told = statistics.median(first)
    rows = [
        _row("Train pressed to the first point of a curve, warm worker", told, f"≤ {FIRST_POINT_BAR_S:g} s",
             told <= FIRST_POINT_BAR_S),
        _row("Cancel pressed to the word on screen", statistics.median(cancelled), "≤ 1 s",
             statistics.median(cancelled) <= 1),
    ]  # fmt: skip
    for where, measured in (("beside a training", busy), ("beside one whose curves are on screen too", beside)):
        for what, seconds in measured.items():
            before = (idle[what] + again[what]) / 2
            growth = seconds / before
            bar = f"≤ {GROWTH_BAR:g}× idle ({before:.2f} s): {growth:.2f}×"
            rows.append(_row(f"{what}, {where}", seconds, bar, growth <= GROWTH_BAR))
    return rows


def _row(what: str, seconds: float, bar: str, met: bool) -> str:
    return f"| {what} | {seconds:.2f} s | {bar} | {'met' if met else 'not met'} |"


def write(rows: list[str], repeats: int, n: int) -> str:
    """Put the table where the last one was, or at the end."""
    load = os.getloadavg()[1]
    text = "\n".join(
        [
            HEADING,
            "",
            f"`python -m benchmarks.lab --data FOLDER`: medians of {repeats}, {n:,} sources, {os.cpu_count()} shared "
            f"cores (load average over five minutes at the end: {load:.1f}), the paper's recipe training.",
            "",
            "| | alignlab | bar | |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
    before, _, after = REPORT.read_text(encoding="utf-8").partition(f"{HEADING}\n")
    rest = after[after.index("\n## ") + 1 :] if "\n## " in after else ""
    REPORT.write_text(f"{before.rstrip()}\n\n{text}{chr(10) + rest if rest else ''}", encoding="utf-8")
    return text


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    n = Catalogue(Config(data_dir=arguments.data)).survey("demo").n_sources
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        rows = measure(browser, data_folder(Path(scratch) / "data", n, arguments.data), arguments.repeats)
        browser.close()
    print(write(rows, arguments.repeats, n))


if __name__ == "__main__":
    main()
