"""The Lab: what people do. Labels, notes, the follow-up list, saved selections and choices, in one small SQLite file.

SQLite must not lie on a network file system. Every call opens its own short connection, so threads, tabs and
processes may write at the same time (WAL mode).
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.store.lab_file import utc_now
from alignlab.store.lab_follow_up import FollowUpEntry, FollowUpTables
from alignlab.store.lab_labels import LabelChange, LabelTables, Note

__all__ = ["FollowUpEntry", "Lab", "LabelChange", "Note", "SavedScene"]


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


class Lab(LabelTables, FollowUpTables):
    """Open, or make, the Lab file at `path`.

    Raises
    ------
    DamagedArtefactError
        If the file is not a Lab, fails SQLite's integrity check or was written by a newer version.
    """

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
                (survey, name.strip(), len(mask), bits, utc_now()),
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
                (survey, survey, scene.title, scene.note, scene.address, utc_now()),
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
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", (key, json.dumps(value), utc_now()))


def _read(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return json.loads(row[0]) if row else None
