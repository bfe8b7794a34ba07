"""Workers as processes of their own, as in life, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from alignlab.config import Config
from alignlab.jobs.presence import log_path
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.spec import Job, JobSpec
from alignlab.jobs.worker import worker_command

PROJECT = Path(__file__).resolve().parents[2]
TOYS = "tests.jobs.toy_kinds:toy_kind"


def start_worker(config: Config, *, name: str = "local", kinds: str = TOYS, **options: Any) -> subprocess.Popen:
    """Start a worker that knows the toy kinds."""
    config.jobs_dir.mkdir(parents=True, exist_ok=True)
    with log_path(config, name).open("ab") as log:
        return subprocess.Popen(
            worker_command(kinds=kinds, name=name, **options),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "ALIGNLAB_DATA": str(config.data_dir), "ALIGNLAB_JOBS_URL": config.jobs_url},
        )


@contextlib.contextmanager
def working(config: Config, **options: Any) -> Iterator[subprocess.Popen]:
    """A worker for the length of a block; what it has not done is left unfinished."""
    process = start_worker(config, **options)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen, sign: signal.Signals = signal.SIGTERM) -> int:
    """End a worker and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(sign)
    return process.wait(timeout=30)


def toy(kind: str, number: int = 0, **recipe: object) -> JobSpec:
    """A wish for a toy job; `number` tells those with the same recipe apart."""
    return JobSpec(kind=kind, survey="toys", survey_digest="d0", recipe=recipe, seed=number)


def wait_until(happened: Callable[[], object], *, within_s: float = 60) -> None:
    """Wait for something to become true."""
    until = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < until, f"waited {within_s} s in vain"
        time.sleep(0.05)


def ended(queue: JobQueue, job_ids: Sequence[str], *, within_s: float = 60) -> list[Job]:
    """Wait for these jobs to end, and return them."""
    wait_until(lambda: all(queue.job(job_id).has_ended for job_id in job_ids), within_s=within_s)
    return [queue.job(job_id) for job_id in job_ids]
