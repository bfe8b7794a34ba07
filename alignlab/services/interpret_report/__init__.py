"""An interpretation as a document: Markdown for notes and tools, PDF for people."""

from __future__ import annotations

from pathlib import Path

from alignlab.errors import AlignlabError
from alignlab.services.interpret.contract import Interpretation
from alignlab.services.interpret_report.markdown import to_markdown
from alignlab.services.subject import Subject

__all__ = ["SUFFIXES", "to_markdown", "to_pdf", "write_report"]

SUFFIXES = (".md", ".pdf")


def to_pdf(interpretation: Interpretation, subject: Subject) -> bytes:
    """An interpretation as PDF; see `alignlab.services.interpret_report.pdf.to_pdf`."""
    # Imported here: whoever writes Markdown need not wait for reportlab.
    from alignlab.services.interpret_report import pdf

    return pdf.to_pdf(interpretation, subject)


def write_report(interpretation: Interpretation, subject: Subject, path: Path) -> None:
    """Write an interpretation in the form that the path's suffix (one of `SUFFIXES`) names.

    Raises
    ------
    AlignlabError
        If the suffix is another one, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise AlignlabError(
            f"{path}: a report is not written as {path.suffix or 'a file without suffix'!r}.",
            remedy=f"End the name with {' or '.join(SUFFIXES)}.",
        )
    is_pdf = path.suffix.lower() == ".pdf"
    content = to_pdf(interpretation, subject) if is_pdf else to_markdown(interpretation).encode()
    try:
        path.write_bytes(content)
    except OSError as problem:
        raise AlignlabError(
            f"{path} cannot be written ({problem.strerror}).", remedy="Check the folder and the room on the disk."
        ) from problem
