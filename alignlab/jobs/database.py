"""The database that queues the jobs: an SQLite file, or PostgreSQL for workers on many hosts."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, Serializer, error

from alignlab.config import Config
from alignlab.jobs.spec import JobError

#: Owner of the rows, and the one version of the workflow: another would leave the jobs of an older alignlab behind.
APPLICATION, WORKFLOW_VERSION = "alignlab", "1"
WORKFLOW = "job"
#: Jobs that compute take a slot of their worker; jobs with parts only wait for them.
WORK_QUEUE, PLAN_QUEUE = "work", "plans"
#: How long SQLite waits for another writer.
_BUSY_MS = 30_000
_SETUP_LOCK = 7_301_164
#: What a database that is away for a moment looks like.
DATABASE_ERRORS = (sa.exc.SQLAlchemyError, error.DBOSException)


class JsonSerializer(Serializer):
    """Everything in the database is JSON, and an error keeps its words. (The default, pickle, runs what it reads.)"""

    def serialize(self, data: Any) -> str:
        """Turn a value or an error into JSON."""
        return json.dumps({"error": str(data)} if isinstance(data, BaseException) else {"value": data})

    def deserialize(self, serialized_data: str) -> Any:
        """Read what `serialize` wrote; an error comes back as a `JobError`."""
        known = json.loads(serialized_data)
        return JobError(known["error"]) if "error" in known else known["value"]

    def name(self) -> str:
        """Name under which the database remembers how its values are written."""
        return "alignlab-json"


def database_url(config: Config) -> str:
    """Address of the database of jobs, for SQLAlchemy."""
    if not config.jobs_url:
        return f"sqlite:///{config.jobs_path.resolve()}"
    if not config.jobs_url.startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
        raise JobError(
            f"ALIGNLAB_JOBS_URL must be a PostgreSQL address, not {config.jobs_url.partition(':')[0]}://…",
            remedy="Write it as postgresql://user:password@host/database, or leave it out to use an SQLite file.",
        )
    return config.jobs_url


def is_sqlite(config: Config) -> bool:
    """Whether jobs are queued in the SQLite file, so that every worker is on this machine."""
    return not config.jobs_url


def engine(config: Config) -> sa.Engine:
    """An engine that keeps no SQLite connection open between statements."""
    url = sa.make_url(database_url(config))
    if not is_sqlite(config):
        return sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=2)
    made = sa.create_engine(url, poolclass=sa.NullPool)

    @sa.event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute("PRAGMA foreign_keys=ON")

    return made


def prepare_database(config: Config) -> None:
    """Make the tables that are absent; several processes may do so at once.

    Raises
    ------
    JobError
        If the database cannot be reached.
    """
    try:
        if is_sqlite(config):
            config.data_dir.mkdir(parents=True, exist_ok=True)
            _use_write_ahead_log(config.jobs_path)
        DBOS.migrate(database_url(config))
        made = engine(config)
        with made.begin() as connection:
            if not is_sqlite(config):
                # Two that create a table at the same moment would fail, "IF NOT EXISTS" or not.
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_SETUP_LOCK})"))
            connection.execute(
                sa.text("CREATE TABLE IF NOT EXISTS alignlab_workers (executor TEXT PRIMARY KEY, beat FLOAT NOT NULL)")
            )
        made.dispose()
    except sa.exc.SQLAlchemyError as problem:
        where = config.jobs_path if is_sqlite(config) else "the database that ALIGNLAB_JOBS_URL names"
        reason = str(getattr(problem, "orig", None) or problem).strip().split("\n")[0]
        raise JobError(f"Jobs cannot be queued in {where}: {reason}", remedy="See that it is running.") from problem


def client(config: Config) -> DBOSClient:
    """The app's way into the queue; `prepare_database` must have been called."""
    if is_sqlite(config):
        return DBOSClient(
            system_database_engine=engine(config), serializer=JsonSerializer(), application_name=APPLICATION, lazy=True
        )
    return DBOSClient(
        system_database_url=database_url(config), serializer=JsonSerializer(), application_name=APPLICATION
    )


def _use_write_ahead_log(path: Path) -> None:
    """Let readers read while somebody writes; the file remembers it."""
    connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
