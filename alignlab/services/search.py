"""One box: a name, a position or words. What a query can mean is all looked up; the likeliest reading comes first."""

from __future__ import annotations

from dataclasses import dataclass

from alignlab.errors import AlignlabError
from alignlab.services.name_search import find_by_name
from alignlab.services.position_search import find_by_position, read_position
from alignlab.services.search_hits import FoundSource, NameReading, PositionReading, WordsReading
from alignlab.services.word_search import find_by_words, search_index
from alignlab.services.workspace import Workspace

#: Longest query that is read.
MAX_QUERY_LENGTH = 400
DEFAULT_RADIUS_ARCMIN = 5.0
#: What a newcomer may try; the last is a place that depends on the survey (`example_queries`).
_EXAMPLE_WORDS = "soft thermal source with strong iron line, young star"


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a query found.

    Attributes
    ----------
    query : str
    name : NameReading or None
        The query as a name; None where no name agrees.
    position : PositionReading or None
        The query as a place on the sky; None where it is none.
    words : WordsReading or None
        The query as words; None where it holds none.
    order : tuple of str
        Which of ``name``, ``position`` and ``words`` there are, the likeliest first.
    notes : tuple of str
        Why something that looks like a reading is none.
    """

    query: str
    name: NameReading | None
    position: PositionReading | None
    words: WordsReading | None
    order: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found in any reading."""
        by_words = self.words is not None and bool(self.words.hits or self.words.papers)
        near = self.position is not None and bool(self.position.hits)
        return not (self.name or near or by_words)

    def sources(self) -> tuple[FoundSource, ...]:
        """All sources found, each once, in the order of the readings."""
        listed: list[FoundSource] = []
        for reading in self.order:
            hits = getattr(self, reading).hits
            listed += [hit.source for hit in hits]
        return tuple({(source.overlay, source.index): source for source in listed}.values())


def search(workspace: Workspace, query: str, *, radius_arcmin: float = DEFAULT_RADIUS_ARCMIN) -> SearchResult:
    """Look a query up as a name, as a position and as words.

    Parameters
    ----------
    workspace : Workspace
        Its own sources and those of the surveys laid over it.
    query : str
        At most `MAX_QUERY_LENGTH` characters.
    radius_arcmin : float
        Of the cone around a position.

    Raises
    ------
    AlignlabError
        If the query is empty or too long.
    """
    query = " ".join(query.split())
    if not query:
        raise AlignlabError("There is nothing to search for.", remedy="Type a name, coordinates or words.")
    if len(query) > MAX_QUERY_LENGTH:
        raise AlignlabError(
            f"The query has {len(query):,} characters.", remedy=f"Search for at most {MAX_QUERY_LENGTH}."
        )
    notes: list[str] = []
    name = find_by_name(workspace, query)
    position = None
    try:
        place = read_position(query)
        position = None if place is None else find_by_position(workspace, place, radius_arcmin=radius_arcmin)
    except AlignlabError as error:
        notes.append(str(error))
    if name.is_exact:
        notes.clear()  # digits of a name look like a position out of range
    words = _as_words(workspace, query, named=bool(name.hits), certain=name.is_exact or position is not None)
    readings = {
        "name": name if name.hits else None,
        "position": position,
        "words": words,
    }
    likely = ["name", "position", "words"] if name.is_exact else ["position", "name", "words"]
    return SearchResult(
        query=query,
        name=readings["name"],  # type: ignore[arg-type]
        position=position,
        words=words,
        order=tuple(reading for reading in likely if readings[reading] is not None),
        notes=tuple(notes),
    )


def example_queries(workspace: Workspace) -> tuple[str, ...]:
    """Three queries that find something in this survey: words, a name, a position."""
    examples = [_EXAMPLE_WORDS]
    survey = workspace.overlays[0].survey if workspace.overlays else workspace.survey
    facts = survey.sources.iloc[0]
    examples.append(str(facts["name"]))
    placed = workspace.survey.sources[["ra", "dec"]].dropna()
    if len(placed):
        ra, dec = placed.iloc[len(placed) // 2]
        examples.append(f"{ra:.3f} {dec:+.3f}")
    return tuple(examples)


def _as_words(workspace: Workspace, query: str, *, named: bool, certain: bool) -> WordsReading | None:
    """The query as words; None where it holds no word, or where it is a name or position and no sentence as well."""
    if not any(letter.isalpha() for letter in query):
        return None
    understood = search_index(workspace).words.understand(query)
    if certain and (understood.unknown or not any(word.isalpha() for word in understood.known)):
        return None
    if not understood.known and (named or not (understood.common or understood.unknown)):
        return None
    return find_by_words(workspace, query)
