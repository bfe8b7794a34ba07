"""The follow-up list as a file: VOTable, CSV or Markdown to send, and the first two to bring back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alignlab.services.discover.follow_up import FollowUp
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.store.survey import Survey

FollowUpFormat = Literal["votable", "csv", "markdown"]
#: Format by file suffix.
FOLLOW_UP_FORMATS: dict[str, FollowUpFormat] = {
    ".vot": "votable",
    ".xml": "votable",
    ".csv": "csv",
    ".md": "markdown",
}


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


def follow_up_bytes(
    workspace: Workspace, entries: Sequence[FollowUp], format: FollowUpFormat, *, url: str = ""
) -> bytes:
    """The list as the contents of a file, with what one must know to observe each source.

    Parameters
    ----------
    workspace : Workspace
    entries : sequence of FollowUp
        From `follow_up_list` or `open_follow_up_code`.
    format : {"votable", "csv", "markdown"}
    url : str
        Address of the page that it was taken from.
    """
    raise NotImplementedError


def write_follow_up(workspace: Workspace, entries: Sequence[FollowUp], path: Path) -> None:
    """Write the list in the format that the file's suffix names (.vot, .xml, .csv or .md).

    Raises
    ------
    AlignlabError
        If the suffix is none of these, or the file exists.
    """
    raise NotImplementedError


def import_follow_up(lab: Lab, survey: Survey, path: Path) -> Imported:
    """Take over a list that was exported as VOTable or CSV, by this Lab or another.

    Nothing that is here is changed: sources, labels and notes are only added.

    Raises
    ------
    InputFileError
        If it is no such file, or no name in it is a source of the survey.
    """
    raise NotImplementedError
