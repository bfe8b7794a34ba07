"""Sources and papers by words: the words in the papers, and through the shared space the spectra that fit them.

A query is a few words, and the text head has learned summaries of many sentences; applied to the bare query it gives a
place where no text lies (of 14 queries against the demo's classes, 0.14 of the 20 nearest spectra were right; read
through summaries 0.5, `benchmarks/search_words.py`). So the query is read through the survey's own texts: the sources
whose summaries lie nearest to its vector, and whose papers hold its words, give the place in the shared space to which
their texts were carried by the head, and the query's own place has a part in it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.literature.word_index import WordIndex
from alignlab.progress import OnStep, part_of, report
from alignlab.services.search_hits import FoundSource, PaperHit, WordHit, WordsReading, found
from alignlab.services.workspace import Workspace
from alignlab.store.papers import Papers, read_papers

#: Damps the first places of a ranking (Cormack, Clarke & Büttcher 2009).
_RANK_OFFSET = 60
#: Share of the sources whose texts stand for the query, and the fewest and most of them.
_SHARE_READ, _FEWEST_READ, _MOST_READ = 0.01, 10, 100
#: Weight of the query's own place beside the mean of theirs.
_OWN_WEIGHT = 0.2
_N_SOURCES_OF_PAPER = 3
_KEPT = 4

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchIndex:
    """What a search for words needs, built once per survey and run.

    Attributes
    ----------
    papers : Papers
    words : WordIndex
        Of titles and abstracts.
    """

    papers: Papers
    words: WordIndex

    def best_papers(self, scores: Vector, n_sources: int) -> tuple[Vector, NDArray[np.int64]]:
        """Score of each source's best paper and its row, shape (n_sources,); 0 and -1 where it has none that fits."""
        best, row = np.zeros(n_sources, np.float32), np.full(n_sources, -1)
        pair_scores = scores[self.papers.row]
        order = np.argsort(pair_scores, kind="stable")
        order = order[pair_scores[order] > 0]
        # In growing order, so that the best is what stays.
        best[self.papers.source_index[order]] = pair_scores[order]
        row[self.papers.source_index[order]] = self.papers.row[order]
        return best, row


_indices: OrderedDict[str, SearchIndex] = OrderedDict()
_lock = threading.Lock()


def search_index(workspace: Workspace, *, on_step: OnStep | None = None) -> SearchIndex:
    """The index of the workspace's survey, built on first use; a second caller waits for the first."""
    digest = workspace.survey.digest
    with _lock:
        if digest not in _indices:
            report(on_step, 0, 100, "reading papers")
            papers = read_papers(workspace.survey)
            texts = (papers.table["title"] + ". " + papers.table["abstract"]).tolist()
            words = WordIndex.build(texts, on_step=part_of(on_step, 0.1, 1.0))
            _indices[digest] = SearchIndex(papers=papers, words=words)
            if len(_indices) > _KEPT:
                _indices.popitem(last=False)
        _indices.move_to_end(digest)
        return _indices[digest]


def has_search_index(workspace: Workspace) -> bool:
    """Whether the index is ready."""
    return workspace.survey.digest in _indices


def find_by_words(workspace: Workspace, query: str, *, limit: int = 100, n_papers: int = 30) -> WordsReading:
    """Find papers and sources by words.

    Sources are ranked by the sum of two reciprocal ranks: that of the best paper by its words (TF-IDF, titles and
    abstracts) and that of the spectrum by its cosine with the query's place in the shared space. A source without a
    paper that holds a word of the query has the second alone.

    Parameters
    ----------
    workspace : Workspace
        Its own sources; of surveys laid over them the spectra take part.
    query : str
    limit : int
        Most sources.
    n_papers : int
        Most papers.
    """
    survey, index = workspace.survey, search_index(workspace)
    understood = index.words.understand(query)
    if not understood.known:
        return WordsReading(known=(), common=understood.common, unknown=understood.unknown)
    meaningful = " ".join(understood.known)
    scores = index.words.scores(query) * (index.words.scores(meaningful) > 0)
    best, best_row = index.best_papers(scores, survey.n_sources)
    words_of_papers = _Matches(index, understood.known)
    notes: list[str] = []
    place = _place_of(workspace, query, best, notes)
    ranks = [_ranks(best, best > 0)]
    spectrum = text = None
    if place is not None:
        spectrum = workspace.run.latents("spectrum_aligned") @ place
        text = workspace.run.latents("text_aligned") @ place
        ranks.append(_ranks(spectrum))
    score = np.sum([1 / (_RANK_OFFSET + rank) for rank in ranks], axis=0)

    def hit(i: int) -> WordHit:
        row = int(best_row[i])
        said = row >= 0
        return WordHit(
            source=found(None, survey, i),
            score=float(score[i]),
            words=words_of_papers.of(row) if said else (),
            paper_title=str(index.papers.table["title"].iloc[row]) if said else "",
            paper_identifier=str(index.papers.table["identifier"].iloc[row]) if said else "",
            spectrum_similarity=float("nan") if spectrum is None else float(spectrum[i]),
            text_similarity=float("nan") if text is None or not survey.n_papers[i] else float(text[i]),
            spectrum_rank=0 if spectrum is None else int(ranks[1][i]),
        )

    order = np.argsort(-score, kind="stable")[:limit]
    hits = [hit(i) for i in order if score[i] > 0]
    silent: list[WordHit] = []
    if place is not None and spectrum is not None:
        unsaid = np.flatnonzero(best == 0)
        silent = [hit(i) for i in unsaid[np.argsort(-spectrum[unsaid], kind="stable")[:limit]]]
        laid_over = _overlay_hits(workspace, place, spectrum)
        silent = sorted([*silent, *laid_over], key=lambda h: -h.spectrum_similarity)[:limit]
        hits = sorted([*hits, *laid_over], key=lambda h: -h.score)[:limit]
    return WordsReading(
        known=understood.known,
        common=understood.common,
        unknown=understood.unknown,
        hits=tuple(hits),
        silent=tuple(silent),
        papers=_paper_hits(workspace, index, scores, words_of_papers, n_papers),
        n_papers=int((scores > 0).sum()),
        n_sources_said=int((best > 0).sum()),
        notes=tuple(notes),
    )


class _Matches:
    """Which words of the query each paper holds."""

    def __init__(self, index: SearchIndex, words: tuple[str, ...]) -> None:
        self._words, self._holds = words, index.words.holds(words)

    def of(self, row: int) -> tuple[str, ...]:
        return tuple(word for word, there in zip(self._words, self._holds[row], strict=True) if there)


def _place_of(workspace: Workspace, query: str, best: Vector, notes: list[str]) -> Vector | None:
    """The unit vector in the shared space that stands for the query; None where the survey has no text vectors."""
    # Imported here: torch takes seconds, which a search by name need not wait for.
    from alignlab.models.ensemble import apply_aligned
    from alignlab.services.runs import run_weights
    from alignlab.services.text_embedder import survey_embedder

    survey = workspace.survey
    try:
        own = survey_embedder(survey, config=workspace.config).transform([query])
    except MissingArtefactError:
        notes.append("The survey has no text vectors, so the words were searched for in papers alone.")
        return None
    except AlignlabError as problem:
        notes.append(f"The words were searched for in papers alone; the survey's embedder cannot be used. {problem}")
        return None
    if not own.any():
        notes.append("The survey's text embedder knows none of these words, so they were searched for in papers alone.")
        return None
    _, heads = run_weights(workspace.run)
    n_aspects = survey.text_mask.shape[1]
    _, placed = apply_aligned(heads, text=np.tile(own, (1, n_aspects)), mask=np.ones((1, n_aspects), bool))
    assert placed is not None  # a text was given, so there is an answer for it
    likeness = (survey.text.reshape(survey.n_sources, n_aspects, -1) @ own[0]).sum(axis=1)
    likeness /= np.sqrt(survey.text_mask.sum(axis=1) + 1)
    fits = 1 / (_RANK_OFFSET + _ranks(best, best > 0)) + 1 / (_RANK_OFFSET + _ranks(likeness))
    discussed = np.flatnonzero(survey.text_mask.any(axis=1))
    n_read = int(np.clip(_SHARE_READ * survey.n_sources, _FEWEST_READ, _MOST_READ))
    read = discussed[np.argsort(-fits[discussed], kind="stable")[:n_read]]
    place = workspace.run.latents("text_aligned")[read].mean(axis=0) + _OWN_WEIGHT * placed[0]
    return np.asarray(place / np.linalg.norm(place), np.float32)


def _ranks(values: NDArray, counted: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Place of each value, the largest first, from 1; infinite for those not `counted`."""
    ranks = np.empty(len(values))
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks if counted is None else np.where(counted, ranks, np.inf)


def _overlay_hits(workspace: Workspace, place: Vector, own: Vector) -> list[WordHit]:
    """Sources laid over the survey, ranked among its own by their spectra; of them no papers are known."""
    hits = []
    ordered = np.sort(own)
    for applied in workspace.overlays:
        similarity = applied.overlay.latents("spectrum_aligned") @ place
        ranks = len(ordered) - np.searchsorted(ordered, similarity, side="right") + 1
        for i, rank in enumerate(ranks):
            hits.append(
                WordHit(
                    source=found(applied.survey.name, applied.survey, i),
                    score=float(1 / (_RANK_OFFSET + rank)),
                    spectrum_similarity=float(similarity[i]),
                    spectrum_rank=int(rank),
                )
            )
    return hits


def _paper_hits(
    workspace: Workspace, index: SearchIndex, scores: Vector, matches: _Matches, limit: int
) -> tuple[PaperHit, ...]:
    hits = []
    for row in np.argsort(-scores, kind="stable")[:limit]:
        if scores[row] <= 0:
            break
        paper, about = index.papers.table.iloc[row], index.papers.about(row)
        sources: list[FoundSource] = [found(None, workspace.survey, i) for i in about[:_N_SOURCES_OF_PAPER]]
        hits.append(
            PaperHit(
                row=int(row), title=str(paper["title"]), identifier=str(paper["identifier"]), year=int(paper["year"]),
                abstract=str(paper["abstract"]), words=matches.of(row), score=float(scores[row]),
                sources=tuple(sources), n_sources=len(about),
            )
        )  # fmt: skip
    return tuple(hits)
