"""How long the queue itself takes, on jobs that do nothing: medians of 20.

python benchmarks/jobs.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alignlab.config import Config
from alignlab.jobs.queue import JobQueue
from tests.jobs.workers import toy, working

N = 20


def seconds_until(happened: Callable[[], object]) -> float:
    started = time.perf_counter()
    while not happened():
        time.sleep(0.005)
    return time.perf_counter() - started


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with TemporaryDirectory(prefix="alignlab.jobs.") as folder:
        queue = JobQueue(Config(data_dir=Path(folder)))
        started = time.perf_counter()
        first, _ = queue.submit(toy("look"))
        with working(queue.config) as worker:
            seconds_until(lambda: queue.job(first).has_ended)
            print(f"a worker from nothing to its first job done: {time.perf_counter() - started:.2f} s")
            submitting, beginning, ending, cancelling = [], [], [], []
            for number in range(1, N + 1):
                started = time.perf_counter()
                job_id, _ = queue.submit(toy("count", number, steps=1))
                submitting.append(time.perf_counter() - started)
                beginning.append(submitting[-1] + seconds_until((queue.folder(job_id) / "progress.json").exists))
                ending.append(beginning[-1] + seconds_until(lambda job_id=job_id: queue.job(job_id).has_ended))
                job_id, _ = queue.submit(toy("hang", number))
                partial = seconds_until(lambda: list(queue.config.data_dir.glob(".half.*")))
                queue.cancel(job_id)
                cancelling.append(seconds_until(lambda: not list(queue.config.data_dir.glob(".half.*"))))
                assert partial
            print(f"submit: {median(submitting):.3f} s; until its code has run: {median(beginning):.2f} s; ")
            print(f"until it has ended: {median(ending):.2f} s; cancel to process gone and swept: ", end="")
            print(f"{median(cancelling):.2f} s (slowest {max(cancelling):.2f} s)")
            before = cpu_s(worker.pid)
            time.sleep(10)
            print(f"idle worker: {10 * (cpu_s(worker.pid) - before):.1f}% of a core, ", end="")
            memory = Path(f"/proc/{worker.pid}/status").read_text().partition("VmRSS:")[2].split()[0]
            print(f"{int(memory) / 1024:.0f} MB")
            print(f"list of {len(queue.jobs())} jobs: {_timed(queue.jobs):.3f} s")
        queue.close()


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    subprocess.run(["uptime"], check=False)
    main()
