"""An interpretation as a document: Markdown for notes and tools, PDF for people."""

from __future__ import annotations

from pathlib import Path

from alignlab.services.interpret.contract import Interpretation
from alignlab.services.subject import Subject

SUFFIXES = (".md", ".pdf")


def to_markdown(interpretation: Interpretation) -> str:
    """An interpretation as Markdown."""
    raise NotImplementedError


def to_pdf(interpretation: Interpretation, subject: Subject) -> bytes:
    """An interpretation as PDF, with figures of the subject's spectrum and variables."""
    raise NotImplementedError


def write_report(interpretation: Interpretation, subject: Subject, path: Path) -> None:
    """Write an interpretation in the form that the path's suffix (one of `SUFFIXES`) names.

    Raises
    ------
    AlignlabError
        If the suffix is another one, or the file cannot be written.
    """
    raise NotImplementedError
