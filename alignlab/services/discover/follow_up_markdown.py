"""The follow-up list as a page of Markdown, to be read or pasted into a proposal."""

from __future__ import annotations

from collections.abc import Sequence

import alignlab
from alignlab.services.discover.brightness import brightness_in_words
from alignlab.services.discover.follow_up import FollowUp
from alignlab.services.discover.observing import ObservingEssentials, visibility_in_words
from alignlab.services.number_words import MISSING, plural
from alignlab.services.workspace import Workspace


def follow_up_markdown(
    workspace: Workspace, entries: Sequence[FollowUp], essentials: Sequence[ObservingEssentials], *, url: str = ""
) -> str:
    """A table of all sources, then each with its reason, labels, notes and links.

    Parameters
    ----------
    workspace : Workspace
    entries, essentials
        Of equal length.
    url : str
        Address of the page that it was taken from.
    """
    sites = [visibility.place for visibility in essentials[0].ground]
    head = ["Source", "Class", "ICRS", "Brightness", "Chandra", *sites]
    what = sorted({x.brightness.what for x in essentials})
    lines = [
        f"# Follow-up list of {workspace.title}",
        "",
        f"{plural(len(entries), 'source')}. {workspace.provenance}",
        *([f"<{url}>"] if url else []),
        "",
        _row(head),
        _row(["---"] * len(head)),
        *(_row(_cells(workspace, entry, known)) for entry, known in zip(entries, essentials, strict=True)),
        "",
        f"Brightness: {'; '.join(what)}; ± is one standard deviation. {visibility_in_words()}",
    ]
    if workspace.is_simulated:
        lines.append(f"The survey is {workspace.survey.origin}.")
    for entry, known in zip(entries, essentials, strict=True):
        lines += ["", f"## {_plain(entry.name)}", "", *_said(entry, known)]
    lines += ["", f"Made with alignlab {alignlab.__version__}.", ""]
    return "\n".join(lines)


def _cells(workspace: Workspace, entry: FollowUp, known: ObservingEssentials) -> list[str]:
    classes = workspace.survey.sources["source_class"]
    source_class = str(classes.iloc[entry.index] or "") if entry.index is not None else ""
    return [
        entry.name,
        source_class or MISSING,
        known.coordinates or MISSING,
        brightness_in_words(known.brightness),
        known.chandra.words if known.chandra else MISSING,
        *(visibility.words for visibility in known.ground),
    ]


def _said(entry: FollowUp, known: ObservingEssentials) -> list[str]:
    reason = f": {_plain(entry.reason)}" if entry.reason else ""
    lines = [f"- Added by {_plain(entry.person)} on {entry.added_utc[:10]}{reason}"]
    if entry.labels:
        lines.append("- Labels: " + ", ".join(f"{_plain(who)} {value}" for who, value in entry.labels.items()))
    lines += [f"- {_plain(note.person)}, {note.created_utc[:10]}: {_plain(note.text)}" for note in entry.notes]
    if known.links:
        lines.append("- " + " · ".join(f"[{link.label}]({link.url})" for link in known.links))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    """On one line, and nothing in it that Markdown would take for its own."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
    return " ".join(escaped.split())
