"""Papers most aligned with a spectrum, and the sentences that carry the match."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.errors import AlignlabError
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.sentences import sentences_of
from alignlab.services.interpret.ground import ground_of
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.interpret.papers import LEAST_SIMILARITY, N_SENTENCES, find_papers


@pytest.fixture(scope="module")
def ground(workspace):
    return ground_of(workspace)


def test_papers_are_the_nearest_in_the_shared_space(ground, like_demo):
    papers, problem = find_papers(like_demo[0], ground.papers, ground.sentences, 4, Ledger())
    assert problem == ""
    similarity = ground.papers.place @ like_demo[0].latents("spectrum_aligned")
    assert papers[0].similarity == pytest.approx(similarity.max(), abs=1e-5)
    assert [p.rank for p in papers] == sorted(p.rank for p in papers)
    for paper in papers:
        assert paper.similarity == pytest.approx(np.sort(similarity)[-paper.rank], abs=1e-5)
        assert paper.title in paper.statement
        assert paper.source_names[0] in paper.statement


def test_quoted_sentences_stand_in_the_abstract_and_are_its_most_similar(ground, like_demo):
    subject = like_demo[0]
    papers, _ = find_papers(subject, ground.papers, ground.sentences, 6, Ledger())
    table = ground.papers.table.set_index("paper_id")
    assert any(paper.sentences for paper in papers)
    for paper in papers:
        abstract = str(table.loc[paper.paper_id, "abstract"])
        scores = {}
        for placed in ground.sentences.place(sentences_of(abstract)):
            if not placed.text.startswith("["):
                scores[placed.text] = float(placed.place @ subject.latents("spectrum_aligned"))
        best = sorted((s for s in scores.values() if s >= LEAST_SIMILARITY), reverse=True)[:N_SENTENCES]
        assert [s.similarity for s in paper.sentences] == pytest.approx(best, abs=1e-5)
        for sentence in paper.sentences:
            assert sentence.text in abstract
            assert sentence.aspect in ASPECTS
            assert sentence.text in paper.statement


def test_a_sentence_lies_among_the_sources_of_which_it_is_written(ground, workspace):
    """The summary of a training source, read as a sentence, lies nearer to its text than to most others'."""
    survey = workspace.survey
    rows = np.flatnonzero((survey.split == "train") & survey.text_mask[:, 0])[:40]
    places = {p.text: p.place for p in ground.sentences.place([survey.summaries_of(int(i))["nature"] for i in rows])}
    aligned = workspace.run.latents("text_aligned")[rows]
    ranks = []
    for number, i in enumerate(rows):
        likeness = aligned @ places[survey.summaries_of(int(i))["nature"]]
        ranks.append((likeness > likeness[number]).mean())
    assert np.mean(ranks) < 0.4


def test_words_that_nobody_knows_have_no_place(ground):
    assert ground.sentences.place(["Zzyzx qwxq vbnm."]) == []
    assert ground.sentences.place([]) == []


def test_a_service_that_cannot_embed_costs_the_quotations_alone(ground, like_demo):
    class Silent:
        def transform(self, texts):
            raise AlignlabError("The embedder is not reached.", remedy="Check the network.")

    mute = replace(ground.sentences, embedder=Silent())
    papers, problem = find_papers(like_demo[0], ground.papers, mute, 3, Ledger())
    assert len(papers) == 3
    assert not any(paper.sentences for paper in papers)
    assert "not reached" in problem


def test_a_survey_without_papers_has_none(ground, like_demo):
    nothing = replace(ground.papers, table=ground.papers.table.iloc[:0])
    assert find_papers(like_demo[0], nothing, None, 3, Ledger()) == ((), "")
