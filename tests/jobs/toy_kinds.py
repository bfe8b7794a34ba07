"""Kinds of jobs that only count, fail, hang or have parts: what the machinery for jobs is tested with."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.store.artefact import Meta, publish, write_file_atomically

STEP_S = 0.02


def count(work: Work, config: Config) -> dict[str, Any]:
    """Count to `steps`, a checkpoint each, then publish a folder that tells how often it was done."""
    name = f"count-{work.spec.digest()}"
    folder = config.runs_dir / work.spec.survey / name
    if folder.exists():
        return {"run": name, "survey": work.spec.survey}
    done = int(work.checkpoint.read_text()) if work.checkpoint.exists() else 0
    steps = work.spec.recipe["steps"]
    for step in range(done, steps):
        time.sleep(STEP_S)
        # Told before it is kept: a kill in between tells it twice, and what is told twice counts once.
        work.metric(epoch=step + 1)
        write_file_atomically(work.checkpoint, lambda path, n=step + 1: path.write_text(str(n)) and None)
        work.progress((step + 1) / steps, f"step {step + 1}")
    meta = Meta(kind="run", name=name, simulated=True)
    publish(folder, meta, lambda partial: (partial / "published.json").write_text(json.dumps(steps)) and None)
    with (config.data_dir / "publications.txt").open("a") as file:
        file.write(f"{name}\n")
    return {"run": name, "survey": work.spec.survey}


def fail(work: Work, config: Config) -> dict[str, Any]:
    print("about to fail")
    if work.spec.recipe.get("known"):
        raise AlignlabError("The toy is broken.", remedy="Buy another one.")
    raise ZeroDivisionError("one by nothing")


def hang(work: Work, config: Config) -> dict[str, Any]:
    """Stay in a compiled function, half-way through writing something."""
    import numpy as np

    partial = config.data_dir / f".half.{os.getpid()}.partial"
    partial.write_text("half")
    work.progress(0.5, "hanging")
    square = np.ones((2000, 2000))
    while True:
        square @ square


def die(work: Work, config: Config) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def look(work: Work, config: Config) -> dict[str, Any]:
    """Tell what the process that does a job is like."""
    return {"pid": os.getpid(), "nice": os.nice(0), "threads": os.environ["OMP_NUM_THREADS"], "group": os.getpgid(0)}


def plan_rounds(spec: JobSpec, rounds: Sequence[Sequence[dict[str, Any]]], config: Config) -> list[JobSpec]:
    """As many rounds of parts as the recipe has lists."""
    wanted = spec.recipe["rounds"]
    if len(rounds) == len(wanted):
        return []
    return [
        JobSpec(kind=part["kind"], survey=spec.survey, survey_digest=spec.survey_digest, recipe=part)
        for part in wanted[len(rounds)]
    ]


def combine(work: Work, config: Config) -> dict[str, Any]:
    return {"parts": [[part["run"] for part in results] for results in work.rounds]}


def published(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    name = f"count-{spec.digest()}"
    exists = (config.runs_dir / spec.survey / name).exists()
    return {"run": name, "survey": spec.survey} if exists else None


def toy_kind(name: str) -> Any:
    performs = {"count": count, "fail": fail, "hang": hang, "die": die, "look": look, "rounds": combine}
    return SimpleNamespace(
        perform=performs[name],
        existing=published if name == "count" else lambda spec, config: None,
        plan=plan_rounds if name == "rounds" else None,
    )
