"""The Lab's file: its tables, how it is opened and brought up to date, and one short connection per call."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alignlab.errors import DamagedArtefactError

#: Each entry moves the file one version up; never edit an entry that has been released, append a new one.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL, changed_utc TEXT NOT NULL);
    CREATE TABLE label (
        survey TEXT NOT NULL, source_name TEXT NOT NULL, person TEXT NOT NULL, value TEXT NOT NULL,
        changed_utc TEXT NOT NULL, PRIMARY KEY (survey, source_name, person)
    );
    CREATE TABLE note (
        id INTEGER PRIMARY KEY, survey TEXT NOT NULL, source_name TEXT NOT NULL, person TEXT NOT NULL,
        text TEXT NOT NULL, created_utc TEXT NOT NULL
    );
    CREATE INDEX note_source ON note (survey, source_name);
    CREATE TABLE selection (
        id INTEGER PRIMARY KEY, survey TEXT NOT NULL, name TEXT NOT NULL, n_sources INTEGER NOT NULL,
        bits TEXT NOT NULL, created_utc TEXT NOT NULL, UNIQUE (survey, name)
    );
    """,
    """
    CREATE TABLE scene (
        id INTEGER PRIMARY KEY, survey TEXT NOT NULL, position INTEGER NOT NULL, title TEXT NOT NULL,
        note TEXT NOT NULL, address TEXT NOT NULL, created_utc TEXT NOT NULL
    );
    CREATE INDEX scene_survey ON scene (survey, position);
    """,
    """
    CREATE TABLE label_change (
        id INTEGER PRIMARY KEY, survey TEXT NOT NULL, source_name TEXT NOT NULL, person TEXT NOT NULL,
        before TEXT, after TEXT, changed_utc TEXT NOT NULL
    );
    CREATE INDEX label_change_person ON label_change (survey, person, id);
    CREATE TABLE follow_up (
        survey TEXT NOT NULL, source_name TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL,
        added_utc TEXT NOT NULL, PRIMARY KEY (survey, source_name)
    );
    CREATE TABLE follow_up_copy (
        survey TEXT NOT NULL, code TEXT NOT NULL, entries TEXT NOT NULL, created_utc TEXT NOT NULL,
        PRIMARY KEY (survey, code)
    );
    """,
)


class LabFile:
    """Open, or make, the Lab file at `path`.

    Raises
    ------
    DamagedArtefactError
        If the file is not a Lab, fails SQLite's integrity check or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # One at a time: SQLite does not wait for another process's change to WAL, it fails at once.
            with path.with_name(f"{path.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with self._connect() as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
                    self._migrate(connection)
        except sqlite3.DatabaseError as error:
            raise DamagedArtefactError(
                f"{path} cannot be opened as the Lab ({error}).",
                remedy="Move it aside; labels and notes in it are kept there, and a new one is made.",
            ) from error

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise DamagedArtefactError(
                f"{self.path} was written by a newer alignlab (Lab version {version}).", remedy="Update alignlab."
            )
        if version == len(MIGRATIONS):
            return
        connection.execute("BEGIN EXCLUSIVE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in migration.split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")

    def check_integrity(self) -> None:
        """Run SQLite's integrity check.

        Raises
        ------
        DamagedArtefactError
            With SQLite's first complaint.
        """
        try:
            with self._connect() as connection:
                (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        except sqlite3.DatabaseError as error:
            answer = str(error)
        if answer != "ok":
            raise DamagedArtefactError(f"{self.path} is damaged: {answer}.", remedy="Restore it from a copy.")


def utc_now() -> str:
    """The time as the Lab writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
