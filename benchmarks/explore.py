"""Numbers of the Explore pages: ``python -m benchmarks.explore [--data FOLDER] [--sizes 11447 200000 1000000]``.

Drives the real app from outside in headless chromium with software GL, as the browser tests do, and Plotly's scattergl
through ``st.plotly_chart`` beside it; prints a table and writes ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from alignlab.ui import frontend_build
from benchmarks.driving import CHROMIUM, FLAGS, Atlas, Reference, Server, data_folder
from benchmarks.report import write_report

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
SIZES = (11_447, 200_000, 1_000_000)
COLOURS = ("powlaw_nh", "hard_hs", "apec_kt", "powlaw_gamma", "flux_significance_b", "var_prob_b")
EXTRA_VIEWERS = 5


@dataclass(frozen=True)
class Measured:
    """Everything measured at one size; seconds unless the name says otherwise, medians of the repeats.

    Attributes
    ----------
    n : int
        Number of points.
    app, reference : dict
        Value by measure (see `report.BARS`).
    """

    n: int
    app: dict[str, float] = field(default_factory=dict)
    reference: dict[str, float] = field(default_factory=dict)


def measure_app(browser: Browser, server: Server, n: int, repeats: int) -> dict[str, float]:
    """The app at one size, its server warm."""
    found: dict[str, float] = {}
    warm = Atlas(browser, server.address)
    server.wait_until_quiet()
    warm.pick()  # the first pick of a server's life imports what the others use
    warm.close()
    found["first map"] = _median(repeats, lambda: _first_map(Atlas, browser, server.address))
    atlas = Atlas(browser, server.address)
    atlas.change_colour("counts")
    bytes_before = atlas.received
    found["colour"] = statistics.median(atlas.change_colour(name) for name in _colours(repeats))
    found["colour bytes"] = (atlas.received_when_quiet() - bytes_before) / repeats
    wanted = min(4_000, n // 2) if n < 500_000 else 0.99 * n
    width = atlas.lasso_width_for(wanted) if n < 500_000 else 1.0
    found["lasso"] = _median(repeats, lambda: atlas.lasso_to_table(width))
    found["lasso points"] = atlas.selected
    atlas.clear()
    found["pick"] = _median(repeats, atlas.pick)
    found["page away"], found["page back"] = (
        statistics.median(times) for times in zip(*(atlas.visit_survey() for _ in range(repeats)), strict=True)
    )
    atlas.close()
    return found


def measure_reference(browser: Browser, server: Server, repeats: int) -> dict[str, float]:
    """The same points through Plotly."""
    Reference(browser, server.address).close()
    found = {"first map": _median(repeats, lambda: _first_map(Reference, browser, server.address))}
    page = Reference(browser, server.address)
    bytes_before = page.received
    found["colour"] = statistics.median(page.change_colour(name) for name in _colours(repeats))
    found["colour bytes"] = (page.received_when_quiet() - bytes_before) / repeats
    page.close()
    return found


def _first_map(kind: type[Atlas] | type[Reference], browser: Browser, address: str) -> float:
    page = kind(browser, address)
    page.close()
    return page.first_map_s


def measure_memory(browser: Browser, server: Server) -> float:
    """Growth in MB for each viewer beyond the first; on a server just started, since one keeps closed pages a while."""
    pages = [Atlas(browser, server.address)]
    before = server.memory_mb()
    pages += [Atlas(browser, server.address) for _ in range(EXTRA_VIEWERS)]
    growth = server.memory_mb() - before
    for page in pages:
        page.close()
    return growth / EXTRA_VIEWERS


def _colours(repeats: int) -> list[str]:
    return [COLOURS[k % len(COLOURS)] for k in range(repeats)]


def _median(repeats: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(repeats))


def main() -> None:
    """Measure what was asked for and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder whose survey is used at its own size, such as 11,447")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip-reference", action="store_true")
    parser.add_argument("--output", type=Path, default=REPORT)
    arguments = parser.parse_args()
    if not frontend_build.is_current():
        frontend_build.build()
    results = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for n in arguments.sizes:
            folder = data_folder(Path(scratch) / str(n), n, arguments.data)
            with Server("app.py", folder) as server:
                measured = Measured(n, app=measure_app(browser, server, n, arguments.repeats))
            with Server("app.py", folder) as server:
                measured.app["memory per viewer (MB)"] = measure_memory(browser, server)
            print(n, {name: round(value, 3) for name, value in measured.app.items()}, flush=True)
            if not arguments.skip_reference:
                with Server("benchmarks/plotly_reference.py", folder) as server:
                    measured.reference.update(measure_reference(browser, server, arguments.repeats))
                print(n, "plotly", {name: round(v, 3) for name, v in measured.reference.items()}, flush=True)
            results.append(measured)
        browser.close()
    arguments.output.write_text(write_report(results, arguments.repeats, given=arguments.data is not None))
    print(arguments.output.read_text())


if __name__ == "__main__":
    main()
