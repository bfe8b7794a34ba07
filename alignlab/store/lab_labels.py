"""What people say about sources: labels with the history of their changes, and notes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from alignlab.store.lab_file import LabFile, utc_now


@dataclass(frozen=True, kw_only=True)
class Note:
    """A remark by a person about a source."""

    person: str
    text: str
    created_utc: str


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    """A label that somebody gave, changed or removed.

    Attributes
    ----------
    source_name, person : str
    before, after : str or None
        The label before and after; None where there was none.
    changed_utc : str
    """

    source_name: str
    person: str
    before: str | None
    after: str | None
    changed_utc: str


class LabelTables(LabFile):
    """Labels and notes of one Lab."""

    def label(self, survey: str, source_name: str, *, person: str, value: str) -> None:
        """Give a source a label; a person has one label per source, the latest."""
        self._change(survey, source_name, person, value)

    def unlabel(self, survey: str, source_name: str, *, person: str) -> None:
        """Remove a person's label."""
        self._change(survey, source_name, person, None)

    def label_changes(self, survey: str, *, person: str) -> list[LabelChange]:
        """What a person did to labels and has not taken back, oldest first."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT source_name, person, before, after, changed_utc FROM label_change "
                "WHERE survey = ? AND person = ? ORDER BY id",
                (survey, person),
            ).fetchall()
        return [_change(row) for row in rows]

    def undo_label(self, survey: str, *, person: str) -> LabelChange | None:
        """Take back a person's last change of a label, whichever source it was; None where there is nothing left."""
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "DELETE FROM label_change WHERE id = "
                "(SELECT MAX(id) FROM label_change WHERE survey = ? AND person = ?) "
                "RETURNING source_name, person, before, after, changed_utc",
                (survey, person),
            ).fetchone()
            if row is None:
                return None
            change = _change(row)
            _set(connection, survey, change.source_name, person, change.before)
        return change

    def _change(self, survey: str, source_name: str, person: str, value: str | None) -> None:
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT value FROM label WHERE survey = ? AND source_name = ? AND person = ?",
                (survey, source_name, person),
            ).fetchone()
            before = row[0] if row else None
            if before == value:
                return
            connection.execute(
                "INSERT INTO label_change (survey, source_name, person, before, after, changed_utc) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (survey, source_name, person, before, value, utc_now()),
            )
            _set(connection, survey, source_name, person, value)

    def labels(self, survey: str) -> dict[str, dict[str, str]]:
        """Labels of a survey as ``{source_name: {person: value}}``."""
        with self._connect() as connection:
            rows = connection.execute("SELECT source_name, person, value FROM label WHERE survey = ?", (survey,))
            labels: dict[str, dict[str, str]] = {}
            for source_name, person, value in rows:
                labels.setdefault(source_name, {})[person] = value
        return labels

    def add_note(
        self, survey: str, source_name: str, *, person: str, text: str, created_utc: str | None = None
    ) -> None:
        """Attach a remark to a source, made now or, where it comes from another Lab, when that says."""
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO note (survey, source_name, person, text, created_utc) VALUES (?, ?, ?, ?, ?)",
                (survey, source_name, person, text, created_utc or utc_now()),
            )

    def notes(self, survey: str, source_name: str) -> list[Note]:
        """Remarks about a source, oldest first."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT person, text, created_utc FROM note WHERE survey = ? AND source_name = ? ORDER BY id",
                (survey, source_name),
            ).fetchall()
        return [Note(person=person, text=text, created_utc=created) for person, text, created in rows]

    def all_notes(self, survey: str) -> dict[str, list[Note]]:
        """Remarks about all sources of a survey by the source's name, oldest first."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT source_name, person, text, created_utc FROM note WHERE survey = ? ORDER BY id", (survey,)
            ).fetchall()
        notes: dict[str, list[Note]] = {}
        for name, person, text, created in rows:
            notes.setdefault(name, []).append(Note(person=person, text=text, created_utc=created))
        return notes


def _change(row: tuple[str, str, str | None, str | None, str]) -> LabelChange:
    source_name, person, before, after, changed_utc = row
    return LabelChange(source_name=source_name, person=person, before=before, after=after, changed_utc=changed_utc)


def _set(connection: sqlite3.Connection, survey: str, source_name: str, person: str, value: str | None) -> None:
    if value is None:
        connection.execute(
            "DELETE FROM label WHERE survey = ? AND source_name = ? AND person = ?", (survey, source_name, person)
        )
        return
    connection.execute(
        "INSERT INTO label VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
        "SET value = excluded.value, changed_utc = excluded.changed_utc",
        (survey, source_name, person, value, utc_now()),
    )
