"""The papers about a source, as a summariser reads them: the newest first, whole, until there is no more room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignlab.literature.prices import estimated_tokens
from alignlab.literature.sentences import cut_at_sentence

#: Of a paper without an abstract, so many characters of its full text are read in its place.
_FULL_TEXT_CHARACTERS = 4_000


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What is read of a paper.

    Attributes
    ----------
    bibcode, title, text : str
        `text` is the abstract, or the beginning of the full text where there is none.
    year : int
        0 where it is not known.
    """

    bibcode: str
    title: str
    text: str
    year: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is read about a source.

    Attributes
    ----------
    papers : tuple of Paper
        The newest first.
    n_papers : int
        How many there are to read.
    is_cut : bool
        Whether the last paper read is not whole.
    """

    papers: tuple[Paper, ...]
    n_papers: int
    is_cut: bool = False

    @property
    def is_shortened(self) -> bool:
        """Whether something is left out."""
        return self.is_cut or len(self.papers) < self.n_papers


def papers_of(rows: Mapping[str, Mapping[str, Any]]) -> list[Paper]:
    """Rows of the place ``papers``, by bibcode, as papers to read: the newest first, those without a text left out."""
    papers = [
        Paper(
            bibcode=bibcode,
            title=str(row.get("title") or "").strip(),
            text=str(row.get("abstract") or row.get("full_text") or "").strip()[: _most_characters(row)],
            year=int(row.get("year") or 0),
        )
        for bibcode, row in rows.items()
    ]
    return sorted((paper for paper in papers if paper.text), key=lambda paper: (-paper.year, paper.bibcode))


def shortened(papers: Sequence[Paper], *, max_tokens: int) -> Reading:
    """As many papers as there is room for; of a first one that is too long by itself, its beginning.

    Parameters
    ----------
    papers : sequence of Paper
        The newest first.
    max_tokens : int
        Estimated, as `estimated_tokens` counts.
    """
    chosen: list[Paper] = []
    left = max_tokens
    for paper in papers:
        tokens = tokens_of([paper])
        if tokens > left:
            break
        left -= tokens
        chosen.append(paper)
    if papers and not chosen:
        first = papers[0]
        text = cut_at_sentence(first.text, 4 * max(max_tokens - tokens_of([first]) + estimated_tokens(first.text), 0))
        part = Paper(bibcode=first.bibcode, title=first.title, text=text, year=first.year)
        return Reading(papers=(part,), n_papers=len(papers), is_cut=True)
    return Reading(papers=tuple(chosen), n_papers=len(papers))


def tokens_of(papers: Iterable[Paper]) -> int:
    """Tokens of papers as they are written into a question, estimated."""
    return sum(estimated_tokens(f"{paper.title}{paper.text}") + 16 for paper in papers)


def _most_characters(row: Mapping[str, Any]) -> int | None:
    return None if row.get("abstract") else _FULL_TEXT_CHARACTERS
