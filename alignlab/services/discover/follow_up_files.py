"""The follow-up list as a file: VOTable, CSV or Markdown to send, and the first two to bring back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alignlab.errors import AlignlabError, InputFileError, first_few
from alignlab.ingest.source_table import SourceTable, read_source_table
from alignlab.services.discover.follow_up import LONGEST_REASON, FollowUp, rows_by_name
from alignlab.services.discover.follow_up_markdown import follow_up_markdown
from alignlab.services.discover.follow_up_table import BETWEEN_NOTES, follow_up_columns
from alignlab.services.discover.observing import observing_essentials, visibility_in_words
from alignlab.services.discover.triage import VALUES, check_person
from alignlab.services.export import described_table
from alignlab.services.table_files import table_bytes
from alignlab.services.workspace import Workspace
from alignlab.store.lab import FollowUpEntry, Lab
from alignlab.store.lab_file import utc_now
from alignlab.store.survey import Survey

FollowUpFormat = Literal["votable", "csv", "markdown"]
#: Format by file suffix.
FOLLOW_UP_FORMATS: dict[str, FollowUpFormat] = {
    ".vot": "votable",
    ".xml": "votable",
    ".csv": "csv",
    ".md": "markdown",
}
#: Largest file that is read: a list of every source of a large survey has less.
MAX_BYTES = 20 * 1024**2
_NOTE = re.compile(r"([^|]+) \| (\S+) \| (.+)", re.DOTALL)
_EXPECTED = "a follow-up list that was exported as VOTable or CSV, or any table with a column 'name'"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came in with a file.

    Attributes
    ----------
    n_added, n_known : int
        Sources that are new on the list, and that were on it.
    n_labels, n_notes : int
        Labels and notes of people that this Lab did not have.
    unknown : tuple of str
        Names that the survey does not hold: left out.
    """

    n_added: int
    n_known: int
    n_labels: int
    n_notes: int
    unknown: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a person wants to know of it."""
        told = (
            f"{self.n_added} added to the follow-up list, {self.n_known} were on it; {self.n_labels} labels and "
            f"{self.n_notes} notes are new."
        )
        if self.unknown:
            told += f" Left out, since the survey does not hold them: {first_few(self.unknown)}."
        return told


def follow_up_bytes(
    workspace: Workspace, entries: Sequence[FollowUp], format: FollowUpFormat, *, url: str = ""
) -> bytes:
    """The list as the contents of a file, with what one must know to observe each source.

    Parameters
    ----------
    workspace : Workspace
    entries : sequence of FollowUp
        From `follow_up_list` or `open_follow_up_code`; those that the survey no longer holds are left out.
    format : {"votable", "csv", "markdown"}
    url : str
        Address of the page that it was taken from.

    Raises
    ------
    AlignlabError
        If there is nothing to write, or no such format.
    """
    if format not in FOLLOW_UP_FORMATS.values():
        raise AlignlabError(f"No format {format!r}.", remedy="Choose votable, csv or markdown.")
    held = [(entry, entry.index) for entry in entries if entry.index is not None]
    if not held:
        raise AlignlabError(
            f"The follow-up list of survey {workspace.survey.name!r} is empty.", remedy="Add a source to it first."
        )
    essentials = observing_essentials(workspace.survey, [index for _, index in held])
    chosen = [entry for entry, _ in held]
    if format == "markdown":
        return follow_up_markdown(workspace, chosen, essentials, url=url).encode()
    columns = follow_up_columns(workspace.survey, chosen, essentials)
    table = described_table(workspace, columns, name="follow-up", url=url, selection="the follow-up list")
    table.meta["visibility"] = visibility_in_words()
    return table_bytes(table, format)


def write_follow_up(workspace: Workspace, entries: Sequence[FollowUp], path: Path) -> None:
    """Write the list in the format that the file's suffix names (.vot, .xml, .csv or .md).

    Raises
    ------
    AlignlabError
        If the suffix is none of these, the file exists, or the list is empty.
    """
    format = FOLLOW_UP_FORMATS.get(path.suffix.lower())
    if format is None:
        raise AlignlabError(
            f"{path}: cannot tell the format from {path.suffix or 'a name without suffix'!r}.",
            remedy=f"Use one of {', '.join(FOLLOW_UP_FORMATS)}.",
        )
    if path.exists():
        raise AlignlabError(f"{path} exists already.", remedy="Choose another name.")
    path.write_bytes(follow_up_bytes(workspace, entries, format))


def import_follow_up(lab: Lab, survey: Survey, path: Path, *, person: str = "unknown") -> Imported:
    """Take over a list that was exported as VOTable or CSV, by this Lab or another.

    Nothing that is here is changed: sources, labels and notes are only added.

    Parameters
    ----------
    lab : Lab
    survey : Survey
    path : Path
    person : str
        Who brings it; stands for whoever the file does not name.

    Raises
    ------
    InputFileError
        If it is no such file, or no name in it is a source of the survey.
    """
    check_person(person)
    if path.suffix.lower() == ".md":
        raise InputFileError(path, "Markdown is for reading", remedy="Ask for the list as VOTable or CSV.")
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise InputFileError(path, f"larger than {MAX_BYTES // 1024**2} MB; expected {_EXPECTED}")
    table = read_source_table(path)
    if "name" not in table.columns:
        raise table.error(f"it has no column 'name'; expected {_EXPECTED}", remedy="Export the list again.")
    cells = {name: _texts(table, name) for name in ("name", "added_by", "added_utc", "reason", "labels", "notes")}
    rows = rows_by_name(survey)
    known = [i for i, name in enumerate(cells["name"]) if name in rows]
    if not known:
        raise table.error(
            f"none of its {table.n_rows} names is a source of survey {survey.name!r}",
            remedy="Choose the survey that the list is of with --survey.",
        )
    entries = [
        FollowUpEntry(
            source_name=cells["name"][i],
            person=_person(cells["added_by"][i]) or person,
            reason=cells["reason"][i][:LONGEST_REASON],
            added_utc=cells["added_utc"][i] or utc_now(),
        )
        for i in known
    ]
    n_added = lab.add_follow_ups(survey.name, entries)
    return Imported(
        n_added=n_added,
        n_known=len(known) - n_added,
        n_labels=_bring_labels(lab, survey.name, {cells["name"][i]: cells["labels"][i] for i in known}),
        n_notes=_bring_notes(lab, survey.name, {cells["name"][i]: cells["notes"][i] for i in known}),
        unknown=tuple(name for name in cells["name"] if name and name not in rows),
    )


def _texts(table: SourceTable, name: str) -> list[str]:
    """A column as text; empty where the file has none."""
    column = table.columns.get(name)
    if column is None:
        return [""] * table.n_rows
    return ["" if value is None or value != value else str(value).strip() for value in column.values]


def _person(name: str) -> str | None:
    """The name where somebody can be called so; a file may hold anything."""
    try:
        return check_person(name)
    except AlignlabError:
        return None


def _bring_labels(lab: Lab, survey: str, told: dict[str, str]) -> int:
    """Give labels to people who have none for the source."""
    here, n = lab.labels(survey), 0
    for name, cell in told.items():
        for part in filter(None, cell.split(";")):
            who, _, value = part.rpartition(":")
            person = _person(who)
            if person and value.strip() in VALUES and person not in here.get(name, {}):
                lab.label(survey, name, person=person, value=value.strip())
                n += 1
    return n


def _bring_notes(lab: Lab, survey: str, told: dict[str, str]) -> int:
    """Add notes that are not here."""
    here, n = lab.all_notes(survey), 0
    for name, cell in told.items():
        known = {(note.person, note.created_utc) for note in here.get(name, [])}
        for part in filter(None, cell.split(BETWEEN_NOTES)):
            found = _NOTE.fullmatch(part.strip())
            person = _person(found[1]) if found else None
            if found and person and (person, found[2]) not in known:
                lab.add_note(survey, name, person=person, text=found[3], created_utc=found[2])
                n += 1
    return n
