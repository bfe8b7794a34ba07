"""The follow-up list: sources worth a further observation, and copies of the list that links open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alignlab.store.lab_file import LabFile, utc_now


@dataclass(frozen=True, kw_only=True)
class FollowUpEntry:
    """A source on the follow-up list, and who put it there.

    Attributes
    ----------
    source_name, person : str
    reason : str
        Why it is worth an observation; may be empty.
    added_utc : str
    """

    source_name: str
    person: str
    reason: str
    added_utc: str


class FollowUpTables(LabFile):
    """The follow-up lists of one Lab, one per survey."""

    def add_follow_ups(self, survey: str, entries: Sequence[FollowUpEntry]) -> int:
        """Put sources on the list and return how many are new; one that is there keeps its first entry."""
        with self._connect() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT INTO follow_up VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(survey, entry.source_name, entry.person, entry.reason, entry.added_utc) for entry in entries],
            )
            return connection.total_changes - before

    def remove_follow_ups(self, survey: str, source_names: Sequence[str]) -> int:
        """Take sources off the list and return how many were on it."""
        with self._connect() as connection:
            before = connection.total_changes
            connection.executemany(
                "DELETE FROM follow_up WHERE survey = ? AND source_name = ?", [(survey, name) for name in source_names]
            )
            return connection.total_changes - before

    def change_follow_up(self, survey: str, source_name: str, *, reason: str) -> bool:
        """Replace the reason of a source on the list; says whether it is on it."""
        with self._connect() as connection:
            before = connection.total_changes
            connection.execute(
                "UPDATE follow_up SET reason = ? WHERE survey = ? AND source_name = ?", (reason, survey, source_name)
            )
            return connection.total_changes > before

    def follow_ups(self, survey: str) -> list[FollowUpEntry]:
        """The list of a survey in the order in which it grew."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT source_name, person, reason, added_utc FROM follow_up WHERE survey = ? "
                "ORDER BY added_utc, rowid",
                (survey,),
            ).fetchall()
        return [
            FollowUpEntry(source_name=name, person=person, reason=reason, added_utc=added)
            for name, person, reason, added in rows
        ]

    def keep_follow_up_copy(self, survey: str, code: str, entries: str) -> None:
        """Keep a list as it is now under a code; the same code keeps what it has."""
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO follow_up_copy VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (survey, code, entries, utc_now()),
            )

    def follow_up_copy(self, survey: str, code: str) -> str | None:
        """The list that was kept under a code, or None."""
        with self._connect() as connection:
            row = connection.execute(
                "SELECT entries FROM follow_up_copy WHERE survey = ? AND code = ?", (survey, code)
            ).fetchone()
        return row[0] if row else None
