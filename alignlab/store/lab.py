"""The Lab: what people do. Labels, notes, saved selections and choices, in one small SQLite file (WAL mode).

SQLite must not lie on a network file system. Every call opens its own short connection, so threads, tabs and
processes may write at the same time.
"""

from __future__ import annotations

import base64
import fcntl
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, DamagedArtefactError

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
)


@dataclass(frozen=True, kw_only=True)
class Note:
    """A remark by a person about a source."""

    person: str
    text: str
    created_utc: str


@dataclass(frozen=True, kw_only=True)
class SavedScene:
    """A view of the Atlas with a title and a note, for a talk.

    Attributes
    ----------
    title, note : str
    address : str
        Query string of the view.
    id : int or None
        None until it is saved.
    """

    title: str
    note: str
    address: str
    id: int | None = None


class Lab:
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

    def set_active_run(self, survey: str, run_id: str, *, instead_of: str | None = None) -> None:
        """Choose the run that every page shows for `survey`, and remember the one that was shown before.

        Parameters
        ----------
        instead_of : str, optional
            The run that is shown now, where none has been chosen yet.
        """
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            before = _read(connection, f"active_run:{survey}") or instead_of
            _write(connection, f"active_run:{survey}", run_id)
            if before is not None and before != run_id:
                _write(connection, f"previous_run:{survey}", before)

    def active_run(self, survey: str) -> str | None:
        """The run chosen for `survey`, or None."""
        return self._get(f"active_run:{survey}")

    def previous_run(self, survey: str) -> str | None:
        """The run that was shown for `survey` before the one that is chosen, or None."""
        return self._get(f"previous_run:{survey}")

    def label(self, survey: str, source_name: str, *, person: str, value: str) -> None:
        """Give a source a label; a person has one label per source, the latest."""
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO label VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET value = excluded.value, changed_utc = excluded.changed_utc",
                (survey, source_name, person, value, _now()),
            )

    def unlabel(self, survey: str, source_name: str, *, person: str) -> None:
        """Remove a person's label."""
        with self._connect() as connection:
            connection.execute(
                "DELETE FROM label WHERE survey = ? AND source_name = ? AND person = ?", (survey, source_name, person)
            )

    def labels(self, survey: str) -> dict[str, dict[str, str]]:
        """Labels of a survey as ``{source_name: {person: value}}``."""
        with self._connect() as connection:
            rows = connection.execute("SELECT source_name, person, value FROM label WHERE survey = ?", (survey,))
            labels: dict[str, dict[str, str]] = {}
            for source_name, person, value in rows:
                labels.setdefault(source_name, {})[person] = value
        return labels

    def add_note(self, survey: str, source_name: str, *, person: str, text: str) -> None:
        """Attach a remark to a source."""
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO note (survey, source_name, person, text, created_utc) VALUES (?, ?, ?, ?, ?)",
                (survey, source_name, person, text, _now()),
            )

    def notes(self, survey: str, source_name: str) -> list[Note]:
        """Remarks about a source, oldest first."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT person, text, created_utc FROM note WHERE survey = ? AND source_name = ? ORDER BY id",
                (survey, source_name),
            ).fetchall()
        return [Note(person=person, text=text, created_utc=created) for person, text, created in rows]

    def save_selection(self, survey: str, name: str, mask: NDArray[np.bool_]) -> int:
        """Keep a selection of sources under a name and return its id; an existing one of that name is replaced.

        Parameters
        ----------
        survey, name : str
            Of which survey, and what to call it.
        mask : ndarray of bool, shape (n_sources,)
        """
        if not name.strip():
            raise AlignlabError("A selection needs a name.", remedy="Type one.")
        bits = base64.b64encode(np.packbits(mask).tobytes()).decode()
        with self._connect() as connection:
            (identifier,) = connection.execute(
                "INSERT INTO selection (survey, name, n_sources, bits, created_utc) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (survey, name) DO UPDATE SET n_sources = excluded.n_sources, bits = excluded.bits, "
                "created_utc = excluded.created_utc RETURNING id",
                (survey, name.strip(), len(mask), bits, _now()),
            ).fetchone()
        return int(identifier)

    def selection_names(self, survey: str) -> list[str]:
        """Names of the saved selections of a survey, in alphabetical order."""
        with self._connect() as connection:
            rows = connection.execute("SELECT name FROM selection WHERE survey = ? ORDER BY name", (survey,))
            return [name for (name,) in rows]

    def selection(self, survey: str, name: str) -> NDArray[np.bool_] | None:
        """A saved selection by its name, or None."""
        with self._connect() as connection:
            row = connection.execute(
                "SELECT n_sources, bits FROM selection WHERE survey = ? AND name = ?", (survey, name)
            ).fetchone()
        if row is None:
            return None
        return np.unpackbits(np.frombuffer(base64.b64decode(row[1]), np.uint8), count=row[0]).astype(bool)

    def delete_selection(self, survey: str, name: str) -> None:
        """Forget a saved selection."""
        with self._connect() as connection:
            connection.execute("DELETE FROM selection WHERE survey = ? AND name = ?", (survey, name))

    def save_scene(self, scene: SavedScene, survey: str) -> int:
        """Keep a scene as the last of its survey's, or in the place of the one that has its `id`; returns the id."""
        with self._connect() as connection:
            if scene.id is not None:
                connection.execute(
                    "UPDATE scene SET title = ?, note = ?, address = ? WHERE id = ? AND survey = ?",
                    (scene.title, scene.note, scene.address, scene.id, survey),
                )
                return scene.id
            (identifier,) = connection.execute(
                "INSERT INTO scene (survey, position, title, note, address, created_utc) VALUES (?, "
                "(SELECT COALESCE(MAX(position), 0) + 1 FROM scene WHERE survey = ?), ?, ?, ?, ?) RETURNING id",
                (survey, survey, scene.title, scene.note, scene.address, _now()),
            ).fetchone()
        return int(identifier)

    def scenes(self, survey: str) -> list[SavedScene]:
        """Saved scenes of a survey in the order in which they are shown."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT id, title, note, address FROM scene WHERE survey = ? ORDER BY position, id", (survey,)
            ).fetchall()
        return [SavedScene(id=i, title=title, note=note, address=address) for i, title, note, address in rows]

    def order_scenes(self, survey: str, identifiers: Sequence[int]) -> None:
        """Show a survey's scenes in this order."""
        with self._connect() as connection:
            connection.executemany(
                "UPDATE scene SET position = ? WHERE id = ? AND survey = ?",
                [(position, identifier, survey) for position, identifier in enumerate(identifiers, start=1)],
            )

    def delete_scene(self, survey: str, identifier: int) -> None:
        """Forget a scene."""
        with self._connect() as connection:
            connection.execute("DELETE FROM scene WHERE id = ? AND survey = ?", (identifier, survey))

    def _get(self, key: str) -> str | None:
        with self._connect() as connection:
            return _read(connection, key)


def _write(connection: sqlite3.Connection, key: str, value: object) -> None:
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", (key, json.dumps(value), _now()))


def _read(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return json.loads(row[0]) if row else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
