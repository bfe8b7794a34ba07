"""Jobs under fire: workers and apps are killed at random moments, and every job must end exactly once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alignlab.config import Config, load_config
from alignlab.jobs.presence import runs_here
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.spec import JobSpec
from alignlab.store.artefact import read_manifest, verify_checksums
from tests.jobs.workers import PROJECT, end, start_worker, toy

#: Of ten jobs, one has parts, one fails and one is cancelled by the app that submitted it.
_PARTS, _FAILS, _CANCELLED = 7, 4, 2


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the jobs: how many ended in which state, how often something was killed, and what was wrong."""

    states: dict[str, int]
    worker_kills: int
    app_kills: int
    seconds: float
    problems: tuple[str, ...]


def wishes(n_jobs: int, steps: int) -> list[JobSpec]:
    """The jobs of one round of chaos."""
    return [_wish(number, steps) for number in range(n_jobs)]


def _wish(number: int, steps: int) -> JobSpec:
    if number % 10 == _FAILS:
        return toy("fail", number, known=True)
    if number % 10 == _PARTS:
        parts = [{"kind": "count", "steps": 1 + step % 3, "of": number, "step": step} for step in range(3)]
        return toy("rounds", number, rounds=[parts[:2], parts[2:]])
    return toy("count", number, steps=steps)


def be_an_app(n_jobs: int, steps: int) -> None:
    """Submit what has not been submitted, cancel some, look at all, until all have ended; may be killed anywhere."""
    queue = JobQueue(load_config())
    for number, spec in enumerate(wishes(n_jobs, steps)):
        known = queue.attempts(spec)
        job_id = known[-1].id if known else queue.submit(spec, has_parts=spec.kind == "rounds")[0]
        if number % 10 == _CANCELLED:
            queue.cancel(job_id)
    while any(not job.has_ended for job in queue.jobs(limit=n_jobs)):
        time.sleep(0.2)


def chaos(
    config: Config, *, n_jobs: int, steps: int, workers: Sequence[str], worker_kills: int, app_kills: int, seed: int
) -> Outcome:
    """Let an app and `workers` do `n_jobs` while both are killed with SIGKILL at random, and look at what is left."""
    started, chance = time.monotonic(), random.Random(seed)
    JobQueue(config).close()
    running = {name: start_worker(config, name=name, slots=2) for name in workers}
    app = _start_app(config, n_jobs, steps)
    kills = [*(["worker"] * worker_kills), *(["app"] * app_kills)]
    chance.shuffle(kills)
    done = Counter()
    try:
        while kills and app.poll() is None:
            time.sleep(chance.uniform(0.2, 1.5))
            if app.poll() is not None:
                break
            what = kills.pop()
            done[what] += 1
            if what == "app":
                end(app, signal.SIGKILL)
                app = _start_app(config, n_jobs, steps)
            else:
                name = chance.choice(list(workers))
                _until_it_works(config, name, running[name])
                end(running[name], signal.SIGKILL)
                running[name] = start_worker(config, name=name, slots=2)
        app_code = app.wait(timeout=900)
    finally:
        for process in (app, *running.values()):
            end(process)
    problems = [f"the app ended with {app_code}"] if app_code else []
    queue = JobQueue(config)
    states, found = _look(queue, wishes(n_jobs, steps))
    queue.close()
    return Outcome(
        states=states,
        worker_kills=done["worker"],
        app_kills=done["app"],
        seconds=time.monotonic() - started,
        problems=tuple(problems + found + ([] if config.jobs_url else _sqlite_problems(config))),
    )


def _start_app(config: Config, n_jobs: int, steps: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.chaos", str(n_jobs), str(steps)],
        cwd=PROJECT,
        env={**os.environ, "ALIGNLAB_DATA": str(config.data_dir), "ALIGNLAB_JOBS_URL": config.jobs_url},
    )


def _until_it_works(config: Config, name: str, process: subprocess.Popen) -> None:
    """Wait until a worker has come so far that killing it means something."""
    while process.poll() is None and not runs_here(config, name):
        time.sleep(0.05)


def _look(queue: JobQueue, specs: list[JobSpec]) -> tuple[dict[str, int], list[str]]:
    """States of the jobs, and every way in which they differ from what they should be."""
    jobs = queue.jobs(limit=10 * len(specs))
    problems = [f"{job.id} is still {job.state}" for job in jobs if not job.has_ended]
    times = Counter(job.spec.digest() for job in jobs)
    problems += [
        f"{spec.kind} {spec.seed} was done {times[spec.digest()]} times" for spec in specs if times[spec.digest()] != 1
    ]
    for job in jobs:
        cancelled = {"cancelled"} if job.spec.seed % 10 == _CANCELLED else set()
        if job.state not in {"failed" if job.spec.kind == "fail" else "succeeded", *cancelled}:
            problems.append(f"{job.id} is {job.state}: {job.error}")
    parts = [part for job in jobs if job.spec.kind == "rounds" for part in queue.jobs(parent=job.id)]
    problems += [f"part {part.id} is {part.state}: {part.error}" for part in parts if part.state != "succeeded"]
    made = {job.result["run"] for job in (*jobs, *parts) if job.spec.kind == "count" and job.state == "succeeded"}
    return dict(Counter(job.state for job in jobs)), problems + _folder_problems(queue.config, made)


def _folder_problems(config: Config, made: set[str]) -> list[str]:
    """Runs that are lost, half there or published twice, and what killed processes left lying about."""
    published = Counter((config.data_dir / "publications.txt").read_text().split())
    problems = [f"{name} was published {times} times" for name, times in published.items() if times > 1]
    problems += [f"{path} was left behind" for path in config.data_dir.rglob(".*.partial")]
    there = {path.name for path in (config.runs_dir / "toys").iterdir()}
    problems += [f"{name} is lost" for name in made - there]
    for name in there:
        read_manifest(config.runs_dir / "toys" / name, "run")
        verify_checksums(config.runs_dir / "toys" / name)
    return problems


def _sqlite_problems(config: Config) -> list[str]:
    connection = sqlite3.connect(config.jobs_path)
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        found += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
    finally:
        connection.close()
    return [f"{config.jobs_path}: {problem}" for problem in found if problem != "ok"]


def postgres_problems(programs: Path, url: str) -> list[str]:
    """What PostgreSQL's own checker says of every table and index of the database at `url`."""
    checked = subprocess.run(
        [str(programs / "pg_amcheck"), "--install-missing", "--heapallindexed", url], capture_output=True, text=True
    )
    return [] if checked.returncode == 0 else [checked.stdout + checked.stderr]


if __name__ == "__main__":
    be_an_app(int(sys.argv[1]), int(sys.argv[2]))
