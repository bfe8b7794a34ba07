from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from alignlab.errors import AlignlabError
from alignlab.literature.word_index import words_of
from alignlab.services.search import MAX_QUERY_LENGTH, example_queries, search
from alignlab.services.search_text import search_lines
from alignlab.services.word_search import find_by_words, search_index


def test_words_find_papers_that_hold_them(workspace):
    reading = find_by_words(workspace, "which young stars")
    assert reading.known == ("young", "star")
    papers = search_index(workspace).papers.table
    for hit in reading.papers:
        text = f"{hit.title} {hit.abstract}".lower()
        assert hit.words
        assert all(word[:4] in text for word in hit.words)
        assert papers["identifier"].iloc[hit.row] == hit.identifier
    assert [hit.score for hit in reading.papers] == sorted((hit.score for hit in reading.papers), reverse=True)


def test_every_source_says_why(workspace):
    reading = find_by_words(workspace, "obscured active nucleus with an iron line")
    survey = workspace.survey
    classes = survey.sources["source_class"]
    assert reading.hits
    for hit in (*reading.hits, *reading.silent):
        papers = survey.papers_of(hit.source.index)
        held = words_of(" ".join(papers["title"] + ". " + papers["abstract"]))
        assert hit.is_said == any(word in held for word in reading.known)
        assert -1 <= hit.spectrum_similarity <= 1
        assert 1 <= hit.spectrum_rank <= survey.n_sources
        assert hit.source.source_class == classes.iloc[hit.source.index]
    assert not any(hit.is_said for hit in reading.silent)
    by_spectrum = [hit.spectrum_similarity for hit in reading.silent]
    assert by_spectrum == sorted(by_spectrum, reverse=True)


def test_spectra_find_the_class_of_which_no_paper_speaks(workspace):
    """Of the sources whose papers hold no word of the query, the first are the right ones far more often than all."""
    classes = workspace.survey.sources["source_class"].to_numpy()
    gained = []
    queries = {
        "soft thermal source with strong iron line, young star": "YSO",
        "heavily absorbed active nucleus with strong iron line": "obscured AGN",
        "Compton-thick obscured AGN": "obscured AGN",
    }
    for query, wanted in queries.items():
        reading = find_by_words(workspace, query, limit=workspace.survey.n_sources)
        by_spectrum = sorted(reading.hits, key=lambda hit: hit.spectrum_rank)[:20]
        right = np.mean([hit.source.source_class == wanted for hit in by_spectrum])
        gained.append(right / np.mean(classes == wanted))
    assert np.mean(gained) > 2.5


def test_a_name_is_the_first_reading_and_alone(workspace):
    name = workspace.survey.sources["name"].iloc[3]
    result = search(workspace, name.lower().replace(" ", ""))
    assert result.order[0] == "name"
    assert result.sources()[0].index == 3
    assert result.words is None
    assert result.position is not None  # a name made of coordinates is a place as well
    assert result.position.hits[0].source.index == 3


def test_a_position_is_the_first_reading(workspace):
    ra, dec = workspace.survey.sources[["ra", "dec"]].iloc[5]
    result = search(workspace, f"{ra:.4f} {dec:+.4f}")
    assert result.order == ("position",)
    assert result.sources()[0].index == 5


def test_a_place_off_the_sky_is_a_note(workspace):
    result = search(workspace, "12.5 -120")
    assert result.is_empty
    assert "none on the sky" in result.notes[0]


def test_unknown_words_are_told(workspace):
    result = search(workspace, "quazar")
    assert result.order == ("words",)
    assert result.is_empty
    assert "quasar" in result.words.unknown["quazar"]
    assert any("quasar" in line for line in search_lines(result, workspace, most=3))


def test_examples_find_something(workspace):
    for query in example_queries(workspace):
        assert not search(workspace, query, radius_arcmin=30).is_empty, query


@pytest.mark.parametrize("query", ["", "  \n", "x" * (MAX_QUERY_LENGTH + 1)])
def test_no_query_and_too_long_ones(workspace, query):
    with pytest.raises(AlignlabError, match=r"Type a name|at most"):
        search(workspace, query)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=some.one_of(some.text(min_size=1, max_size=40), some.sampled_from(["\0", "a'b\"c", "\\", "%s", "🚀 star"]))
)
def test_any_query_gives_a_result_or_a_message(workspace, query):
    try:
        result = search(workspace, query)
    except AlignlabError:
        return
    assert all(getattr(result, reading) is not None for reading in result.order)
    assert list(search_lines(result, workspace, most=2)) is not None
