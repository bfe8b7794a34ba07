"""Which workers are alive: on this machine by a lock that dies with its process, on any other by a heartbeat."""

from __future__ import annotations

import fcntl
import re
import socket
import time
from pathlib import Path

import sqlalchemy as sa

from alignlab.config import Config
from alignlab.jobs.database import engine, is_sqlite
from alignlab.jobs.spec import JobError

#: Name of the worker that the app starts.
LOCAL = "local"
BEAT_S = 2.0
#: A worker that has not been heard of for so long is taken for dead, and its jobs go to others.
STALE_S = 20.0
_PROBE_S = 1.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class WorkerIsRunningError(JobError):
    """A worker of that name is at work on this machine already."""


def executor_id(name: str) -> str:
    """How the database knows a worker: stable, so that a worker that starts again takes up its own jobs."""
    if not _NAME.fullmatch(name):
        raise JobError(f"{name!r} cannot name a worker.", remedy="Use letters, digits, '_' and '-', at most 32.")
    return f"{socket.gethostname()}.{name}"


def log_path(config: Config, name: str = LOCAL) -> Path:
    """What a worker that the app started has printed."""
    return config.jobs_dir / f"worker-{name}.log"


class WorkerLock:
    """Being the only worker of a name on this machine; the lock goes when the process goes, however it goes."""

    def __init__(self, config: Config, name: str) -> None:
        config.jobs_dir.mkdir(parents=True, exist_ok=True)
        self._name, self._file = name, _lock_path(config, name).open("a+")

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        WorkerIsRunningError
            If another process holds it.
        """
        patience_ends = time.monotonic() + _PROBE_S
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Whoever asks whether a worker is there holds the lock for a moment.
                if time.monotonic() > patience_ends:
                    raise WorkerIsRunningError(
                        f"Worker {self._name!r} is running already.", remedy="Give another --name."
                    ) from None
                time.sleep(_PROBE_S / 20)

    def release(self) -> None:
        """Let another process take it."""
        fcntl.flock(self._file, fcntl.LOCK_UN)


def runs_here(config: Config, name: str = LOCAL) -> bool:
    """Whether a worker of that name is alive on this machine."""
    try:
        with _lock_path(config, name).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class Heartbeats:
    """The table of workers in the shared database, by its own clock."""

    def __init__(self, config: Config) -> None:
        self._engine = engine(config)
        # All workers on one SQLite file share this machine's clock; PostgreSQL has its own.
        self._clock = None if is_sqlite(config) else sa.text("SELECT EXTRACT(EPOCH FROM clock_timestamp())")

    def beat(self, executor: str) -> None:
        """Say that this worker is alive."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO alignlab_workers (executor, beat) VALUES (:executor, :now) "
                    "ON CONFLICT (executor) DO UPDATE SET beat = excluded.beat"
                ),
                {"executor": executor, "now": self._now(connection)},
            )

    def leave(self, executor: str) -> None:
        """Say that this worker has ended: its jobs are free at once."""
        with self._engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM alignlab_workers WHERE executor = :e"), {"e": executor})

    def alive(self) -> set[str]:
        """The workers that were heard of lately."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                sa.text("SELECT executor FROM alignlab_workers WHERE beat > :since"),
                {"since": self._now(connection) - STALE_S},
            )
            return {row[0] for row in rows}

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _now(self, connection: sa.Connection) -> float:
        return time.time() if self._clock is None else float(connection.execute(self._clock).scalar_one())


def _lock_path(config: Config, name: str) -> Path:
    executor_id(name)
    return config.jobs_dir / f"worker-{name}.lock"
