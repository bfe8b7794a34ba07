"""Summaries by a language model in bulk: complete, each answer kept once, whatever fails and whenever we are killed.

python benchmarks/summaries.py [--sources 10000] [--kills 3] [--share 0.05]

The model is llmock on this machine, of whose answers a share are 429, 500 and 503. The worker is a process of its own
that is killed at random moments and started again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from llmock.chaos import ChaosSettings
from llmock.testing import LLMockServer

from alignlab.config import Config
from alignlab.services.gather.summaries import SummariesSettings, gather_summaries, plan_summaries
from alignlab.services.gather.summaries_cost import answers_of
from alignlab.store.collection import Collection, open_collection

CONCURRENCY = 8
PAPERS_PER_SOURCE = 2


def fill(collection: Collection, n: int) -> None:
    """Sources with papers of which no two are alike."""
    block = 1_000
    for start in range(0, n, block):
        papers, sourced = {}, {}
        for i in range(start, min(start + block, n)):
            codes = [f"{2000 + j}ApJ...{i:06d}" for j in range(PAPERS_PER_SOURCE)]
            sourced[f"2CXO J{i:06d}.0+000000"] = {"bibcodes": codes}
            for j, code in enumerate(codes):
                abstract = f"Source number {i} is a quasar. " + f"Its spectrum in part {j} is a power law. " * 30
                papers[code] = {"title": f"On {i}", "abstract": abstract, "year": 2000 + j}
        collection.put("papers", papers)
        collection.put("sourced", sourced)


def settings_for(address: str) -> SummariesSettings:
    return SummariesSettings(
        summariser="openai:gpt-4o-mini", base_url=address, concurrency=CONCURRENCY, max_usd=100.0, timeout_s=30
    )


def work(folder: Path, address: str) -> None:
    """What the worker does until it is killed."""
    config = Config(data_dir=folder)
    outcome = gather_summaries(open_collection(config, "sky"), settings_for(address), config=config)
    print(f"  worker ended: {outcome.n_new:,} new, {outcome.n_there:,} in all, {len(outcome.problems)} problems")
    for problem in outcome.problems[:5]:
        print("   ", problem)
    print("  ", outcome.facts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--work", nargs=2, metavar=("FOLDER", "ADDRESS"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.work:
        work(Path(wanted.work[0]), wanted.work[1])
        return 0
    return measure(wanted.sources, wanted.kills, wanted.share)


def measure(n: int, n_kills: int, share: float) -> int:
    faults = ChaosSettings(error_rates=dict.fromkeys((429, 500, 503), share / 3))
    with tempfile.TemporaryDirectory() as folder, LLMockServer(chaos=faults) as server:
        config = Config(data_dir=Path(folder))
        collection = Collection(config.collections_dir / "sky")
        fill(collection, n)
        address = server.base_url("openai")
        began = time.perf_counter()
        plan = plan_summaries(collection, settings_for(address), config=config)
        print(
            f"dry run of {plan.n_requests:,} questions in {time.perf_counter() - began:.1f} s: at most ${plan.usd:.2f}"
        )
        dice, began = random.Random(0), time.perf_counter()
        killed_at = sorted(dice.randrange(n // 10, n) for _ in range(n_kills))
        for enough in [*killed_at, None]:
            _until(enough, collection, folder, address)
        took = time.perf_counter() - began
        statuses = Counter(record.status for record in server.state.journal.records(wait=2))
        rows = [row for _, row in answers_of(config).rows("answers")]
        n_kept, n_answered = len(rows), sum(row["answer"] is not None for row in rows)
        n_there = collection.count("summaries")
        print(f"{n:,} summaries in {took:.0f} s ({n / took:.0f}/s), killed at {killed_at}")
        print(f"kept: {n_kept:,} rows, {n_answered:,} with an answer; summaries: {n_there:,}")
        print(f"the server's last answers by status: {dict(statuses)}")
        print(f"spent, as accounted: ${sum(row['usd'] for row in rows):.4f}")
        is_good = n_kept == n_answered == n_there == n
        print("complete" if is_good else "INCOMPLETE")
        return 0 if is_good else 1


def _until(enough: int | None, collection: Collection, folder: str, address: str) -> None:
    """Run a worker until there are so many summaries, and kill it; with None until it ends."""
    command = [sys.executable, __file__, "--work", folder, address]
    environment = {**os.environ, "OPENAI_API_KEY": "sk-benchmark"}
    with subprocess.Popen(command, env=environment) as process:
        while process.poll() is None:
            if enough is not None and collection.count("summaries") >= enough:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
