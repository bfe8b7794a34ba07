"""A job carried out here and now, without a queue: its rounds of parts, one after the other, then the job itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import job_kind


def run_synchronously(
    spec: JobSpec, config: Config, *, before: Callable[[JobSpec], None] = lambda _: None
) -> dict[str, Any]:
    """Do a job and its parts in this process, as a worker would: what is made already is not made again.

    Parameters
    ----------
    spec : JobSpec
    config : Config
    before : callable
        Called with the spec of each job that is really carried out.
    """
    kind = job_kind(spec.kind)
    if (made := kind.existing(spec, config)) is not None:
        return made
    rounds: list[list[dict[str, Any]]] = []
    while kind.plan is not None and (parts := kind.plan(spec, rounds, config)):
        rounds.append([run_synchronously(part, config, before=before) for part in parts])
    before(spec)
    work = Work(spec, config.jobs_dir / f"{spec.kind}-{spec.digest()}-1", rounds=rounds)
    result = json.loads(json.dumps(kind.perform(work, config)))
    (work.folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return result
