"""The follow-up list of a survey: which sources are worth an observation, who says so, and what else is said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from alignlab.errors import AlignlabError
from alignlab.services.discover.triage import check_person
from alignlab.store.lab import FollowUpEntry, Lab, Note
from alignlab.store.lab_file import utc_now
from alignlab.store.survey import Survey

#: In characters.
LONGEST_REASON = 2000
_CODE_LETTERS = 10


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """A source on the follow-up list, with what everybody says of it.

    Attributes
    ----------
    name : str
    index : int or None
        Its row in the survey; None where the survey no longer holds it.
    person, reason, added_utc : str
        Who put it on the list, why, and when.
    labels : dict of str to str
        Labels by person.
    notes : tuple of Note
        Oldest first.
    """

    name: str
    index: int | None
    person: str
    reason: str
    added_utc: str
    labels: dict[str, str]
    notes: tuple[Note, ...]


def add_to_follow_up(lab: Lab, survey_name: str, names: Sequence[str], *, person: str, reason: str = "") -> int:
    """Put sources on the list; those that are there already stay as they are.

    Parameters
    ----------
    lab : Lab
    survey_name : str
    names : sequence of str
        Names of the sources.
    person : str
        Who thinks so.
    reason : str
        Why, for all of them.

    Returns
    -------
    int
        How many are new.

    Raises
    ------
    AlignlabError
        If nobody can be called so, or the reason is too long.
    """
    who, why = check_person(person), _checked_reason(reason)
    now = utc_now()
    entries = [FollowUpEntry(source_name=name, person=who, reason=why, added_utc=now) for name in dict.fromkeys(names)]
    return lab.add_follow_ups(survey_name, entries)


def remove_from_follow_up(lab: Lab, survey_name: str, names: Sequence[str]) -> int:
    """Take sources off the list and return how many were on it; their labels and notes stay."""
    return lab.remove_follow_ups(survey_name, names)


def change_reason(lab: Lab, survey_name: str, name: str, *, reason: str) -> bool:
    """Replace the reason of a source on the list; says whether it is on it. Who added it, and when, stays.

    Raises
    ------
    AlignlabError
        If the reason is too long.
    """
    return lab.change_follow_up(survey_name, name, reason=_checked_reason(reason))


def follow_up_list(lab: Lab, survey: Survey) -> list[FollowUp]:
    """The list of a survey in the order in which it grew, with everybody's labels and notes of today."""
    labels, notes = lab.labels(survey.name), lab.all_notes(survey.name)
    rows = rows_by_name(survey)
    return [
        FollowUp(
            name=entry.source_name,
            index=rows.get(entry.source_name),
            person=entry.person,
            reason=entry.reason,
            added_utc=entry.added_utc,
            labels=dict(sorted(labels.get(entry.source_name, {}).items())),
            notes=tuple(notes.get(entry.source_name, ())),
        )
        for entry in lab.follow_ups(survey.name)
    ]


def follow_up_code(lab: Lab, survey: Survey) -> str:
    """Keep the list as it is now, labels and notes included, and return the code that opens it.

    The same list always has the same code. It is kept in this Lab: for another one, the list is exported and imported.
    """
    entries = [{**asdict(entry), "index": None} for entry in follow_up_list(lab, survey)]
    text = json.dumps(entries, sort_keys=True)
    code = hashlib.sha256(text.encode()).hexdigest()[:_CODE_LETTERS]
    lab.keep_follow_up_copy(survey.name, code, text)
    return code


def open_follow_up_code(lab: Lab, survey: Survey, code: str) -> list[FollowUp]:
    """The list that was kept under a code, as it was.

    Raises
    ------
    AlignlabError
        If this Lab keeps none under that code.
    """
    text = lab.follow_up_copy(survey.name, code)
    if text is None:
        raise AlignlabError(
            f"This Lab keeps no follow-up list {code!r} of survey {survey.name!r}.",
            remedy="Ask for the exported file, and import it with 'alignlab follow-up import FILE'.",
        )
    rows = rows_by_name(survey)
    kept = json.loads(text)
    return [
        FollowUp(**{**entry, "index": rows.get(entry["name"]), "notes": tuple(Note(**note) for note in entry["notes"])})
        for entry in kept
    ]


def _checked_reason(reason: str) -> str:
    why = reason.strip()
    if len(why) > LONGEST_REASON:
        raise AlignlabError(f"The reason has {len(why):,} characters.", remedy=f"Use at most {LONGEST_REASON:,}.")
    return why


def rows_by_name(survey: Survey) -> dict[str, int]:
    """Row of each name; the first, where several observations share it."""
    return {str(name): row for row, name in reversed(list(enumerate(survey.sources["name"])))}
