"""What every open page must notice by itself: jobs at work, and another run being shown.

Files tell first: as long as none of them changes and nothing was at work, neither the Lab nor the queue is asked.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from alignlab.config import Config
from alignlab.jobs.spec import JobError
from alignlab.jobs.work import read_progress
from alignlab.services import jobs as queue
from alignlab.services.evaluate import PARTS
from alignlab.services.workspace import Catalogue
from alignlab.store.evaluation import written_ns

#: While jobs are at work the queue is asked at most this often, however many pages are open.
_FRESH_S = 1.0
#: Pages show evaluations of this split.
SPLIT = "test"
Stamp = tuple[int, ...]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """The state of things, as far as every page shows it.

    Attributes
    ----------
    n_jobs : int
        Jobs of this survey that wait or run, parts of others not counted.
    fraction : float
        How far they are together, 0 to 1.
    run_id : str
        The run that is shown; empty where there is none.
    laid_over : frozenset of str
        Surveys that are applied to it.
    evaluated_ns : int
        When figures of its evaluation were last written; 0 where there are none.
    """

    n_jobs: int = 0
    fraction: float = 0.0
    run_id: str = ""
    laid_over: frozenset[str] = frozenset()
    evaluated_ns: int = 0

    @property
    def is_busy(self) -> bool:
        """Whether any job waits or runs."""
        return self.n_jobs > 0


@dataclass(frozen=True, kw_only=True)
class _Known:
    stamp: Stamp
    at: float
    jobs: tuple[Path, ...]
    run_id: str
    laid_over: frozenset[str]
    evaluated_ns: int


_known: dict[tuple[Path, str], _Known] = {}
_lock = threading.Lock()


def take_pulse(config: Config, survey: str) -> Pulse:
    """How things are now.

    Parameters
    ----------
    config : Config
    survey : str
        Name of the survey on the pages.
    """
    with _lock:
        known = _known.get((config.data_dir, survey))
        stamp = _stamp(config, survey, known)
        if known is None or known.stamp != stamp or (known.jobs and time.monotonic() - known.at > _FRESH_S):
            known = _known[config.data_dir, survey] = _ask(config, survey, stamp)
    progress = [read_progress(folder).fraction for folder in known.jobs]
    return Pulse(
        n_jobs=len(known.jobs),
        fraction=sum(progress) / len(progress) if progress else 0.0,
        run_id=known.run_id,
        laid_over=known.laid_over,
        evaluated_ns=known.evaluated_ns,
    )


def _ask(config: Config, survey: str, stamp: Stamp) -> _Known:
    catalogue = Catalogue(config)
    run_id = catalogue.active_run_id(survey) or ""
    applied = config.runs_dir / survey / run_id / "applied"
    return _Known(
        stamp=stamp,
        at=time.monotonic(),
        jobs=_jobs_at_work(config, survey),
        run_id=run_id,
        laid_over=frozenset(path.name for path in applied.glob("[!.]*")) if run_id else frozenset(),
        evaluated_ns=max(written_ns(applied.parent, part, SPLIT) for part in PARTS) if run_id else 0,
    )


def _jobs_at_work(config: Config, survey: str) -> tuple[Path, ...]:
    try:
        found = queue.jobs(config, survey=survey)
    except JobError as error:
        # Pages go on without the queue; the Train page tells whoever goes there.
        _logger.warning("The queue was not read: %s", error)
        return ()
    return tuple(queue.job_folder(config, job.id) for job in found if not job.has_ended)


def _stamp(config: Config, survey: str, known: _Known | None) -> Stamp:
    """When what matters was last written, 0 for what is not there.

    A worker that waits writes into the queue's file all the time: that file tells something only while jobs are at
    work, and the folder of jobs, where each gets one of its own as it begins, tells when that is so.
    """
    data, runs = config.data_dir, config.runs_dir / survey
    databases = ("lab.sqlite", "jobs.sqlite") if known and known.jobs else ("lab.sqlite",)
    watched = [
        *(data / f"{name}{part}" for name in databases for part in ("", "-wal")),
        config.jobs_dir,
        runs,
        runs / (known.run_id if known else "") / "applied",
        runs / (known.run_id if known else "") / "evaluation" / SPLIT,
    ]
    return tuple(_changed_ns(path) for path in watched)


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
