"""Results of searches as lines for a terminal: cells apart by tabs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from alignlab.services.search import SearchResult
from alignlab.services.search_hits import FoundSource, NameReading, PositionReading, WordHit, WordsReading
from alignlab.services.workspace import Workspace


def search_lines(result: SearchResult, workspace: Workspace, *, most: int) -> Iterator[str]:
    """The readings of a query, each under a line that begins with ``#``."""
    yield from (f"# {note}" for note in result.notes)
    for reading in result.order:
        if reading == "name" and result.name is not None:
            yield from _names(result.name, most)
        elif reading == "position" and result.position is not None:
            yield from _near(result.position, most)
        elif result.words is not None:
            yield from _words(result.words, workspace, most)
    if result.is_empty:
        yield f"# nothing found for {result.query!r}"


def _names(reading: NameReading, most: int) -> Iterator[str]:
    yield f"# name: {reading.n_found}"
    yield from (f"{_source(hit.source)}\t{hit.how}" for hit in reading.hits[:most])


def _near(reading: PositionReading, most: int) -> Iterator[str]:
    place = f"{reading.ra:.5f} {reading.dec:+.5f}, read as {reading.read_as}"
    yield f"# position {place}: {reading.n_found} within {reading.radius_arcmin:g} arcmin"
    yield from (f"{_source(hit.source)}\t{hit.separation_arcsec:.2f} arcsec" for hit in reading.hits[:most])
    if not reading.hits and reading.nearest is not None:
        yield f"# nearest: {_source(reading.nearest.source)}\t{reading.nearest.separation_arcsec / 60:.1f} arcmin"


def _words(reading: WordsReading, workspace: Workspace, most: int) -> Iterator[str]:
    for word, nearest in reading.unknown.items():
        yield f"# no paper holds {word!r}{'; nearest: ' + ', '.join(nearest) if nearest else ''}"
    if reading.common:
        yield f"# in nearly every paper: {', '.join(reading.common)}"
    if not reading.known:
        return
    yield from (f"# {note}" for note in reading.notes)
    yield f"# sources for: {', '.join(reading.known)} ({reading.n_papers:,} papers, {reading.n_sources_said:,} sources)"
    yield from (f"{_source(hit.source)}\t{_why(hit)}" for hit in reading.hits[:most])
    yield f"# papers{' (simulated)' if workspace.is_simulated else ''}"
    for paper in reading.papers[:most]:
        yield f"{paper.year}\t{paper.identifier}\t{paper.title}\t{', '.join(paper.words)}"


def _why(hit: WordHit) -> str:
    said = f"{', '.join(hit.words)} in {hit.paper_identifier}" if hit.is_said else "no paper of it says so"
    near = "" if math.isnan(hit.spectrum_similarity) else f"spectrum {hit.spectrum_similarity:.2f}"
    return f"{near}\t{said}"


def _source(source: FoundSource) -> str:
    origin = f"\t{source.overlay}" if source.overlay else ""
    return f"{source.name}\t{source.source_class or 'unclassified'}\t{_counts(source.counts)}{origin}"


def _counts(counts: float) -> str:
    return f"{counts:.0f} counts" if math.isfinite(counts) else "counts unknown"
