"""What a search finds: sources, each with where it is and why it was found."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from alignlab.services.workspace import Workspace
from alignlab.store.survey import Survey


@dataclass(frozen=True, kw_only=True)
class FoundSource:
    """A source as a list of results names it.

    Attributes
    ----------
    overlay : str or None
        Survey laid over the run's own, where it belongs to one.
    index : int
        Its `source_index` in its own survey.
    name, source_class : str
        The class is empty where it is not known.
    counts : float
        From 0.5 to 8 keV; NaN where unknown.
    simulated : bool
    """

    overlay: str | None
    index: int
    name: str
    source_class: str
    counts: float
    simulated: bool


@dataclass(frozen=True, kw_only=True)
class NameHit:
    """A source found by its name or ObsID; `how` says what agrees: ``exact``, ``begins``, ``part`` or ``obsid``."""

    source: FoundSource
    how: str


@dataclass(frozen=True, kw_only=True)
class NameReading:
    """The query read as a name.

    Attributes
    ----------
    hits : tuple of NameHit
        Best first.
    n_found : int
        How many there are in all.
    """

    hits: tuple[NameHit, ...]
    n_found: int

    @property
    def is_exact(self) -> bool:
        """Whether a source is called exactly so."""
        return bool(self.hits) and self.hits[0].how == "exact"


@dataclass(frozen=True, kw_only=True)
class PositionHit:
    """A source near a position, with its distance in arcsec."""

    source: FoundSource
    separation_arcsec: float


@dataclass(frozen=True, kw_only=True)
class PositionReading:
    """The query read as a position.

    Attributes
    ----------
    ra, dec : float
        Degrees, ICRS.
    read_as : str
        How it was read, in words: ``galactic, degrees``.
    radius_arcmin : float
        Of the cone.
    hits : tuple of PositionHit
        Within the cone, the nearest first.
    n_found : int
        How many there are in all.
    nearest : PositionHit or None
        The nearest source of all; None where no source has a position.
    """

    ra: float
    dec: float
    read_as: str
    radius_arcmin: float
    hits: tuple[PositionHit, ...]
    n_found: int
    nearest: PositionHit | None


@dataclass(frozen=True, kw_only=True)
class PaperHit:
    """A paper that holds words of the query.

    Attributes
    ----------
    row : int
        Row of the survey's table of papers.
    title, identifier, abstract : str
    year : int
    words : tuple of str
        Words of the query in it, folded.
    score : float
        Cosine in TF-IDF, 0 to 1.
    sources : tuple of FoundSource
        Some of those that it is about.
    n_sources : int
        How many it is about.
    """

    row: int
    title: str
    identifier: str
    abstract: str
    year: int
    words: tuple[str, ...]
    score: float
    sources: tuple[FoundSource, ...]
    n_sources: int


@dataclass(frozen=True, kw_only=True)
class WordHit:
    """A source that fits the words.

    Attributes
    ----------
    source : FoundSource
    score : float
        Sum of reciprocal ranks, by which the hits are ordered.
    words : tuple of str
        Words of the query in its papers, folded; empty where no paper of it says so.
    paper_title, paper_identifier : str
        The paper of it that fits best; empty where none does.
    spectrum_similarity, text_similarity : float
        Cosine of the query's place in the shared space with the source's spectrum and text; NaN where there is none.
    spectrum_rank : int
        Place among all sources of the survey by the former, from 1; 0 where there is none.
    """

    source: FoundSource
    score: float
    words: tuple[str, ...] = ()
    paper_title: str = ""
    paper_identifier: str = ""
    spectrum_similarity: float = float("nan")
    text_similarity: float = float("nan")
    spectrum_rank: int = 0

    @property
    def is_said(self) -> bool:
        """Whether any paper of it holds a word of the query."""
        return bool(self.words)


@dataclass(frozen=True, kw_only=True)
class WordsReading:
    """The query read as words.

    Attributes
    ----------
    known, common : tuple of str
        Words that were searched for, and those in so many papers that they tell nothing.
    unknown : dict of str to tuple of str
        Words in no paper, each with the nearest ones that are.
    hits : tuple of WordHit
        Sources, best first.
    silent : tuple of WordHit
        The best among those of which no paper says so, by their spectrum.
    papers : tuple of PaperHit
        Papers, best first.
    n_papers : int
        How many papers hold any of the words.
    n_sources_said : int
        How many sources are in those papers.
    notes : tuple of str
        What could not be done.
    """

    known: tuple[str, ...]
    common: tuple[str, ...]
    unknown: dict[str, tuple[str, ...]]
    hits: tuple[WordHit, ...] = ()
    silent: tuple[WordHit, ...] = ()
    papers: tuple[PaperHit, ...] = ()
    n_papers: int = 0
    n_sources_said: int = 0
    notes: tuple[str, ...] = field(default=())


def surveys_of(workspace: Workspace) -> list[tuple[str | None, Survey]]:
    """The run's own survey (as None) and those laid over it, by name."""
    return [(None, workspace.survey), *((applied.survey.name, applied.survey) for applied in workspace.overlays)]


def found(overlay: str | None, survey: Survey, index: int) -> FoundSource:
    """Describe source `index` of a survey."""
    facts = survey.sources.iloc[index]
    return FoundSource(
        overlay=overlay,
        index=int(index),
        name=str(facts["name"]),
        source_class=str(facts["source_class"] or ""),
        counts=float(facts.get("counts", np.nan)),
        simulated=survey.simulated,
    )
