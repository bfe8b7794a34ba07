"""Small tables of JSON rows in one SQLite file, each write one transaction: a kill loses nothing and doubles nothing.

What is gathered slowly and from outside (archive rows, papers, paid answers) is kept so, until a survey is made of it.
SQLite must not lie on a network file system.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from alignlab.errors import DamagedArtefactError

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS row (
    place TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, written_utc TEXT NOT NULL, PRIMARY KEY (place, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS done (stage TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (stage, key)) WITHOUT ROWID;
"""
#: Keys that one question may name; SQLite takes more, but not without end.
_BLOCK = 500


class RowStore:
    """Open, or make, the file at `path`; several processes may read and write it.

    A *place* is a table of rows by key; a *stage* is a step of work, which remembers the keys that it is done with.

    Raises
    ------
    DamagedArtefactError
        If the file is not such a store, or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connect() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise DamagedArtefactError(f"{path} was written by a newer alignlab.", remedy="Update alignlab.")
            if version < _VERSION:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"{_SCHEMA} PRAGMA user_version = {_VERSION};")

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=30)
            try:
                with connection:
                    yield connection
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise DamagedArtefactError(
                    f"{self.path} cannot be read or written ({error}).",
                    remedy="Check that its disk has room and that nothing holds the file; what it holds stays.",
                ) from error
            raise DamagedArtefactError(
                f"{self.path} is damaged ({error}).", remedy="Move it aside; it will be gathered anew."
            ) from error

    def put(
        self, place: str, rows: Mapping[str, Mapping[str, Any]], *, stage: str = "", done: Iterable[str] = ()
    ) -> None:
        """Write rows, in the place of earlier ones of their keys, and note which keys a stage is done with, at once."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        written = [(place, key, json.dumps(row, sort_keys=True), now) for key, row in rows.items()]
        with self._connect() as connection:
            connection.executemany("INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)", written)
            connection.executemany("INSERT OR IGNORE INTO done VALUES (?, ?)", [(stage, key) for key in done])

    def get(self, place: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The rows with these keys; those that are not there are absent."""
        wanted, found = list(dict.fromkeys(keys)), {}
        with self._connect() as connection:
            for start in range(0, len(wanted), _BLOCK):
                block = wanted[start : start + _BLOCK]
                marks = ",".join("?" * len(block))
                question = f"SELECT key, value FROM row WHERE place = ? AND key IN ({marks})"
                found.update({key: json.loads(value) for key, value in connection.execute(question, [place, *block])})
        return {key: found[key] for key in wanted if key in found}

    def rows(self, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """All rows of a place in the order of their keys, one block in memory at a time."""
        after = ""
        while True:
            with self._connect() as connection:
                question = "SELECT key, value FROM row WHERE place = ? AND key > ? ORDER BY key LIMIT ?"
                block = connection.execute(question, [place, after, _BLOCK]).fetchall()
            yield from ((key, json.loads(value)) for key, value in block)
            if len(block) < _BLOCK:
                return
            after = block[-1][0]

    def frame(self, place: str) -> pd.DataFrame:
        """All rows of a place as a table, with their keys as index; empty where there is none."""
        keys, rows = [], []
        for key, row in self.rows(place):
            keys.append(key)
            rows.append(row)
        return pd.DataFrame(rows, index=pd.Index(keys, name="key", dtype="str"))

    def count(self, place: str) -> int:
        """Number of rows of a place."""
        with self._connect() as connection:
            (n,) = connection.execute("SELECT COUNT(*) FROM row WHERE place = ?", [place]).fetchone()
        return int(n)

    def pending(self, stage: str, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that the stage is not done with, in their order."""
        with self._connect() as connection:
            done = {key for (key,) in connection.execute("SELECT key FROM done WHERE stage = ?", [stage])}
        return [key for key in dict.fromkeys(keys) if key not in done]

    def forget(self, *, place: str = "", stage: str = "") -> None:
        """Delete the rows of a place, or what a stage was done with."""
        with self._connect() as connection:
            connection.execute("DELETE FROM row WHERE place = ?", [place])
            connection.execute("DELETE FROM done WHERE stage = ?", [stage])
