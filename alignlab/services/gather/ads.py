"""Papers about the matched sources: which ones, what ADS tells of them, and full texts where a person has them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from operator import methodcaller
from typing import Any

from alignlab.config import Config
from alignlab.errors import AlignlabError, first_few
from alignlab.ingest.ads import TOKEN_VARIABLE, AdsClient, Paper, token_of_environment
from alignlab.ingest.archive import ArchiveError
from alignlab.progress import OnStep, report
from alignlab.services.gather.paper_choice import AdsSettings, PaperChoice
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.services.gather.waiting import answered
from alignlab.store.collection import Collection

#: A record with its abstract, roughly.
_BYTES_PER_PAPER = 3_000
_BLOCK = 200


def plan_ads(collection: Collection, settings: AdsSettings, *, config: Config) -> StagePlan:
    """Count what `gather_ads` would ask for; nothing is asked."""
    papers = PaperChoice(collection, settings, config)
    objects, wanted = papers.objects_to_ask(), papers.first_wanted()
    to_ask = papers.unknown(wanted)
    notes = [
        f"ADS lets a token make about 5,000 searches and 100 lists of papers a day; a list names "
        f"{settings.papers_per_request:,} papers.",
        *papers.left_out(),
    ]
    if n_unmatched := len(
        {name for name, _ in collection.rows("sources")} - {n for n, _ in collection.rows("matches")}
    ):
        notes.append(f"Papers about {n_unmatched:,} sources that are still to be matched are not counted.")
    if not os.environ.get(TOKEN_VARIABLE) and (objects or to_ask):
        notes.append(f"{TOKEN_VARIABLE} is not set: without a token ADS does not answer.")
    if objects:
        notes.append(f"Papers of {len(objects):,} objects are not counted: ADS has yet to name them.")
    return StagePlan(
        what="papers",
        n_wanted=len(wanted),
        n_there=len(wanted) - len(to_ask),
        n_requests=len(objects) + math.ceil(len(to_ask) / settings.papers_per_request),
        n_bytes=len(to_ask) * _BYTES_PER_PAPER,
        notes=tuple(notes),
    )


def gather_ads(
    collection: Collection, settings: AdsSettings, *, config: Config, on_step: OnStep | None = None
) -> StageOutcome:
    """Fill the places ``papers`` and ``sourced`` for all sources with a match.

    Each answer of ADS is kept for all collections as soon as it comes, by bibcode; when the last has come, the
    collection's places are written.

    Raises
    ------
    ArchiveError
        If ADS does not answer; AdsLimitError, if it does not until another day.
    AlignlabError
        If there is something to ask and no token, or nothing has been matched.
    StoppedError
    """
    papers = PaperChoice(collection, settings, config)
    if not papers.sources:
        raise AlignlabError(
            f"No source of collection {collection.name!r} has a match, so no papers are known.",
            remedy="Match its sources with SIMBAD first.",
        )
    asking = _Asking(papers, on_step)
    asking.objects()
    asking.papers()
    return _write(collection, papers, asking)


class _Asking:
    """Ask ADS for what is not known, one request at a time, and keep each answer at once."""

    def __init__(self, papers: PaperChoice, on_step: OnStep | None) -> None:
        self._papers, self._settings, self._on_step = papers, papers.settings, on_step
        self._client: AdsClient | None = None
        self.n_requests, self.n_new = 0, 0
        self.problems: list[str] = []

    def objects(self) -> None:
        """Ask which papers are about the objects."""
        papers, names = self._papers, self._papers.objects_to_ask()
        for i, name in enumerate(names):
            try:
                found = self._answer(methodcaller("about", name), i, len(names), f"papers about {name}")
            except ArchiveError as error:
                if error.status not in (400, 404):
                    raise
                self.problems.append(f"ADS does not know {name!r} by that name ({error.problem}).")
                continue
            papers.cache.keep_about(name, found)
        if names:
            papers.told_by_ads()

    def papers(self) -> None:
        """Ask for papers until all that are taken are known."""
        size = self._settings.papers_per_request
        while wanted := self._papers.recall():
            for start in range(0, len(wanted), size):
                self._ask(wanted[start : start + size], start, len(wanted))

    def _ask(self, bibcodes: list[str], done: int, total: int) -> None:
        with_full_text = self._settings.ask_full_text
        ask = methodcaller("papers", bibcodes, with_full_text=with_full_text)
        found = self._answer(ask, done, total, "papers from ADS")
        by_bibcode = {b: paper for paper in found for b in (*paper.other_bibcodes, paper.bibcode)}
        told = {b: _as_row(by_bibcode[b]) if b in by_bibcode else None for b in bibcodes}
        self._papers.cache.keep_papers(told, with_full_text=with_full_text)
        for bibcode, row in told.items():
            self._papers.learn(bibcode, row)
        self.n_new += sum(row is not None for row in told.values())

    def _answer(self, ask: Callable[[AdsClient], Any], done: int, total: int, info: str) -> Any:
        if self._client is None:
            self._client = AdsClient(token_of_environment(), address=self._settings.address)
        client = self._client
        self.n_requests += 1
        return answered(lambda: ask(client), lambda: report(self._on_step, done, total, info), stop=client.stop)


def _as_row(paper: Paper) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(paper).items()}


def _write(collection: Collection, papers: PaperChoice, asking: _Asking) -> StageOutcome:
    """Write what is chosen into the collection, some papers at a time: full texts may be large."""
    chosen = {name: papers.chosen(source) for name, source in papers.sources.items()}
    wanted = list(dict.fromkeys(b for bibcodes in chosen.values() for b in bibcodes))
    bibcode_of = {b: known.bibcode for b in wanted if (known := papers.known[b]) is not None}
    n_full_texts = 0
    for start in range(0, len(wanted), _BLOCK):
        rows = {}
        with_full_text = papers.settings.ask_full_text
        for asked, told in papers.cache.papers(wanted[start : start + _BLOCK], with_full_text=with_full_text):
            if told is not None:
                rows[told["bibcode"]] = _paper_row(papers, asked, told)
        n_full_texts += sum(bool(row["full_text"]) for row in rows.values())
        collection.put("papers", rows)
    # A source that was matched otherwise before has no papers now.
    sourced: dict[str, dict[str, list[str]]] = {name: {"bibcodes": []} for name, _ in collection.rows("sourced")}
    sourced |= {name: {"bibcodes": [bibcode_of[b] for b in bibcodes]} for name, bibcodes in chosen.items()}
    collection.put("sourced", sourced, stage="ads", done=sourced)
    absent = sorted(b for b, known in papers.known.items() if known is None)
    return StageOutcome(
        what="papers",
        n_there=len(set(bibcode_of.values())),
        n_new=asking.n_new,
        problems=(*asking.problems, *_absent(absent), *papers.left_out()),
        facts={
            "sources": len(chosen),
            "sources without papers": sum(not bibcodes for bibcodes in chosen.values()),
            "full texts": n_full_texts,
            "requests": asking.n_requests,
            "not in ADS": len(absent),
            "without abstract": sum(known is not None and not known.is_useful for known in papers.known.values()),
            "catalogues": len(papers.catalogues),
            "ambiguous matches": papers.n_ambiguous,
        },
    )


def _paper_row(papers: PaperChoice, asked: str, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": told["title"],
        "year": told["year"],
        "abstract": told["abstract"],
        "full_text": papers.texts.read(asked, told),
        "doi": told["doi"],
        "authors": told["authors"],
        "n_citations": told["n_citations"],
        "n_objects": papers.n_objects.get(asked),
        "is_catalogue": asked in papers.catalogues,
    }


def _absent(bibcodes: list[str]) -> Iterator[str]:
    if bibcodes:
        yield f"ADS has no record of {first_few(bibcodes)}."
