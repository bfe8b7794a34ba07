"""The worker: a process apart from the app that takes jobs from the queue."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from dbos import DBOS

from alignlab.config import Config
from alignlab.jobs import database
from alignlab.jobs.presence import (
    BEAT_S,
    LOCAL,
    Heartbeats,
    WorkerIsRunningError,
    WorkerLock,
    executor_id,
    log_path,
    runs_here,
)
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.spec import JobError
from alignlab.jobs.supervisor import Supervisor
from alignlab.jobs.workflow import JobWorkflow
from alignlab.store.artefact import sweep_partials

_log = logging.getLogger(__name__)
#: The app's worker ends itself after so long without a job.
IDLE_EXIT_S = 900.0
#: How soon a worker sees a new job.
_POLL_S = 0.2
#: Jobs that wait for their parts at the same time, in one worker.
_MOST_PLANS = 50
_NICENESS = 10
_THREADS_OF = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run_worker(
    config: Config,
    *,
    kinds: str,
    preload: Sequence[str] = (),
    name: str = LOCAL,
    slots: int | None = None,
    idle_exit_s: float | None = None,
) -> None:
    """Take jobs from the queue until a SIGTERM, or until there has been nothing to do for `idle_exit_s`.

    One core is left to the pages. The process ends without returning: jobs that it had then are resumed by the next
    worker.

    Parameters
    ----------
    config : Config
    kinds : str
        Dotted path of the function that knows the kinds of jobs, as ``package.module:function``.
    preload : sequence of str
        Modules that jobs need and that take long to import.
    name : str
        One worker of a name runs on a machine.
    slots : int, optional
        Jobs that compute at the same time; by default one per core but one. They share those cores' threads.
    idle_exit_s : float, optional
        Never by default.

    Raises
    ------
    WorkerIsRunningError
        If one of that name is running.
    """
    executor = executor_id(name)
    cores = max(1, (os.cpu_count() or 2) - 1)
    slots = cores if slots is None else slots
    if not 1 <= slots <= _MOST_PLANS:
        raise JobError(f"a worker has from 1 to {_MOST_PLANS} slots, not {slots}.")
    lock = WorkerLock(config, name)
    lock.acquire()
    os.nice(_NICENESS)
    os.environ.update(dict.fromkeys(_THREADS_OF, str(max(1, cores // slots))))
    _Worker(config, executor, lock, kinds=kinds, preload=preload, slots=slots).run(idle_exit_s)


def worker_command(
    *,
    kinds: str,
    preload: Sequence[str] = (),
    name: str = LOCAL,
    slots: int | None = None,
    idle_exit_s: float | None = None,
) -> list[str]:
    """The command that runs `run_worker` with these arguments in a process of its own."""
    command = [sys.executable, "-m", "alignlab.jobs", "--kinds", kinds, "--name", name]
    command += [f"--preload={module}" for module in preload]
    command += [] if slots is None else [f"--slots={slots}"]
    return command + ([] if idle_exit_s is None else [f"--idle-exit={idle_exit_s:g}"])


def ensure_worker(config: Config, *, kinds: str, preload: Sequence[str] = ()) -> bool:
    """Start the local worker in the background unless a worker is alive, here or elsewhere; whether it was started."""
    if worker_is_alive(config):
        return False
    config.jobs_dir.mkdir(parents=True, exist_ok=True)
    with log_path(config).open("ab") as log:
        process = subprocess.Popen(
            worker_command(kinds=kinds, preload=preload, idle_exit_s=IDLE_EXIT_S),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={
                **os.environ,
                "ALIGNLAB_DATA": str(config.data_dir.resolve()),
                "ALIGNLAB_JOBS_URL": config.jobs_url,
            },
        )
    # Nobody else waits for it: without this it would stay a zombie for as long as the app lives.
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def worker_is_alive(config: Config) -> bool:
    """Whether some worker takes jobs from the queue of `config`."""
    if runs_here(config):
        return True
    if database.is_sqlite(config) and not config.jobs_path.exists():
        return False
    heartbeats = Heartbeats(config)
    try:
        return bool(heartbeats.alive() - {executor_id(LOCAL)})
    finally:
        heartbeats.close()


class _Worker:
    """One life of a worker."""

    def __init__(
        self, config: Config, executor: str, lock: WorkerLock, *, kinds: str, preload: Sequence[str], slots: int
    ) -> None:
        self._config, self._executor, self._lock, self._slots = config, executor, lock, slots
        self._queue = JobQueue(config)
        self._heartbeats = Heartbeats(config)
        self._supervisor = Supervisor(slots=slots, preload=preload)
        self._workflow = JobWorkflow(
            config, kinds=kinds, executor=executor, queue=self._queue, supervisor=self._supervisor
        )

    def run(self, idle_exit_s: float | None) -> None:
        told_to_end = _endings()
        # Before anything else: whoever sees a job of this worker must know that it is alive.
        self._heartbeats.beat(self._executor)
        self._supervisor.warm_up()
        if database.is_sqlite(self._config):
            sweep_partials(self._config.data_dir)
        self._launch()
        last_busy = time.monotonic()
        while not select.select([told_to_end], [], [], BEAT_S)[0]:
            if self._beat():
                last_busy = time.monotonic()
            elif idle_exit_s is not None and time.monotonic() - last_busy > idle_exit_s and self._may_leave():
                break
        self._end()

    def _beat(self) -> bool:
        """Say that this worker lives, and look after the jobs of the dead; whether there is anything to do."""
        try:
            self._heartbeats.beat(self._executor)
            self._adopt_orphans()
            return self._supervisor.n_running > 0 or self._queue.has_unfinished()
        except database.DATABASE_ERRORS as error:
            # The database is away for a moment: the next beat tries again.
            _log.warning("no heartbeat: %s", error)
            return True

    def _may_leave(self) -> bool:
        """Unlock, and stay after all if a job came before anybody could see that this worker is leaving."""
        self._lock.release()
        if not self._queue.has_unfinished():
            return True
        try:
            self._lock.acquire()
        except WorkerIsRunningError:
            return True
        return False

    def _launch(self) -> None:
        dbos = DBOS(
            config={
                "name": database.APPLICATION,
                "system_database_url": database.database_url(self._config),
                "application_version": database.WORKFLOW_VERSION,
                "executor_id": self._executor,
                "serializer": database.JsonSerializer(),
                "log_level": "ERROR",
            }
        )
        workflow = self._workflow

        def job(spec_json: str, has_parts: bool) -> dict[str, Any]:
            return workflow.run(spec_json, has_parts)

        DBOS.workflow(name=database.WORKFLOW)(job)
        # A queue in memory, of DBOS's internal sort: one that is registered in the database would have the same number
        # of slots on every host, since its limits are read from there anew at each poll.
        for queue, most in ((database.WORK_QUEUE, self._slots), (database.PLAN_QUEUE, _MOST_PLANS)):
            dbos._registry._register_internal_queue(queue, worker_concurrency=most, polling_interval_sec=_POLL_S)
        DBOS.launch()

    def _adopt_orphans(self) -> None:
        """Take over the running jobs of workers that are no longer heard of."""
        owners = set(self._queue.running_on().values()) - {self._executor}
        if owners and (dead := owners - self._heartbeats.alive()):
            _log.warning("taking over the jobs of %s", ", ".join(sorted(dead)))
            DBOS._recover_pending_workflows(sorted(dead))

    def _end(self) -> None:
        self._supervisor.stop()
        self._heartbeats.leave(self._executor)
        logging.shutdown()
        # Threads that wait for jobs must write nothing more; the next worker goes on where this one was.
        os._exit(0)


def _endings() -> int:
    """A file descriptor that can be read once this process is told to end, whichever thread the signal hits."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return read
