"""Every number that Discover promises, measured in one run, each beside its bar.

    python -m benchmarks.discover [--quick]

Of the demo in ALIGNLAB_DATA (simulated), or of made-up vectors where the demo is too small. Each measure is a process
of its own, with imports and a small first call done before the clock starts. `--quick` leaves out a million and 200,000
sources.
What the parts measure beyond this: benchmarks/outliers.py, artefacts.py, active.py, networks.py.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alignlab.config import load_config
from benchmarks import active, networks, outliers

SMALL, MANY, LARGE = 11_447, 200_000, 1_000_000
THRESHOLDS = (0.5, 0.7, 0.9)
#: Threshold at which networkx is compared, labels that a ranking follows, seeds of the simulated experts.
REFERENCE, LABELS, EXPERT_SEEDS = 0.9, 40, 2


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number.

    Attributes
    ----------
    what : str
    value : float
    unit : str
    bar : float or None
        None: there is no bar, it is only stated.
    at_least : bool
        Whether the bar is the least that it must be; else the most.
    """

    what: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the bar is kept; true without one."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def row(self) -> str:
        """As a row of the table."""
        if self.bar is None:
            bar, met = "–", "–"
        else:
            bar = f"{'at least' if self.at_least else 'at most'} {self.bar:g} {self.unit}"
            met = "yes" if self.is_met else "**no**"
        return f"| {self.what} | {self.value:,.3g} {self.unit} | {bar} | {met} |"


def apart(measure: Callable[..., Any], *arguments: object) -> Any:
    """Measure in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def score_lines(large: bool) -> Iterator[Line]:
    """All outlier scores, and the forest beside scikit-learn's and Astronomaly's way."""
    found = {}
    for case in outliers.CASES:
        with tempfile.TemporaryDirectory() as folder:
            told = apart(outliers.measure, case, SMALL, Path(folder), 3)
        # On a busy machine seconds of the processor are what to compare.
        found[case] = told["cpu"]
        if case == "all scores":
            what = f"all outlier scores, {SMALL:,} × 128 ({told['cpu']:.1f} s of the processor)"
            yield Line(what=what, value=told["wall"], unit="s", bar=2)
    ours = found["forest, 100 trees (coniferest)"]
    yield Line(
        what="isolation forest: scikit-learn's time over ours",
        value=found["forest, 100 trees (scikit-learn)"] / ours, unit="times", bar=1, at_least=True,
    )  # fmt: skip
    factor = found["distance and local outlier factor, 20 neighbours"]
    yield Line(
        what="forest and local outlier factor: Astronomaly's way over ours",
        value=found["Astronomaly's way: forest and factor"] / (ours + factor), unit="times",
    )  # fmt: skip
    if large:
        with tempfile.TemporaryDirectory() as folder:
            told = apart(outliers.measure, "all scores", LARGE, Path(folder), 1)
        yield Line(what=f"all outlier scores, {LARGE:,} × 128", value=told["wall"], unit="s", bar=90)
        yield Line(what="its resident memory at most", value=told["peak_gb"], unit="GB", bar=4)


def graph_lines(large: bool) -> Iterator[Line]:
    """Graphs with their degree tables; by neighbours; networkx's way."""
    ours = {}
    for threshold in THRESHOLDS:
        name = f"{SMALL:,}, threshold {threshold:g}, graph and degree table"
        seconds, ours[threshold], _, told = apart(time_network, name, 3)
        what = f"{name} ({told}; {ours[threshold]:.1f} s of the processor)"
        yield Line(what=what, value=seconds, unit="s", bar=3)
    _, theirs, _, _ = apart(time_network, f"{SMALL:,}, threshold {REFERENCE:g}, networkx", 1)
    yield Line(
        what=f"the whole matrix and networkx over ours, threshold {REFERENCE:g}",
        value=theirs / ours[REFERENCE], unit="times",
    )  # fmt: skip
    if large:
        seconds, _, peak_gb, told = apart(time_network, f"{MANY:,}, 10 nearest", 1)
        yield Line(what=f"{MANY:,}, 10 nearest, exact ({told})", value=seconds, unit="s", bar=60)
        yield Line(what="its resident memory at most", value=peak_gb, unit="GB")


def rerank_lines() -> Iterator[Line]:
    """Ranking by labels."""
    built, ranked = apart(time_rerank)
    yield Line(what=f"ranking of {SMALL:,} × 128 by {LABELS} labels", value=ranked, unit="s", bar=0.3)
    yield Line(what="what it prepares once per run", value=built, unit="s")


def expert_lines() -> Iterator[Line]:
    """What a simulated expert finds of the five rarities; fewer seeds than in docs/active.md."""
    for expert, words, bar in (
        ("batch", "found in the next 50 after 40 labels, over the static ranking's", 3),
        ("example", "found while labelling 40 as the ranking follows, and in the next 50, over the same", None),
    ):
        ours, static = apart(found_by_expert, expert)
        what = f"{words} ({ours:.1f} against {static:.1f}; of each kind one is known)"
        value = ours / static if static else float("inf")
        yield Line(what=what, value=value, unit="times", bar=bar, at_least=True)


def belief_lines() -> Iterator[Line]:
    """Planted rarities and artefacts in the first 1%, artefacts demoted or not."""
    for strength, words in ((0.0, "as ranked"), (1.0, "artefacts demoted")):
        found, planted, artefacts, n = apart(count_planted, strength)
        yield Line(
            what=f"precision in the first 1%, {words} (n = {n}, {planted} planted)", value=100 * found / n, unit="%"
        )
        yield Line(what=f"planted artefacts in the first 1%, {words}", value=artefacts, unit="of 5")


def time_network(case: str, repeats: int) -> tuple[float, float, float, str]:
    """Seconds by the clock and of the processor of a case of benchmarks/networks.py; peak memory, GB; what came out."""
    work = networks.cases(demo(), SMALL, MANY)[case]()
    seconds, processor = [], []
    for _ in range(repeats):
        clock, cpu = time.perf_counter(), time.process_time()
        told = work()
        seconds.append(time.perf_counter() - clock)
        processor.append(time.process_time() - cpu)
    return min(seconds), min(processor), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, told


def time_rerank() -> tuple[float, float]:
    """Seconds to prepare for a run, and to rank by labels, the best of three with different ones."""
    from alignlab.services.discover.rerank import Reranker
    from alignlab.services.discover.rerank_features import rerank_features

    workspace = demo()
    started = time.perf_counter()
    features = rerank_features(workspace.survey, workspace.run)
    reranker = Reranker.build(features, seed=0)
    built = time.perf_counter() - started
    rng = np.random.default_rng(0)
    seconds = []
    for _ in range(4):  # the first one imports
        labels = dict(
            zip(rng.choice(len(features), LABELS, replace=False).tolist(), rng.uniform(-1, 1, LABELS), strict=True)
        )
        started = time.perf_counter()
        reranker.rank(labels)
        seconds.append(time.perf_counter() - started)
    return built, min(seconds[1:])


def found_by_expert(expert: str) -> tuple[float, float]:
    """Rarities found by ours and by the static ranking, summed over the kinds; of a batch, among the next 50 alone."""
    place = active.field(load_config().data_dir, "the demo", EXPERT_SEEDS)

    def found(method: str, kind: str, seed: int) -> int:
        if expert == "batch":
            return active.batch_session(method, kind, place, seed).found_after
        return int(active.session(method, expert, kind, place, seed).found[-1])

    totals = [
        sum(np.mean([found(method, kind, seed) for seed in range(EXPERT_SEEDS)]) for kind in place.graded)
        for method in (active.OURS, active.STATIC)
    ]
    return float(totals[0]), float(totals[1])


def count_planted(strength: float) -> tuple[int, int, int, int]:
    """Planted rarities found in the first 1%, planted, artefacts there, and how many sources that are."""
    from alignlab.services.discover.artefacts import artefact_scores
    from alignlab.services.discover.outlier_queue import outlier_queue, planted_found
    from alignlab.services.discover.outliers import find_outliers, kept_outliers

    workspace = demo()
    survey, run = workspace.survey, workspace.run
    scores = kept_outliers(run) or find_outliers(survey, run, seed=run.meta.seed or 0)
    queue = outlier_queue(
        scores.combined, artefact_scores(survey, run), strength=strength, labelled=np.zeros(survey.n_sources, bool)
    )
    found = planted_found(survey, queue.rank)
    if found is None:
        raise SystemExit("the demo's truth is not there")
    return found.found, found.planted, found.artefacts_found, found.looked_at


def demo() -> Any:
    """The demo's workspace."""
    from alignlab.services.workspace import Catalogue

    return Catalogue().open_workspace("demo")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without a million and 200,000 sources")
    large = not parser.parse_args().quick
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start, Python {platform.python_version()}\n")
    print("| what | measured | bar | met |\n|---|---:|---:|---|")
    missed = 0
    for lines in (score_lines(large), rerank_lines(), expert_lines(), graph_lines(large), belief_lines()):
        for line in lines:
            print(line.row(), flush=True)
            missed += not line.is_met
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
