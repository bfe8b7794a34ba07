"""The papers most aligned with a spectrum, with the sentences that carry the match."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from alignlab.errors import AlignlabError
from alignlab.literature.sentences import sentences_of
from alignlab.services.interpret.contract import PaperEvidence, QuotedSentence
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.interpret.sentence_places import SentencePlaces
from alignlab.services.similar_papers import PaperPlaces, RankedPaper, ranked_papers
from alignlab.services.subject import Subject

#: Sentences quoted of one paper, and sources named.
N_SENTENCES, N_SOURCES = 2, 3
#: A sentence less similar than this carries no match.
LEAST_SIMILARITY = 0.1
#: Sentences of one abstract that are looked at, and the shortest, in characters.
_MOST_SENTENCES, _SHORTEST = 60, 25
#: What a simulated abstract says of itself carries no match.
_REMARK = "["


def find_papers(
    subject: Subject, places: PaperPlaces, sentences: SentencePlaces | None, n: int, ledger: Ledger
) -> tuple[tuple[PaperEvidence, ...], str]:
    """The `n` papers nearest to a spectrum in the shared space; its own, where it has any, are left out.

    Returns
    -------
    papers : tuple of PaperEvidence
        The nearest first.
    problem : str
        Why no sentences are quoted; empty where that is no problem.
    """
    if not len(places.table):
        return (), ""
    ranked = ranked_papers(subject, places, n=n)
    problem = ""
    quotes: Sequence[tuple[QuotedSentence, ...]] = [() for _ in ranked.similar]
    try:
        quotes = _quotes(subject, ranked.similar, sentences)
    except AlignlabError as error:
        problem = f"No sentences are quoted: {error}"
    is_simulated = subject.workspace.is_simulated
    found = []
    for paper, quoted in zip(ranked.similar, quotes, strict=True):
        names = _source_names(subject, places, paper)
        statement = _words(paper, names, quoted, ranked.n_papers, is_simulated=is_simulated)
        found.append(
            PaperEvidence(
                id=ledger.add("papers", statement),
                statement=statement,
                paper_id=paper.paper_id,
                title=paper.title,
                identifier=paper.identifier,
                year=paper.year,
                similarity=paper.similarity,
                rank=paper.rank,
                n_papers=ranked.n_papers,
                source_names=names,
                sentences=quoted,
                is_simulated=is_simulated,
            )
        )
    return tuple(found), problem


def _quotes(
    subject: Subject, papers: Sequence[RankedPaper], places: SentencePlaces | None
) -> list[tuple[QuotedSentence, ...]]:
    """For each paper the sentences most aligned with the spectrum, the nearest first."""
    if places is None:
        return [() for _ in papers]
    query = subject.latents("spectrum_aligned")
    query = query / max(float(np.linalg.norm(query)), 1e-12)
    texts = [_worth_quoting(paper.abstract) for paper in papers]
    # At once: an embedder may be a service, which is asked for all of them in one request.
    placed = {sentence.text: sentence for sentence in places.place(list(dict.fromkeys(chain(*texts))))}
    quotes = []
    for own in texts:
        scored = [(float(placed[text].place @ query), placed[text]) for text in own if text in placed]
        matching = sorted((pair for pair in scored if pair[0] >= LEAST_SIMILARITY), key=lambda pair: -pair[0])
        quotes.append(
            tuple(
                QuotedSentence(text=sentence.text, aspect=sentence.aspect, similarity=score)
                for score, sentence in matching[:N_SENTENCES]
            )
        )
    return quotes


def _worth_quoting(abstract: str) -> list[str]:
    texts = [text for text in sentences_of(abstract) if len(text) >= _SHORTEST and not text.startswith(_REMARK)]
    return texts[:_MOST_SENTENCES]


def _source_names(subject: Subject, places: PaperPlaces, paper: RankedPaper) -> tuple[str, ...]:
    """What a paper is about, the source most similar to the spectrum first."""
    row = int(np.flatnonzero(places.table["paper_id"].to_numpy() == paper.paper_id)[0])
    about = places.pair_source[places.pair_paper == row]
    aligned = subject.workspace.run.latents("text_aligned")[about] @ subject.latents("spectrum_aligned")
    names = subject.workspace.survey.sources["name"]
    return tuple(str(names.iloc[about[i]]) for i in np.argsort(-aligned, kind="stable")[:N_SOURCES])


def _words(
    paper: RankedPaper,
    names: tuple[str, ...],
    quoted: tuple[QuotedSentence, ...],
    n_papers: int,
    *,
    is_simulated: bool,
) -> str:
    simulated = ", simulated" if is_simulated else ""
    more = f" and {paper.n_sources - 1:,} more" if paper.n_sources > 1 else ""
    told = (
        f"Paper {paper.rank} of {n_papers:,} by the spectrum: “{paper.title}” ({paper.year}, {paper.identifier}"
        f"{simulated}), about {names[0]}{more}, at similarity {paper.similarity:.2f}."
    )
    said = " ".join(f"“{sentence.text}” ({sentence.similarity:.2f})" for sentence in quoted)
    return f"{told} It says: {said}" if said else told
