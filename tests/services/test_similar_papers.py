from __future__ import annotations

import numpy as np
import pytest

from alignlab.services.similar_papers import MOST_PER_SOURCE, paper_places, ranked_papers
from alignlab.services.subject import subject_of


@pytest.fixture(scope="module")
def places(workspace):
    return paper_places(workspace)


def test_a_paper_lies_at_the_mean_of_its_sources(workspace, places):
    text = workspace.run.latents("text_aligned").astype(float)
    for row in np.unique(places.pair_paper)[::97]:
        mean = text[places.pair_source[places.pair_paper == row]].mean(axis=0)
        np.testing.assert_allclose(places.place[row], mean / np.linalg.norm(mean), atol=1e-5)


def test_own_papers_are_all_there_and_ranked_among_all(workspace, places):
    row = 42
    found = ranked_papers(subject_of(workspace, row), places)
    assert {p.paper_id for p in found.own} == set(workspace.survey.papers_of(row)["paper_id"])
    assert found.n_papers == len(places.table)
    similarity = places.place @ workspace.run.latents("spectrum_aligned")[row]
    for paper in found.own:
        at = int(np.flatnonzero(places.table["paper_id"] == paper.paper_id)[0])
        assert paper.similarity == pytest.approx(similarity[at], abs=1e-5)
        assert (similarity > similarity[at] + 1e-6).sum() < paper.rank <= (similarity >= similarity[at] - 1e-6).sum()


def test_similar_papers_are_of_others_nearest_first_and_of_several_sources(workspace, places):
    row = 42
    found = ranked_papers(subject_of(workspace, row), places, n=12)
    assert len(found.similar) == 12
    assert not {p.paper_id for p in found.similar} & {p.paper_id for p in found.own}
    ranks = [p.rank for p in found.similar]
    assert ranks == sorted(ranks)
    about = [p.about for p in found.similar]
    assert max(about.count(source) for source in about) <= MOST_PER_SOURCE
    for paper in found.similar:
        at = int(np.flatnonzero(places.table["paper_id"] == paper.paper_id)[0])
        discussed = places.pair_source[places.pair_paper == at]
        assert paper.about in discussed
        assert paper.n_sources == len(discussed)
        text = workspace.run.latents("text_aligned")[discussed] @ workspace.run.latents("spectrum_aligned")[row]
        assert discussed[np.argmax(text)] == paper.about
