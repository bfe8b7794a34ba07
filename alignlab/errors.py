"""The one error hierarchy: every message says what happened, where, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def with_remedy(message: str, remedy: str) -> str:
    """What happened and what to do, as sentences; a message that lacks its full stop gets one before the remedy."""
    if not remedy:
        return message
    return f"{message}{'' if message.endswith(('.', '!', '?', '…')) else '.'} {remedy}"


def first_few(names: Sequence[str], most: int = 5) -> str:
    """Names for a message: at most so many, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


class AlignlabError(Exception):
    """Anything a person can act on. Shown as a message in the app, as one line and exit code 2 in a terminal.

    Parameters
    ----------
    message : str
        What happened, with the offending value.
    remedy : str, optional
        The next action, as an imperative sentence.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return with_remedy(self.message, self.remedy)


class InputFileError(AlignlabError):
    """A file given by a person cannot be used.

    Parameters
    ----------
    path : path-like
        The file.
    problem : str
        What is wrong with it: HDU, column or line, and what was expected.
    remedy : str, optional
        What to do about it.
    """

    def __init__(self, path: str | Path, problem: str, *, remedy: str = "") -> None:
        super().__init__(f"{path}: {problem}", remedy=remedy)
        self.path = Path(path)
        self.problem = problem


class MissingArtefactError(AlignlabError):
    """A survey, run or projection that was asked for does not exist."""


class DamagedArtefactError(AlignlabError):
    """A survey or run exists but is newer than this version, incomplete or altered."""


class RecipeError(AlignlabError):
    """A recipe holds a value outside its range."""
