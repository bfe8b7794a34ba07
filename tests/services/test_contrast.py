from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import AlignlabError
from alignlab.services.contrast import (
    FEWEST,
    selection_contrast,
    variable_contrast,
    word_contrast,
    words_are_counted,
)
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.survey import write_survey
from alignlab.variables import VARIABLES
from tests.store.builders import survey_contents, survey_meta


def of_class(workspace: Workspace, name: str) -> np.ndarray:
    return (workspace.survey.sources["source_class"] == name).to_numpy()


def test_a_class_differs_from_the_rest_as_it_should(workspace):
    mask = of_class(workspace, "obscured AGN")
    found = variable_contrast(workspace, mask)
    assert (found.n_selected, found.n_rest) == (mask.sum(), (~mask).sum())
    hardness = [v.name for v in VARIABLES].index("hard_hm")
    assert found.contrast.delta[hardness] > 0.4
    assert found.contrast.p_corrected[hardness] < 1e-4
    effects = np.abs(found.contrast.delta)[found.by_effect()]
    assert list(effects) == sorted(effects, reverse=True)
    (only,) = found.classes
    assert (only.name, only.n_selected, only.n_survey) == ("obscured AGN", mask.sum(), mask.sum())


def test_histograms_hold_every_source_that_has_a_value(workspace):
    mask = np.arange(workspace.survey.n_sources) % 3 == 0
    found = variable_contrast(workspace, mask)
    known = np.isfinite(workspace.survey.variables)
    for place, histogram in enumerate(found.histograms):
        assert histogram.selected.sum() == known[mask, place].sum()
        assert histogram.rest.sum() == known[~mask, place].sum()
        values = workspace.survey.variables[known[:, place], place]
        assert values.min() <= histogram.low <= np.median(values[values > 0]) <= histogram.high <= values.max()
        assert histogram.scale == VARIABLES[place].scale


def test_words_of_the_papers_name_the_class(workspace):
    found = word_contrast(workspace, of_class(workspace, "star"))
    assert words_are_counted(workspace)
    assert found.kind == "papers"
    more, less = ([term.term.lower() for term in terms] for terms in (found.terms.more, found.terms.less))
    assert any("star" in term or "stellar" in term or "coronal" in term for term in more)
    assert any("galax" in term or "agn" in term for term in less)
    for term in found.terms.more:
        assert 0 < term.n_first <= found.terms.n_first
        assert term.n_first / found.terms.n_first > term.n_second / found.terms.n_second


def test_papers_are_counted_once_a_side(workspace):
    mask = of_class(workspace, "star")
    pairs = [(i, paper) for i in range(len(mask)) for paper in workspace.survey.papers_of(i)["paper_id"]]
    terms = word_contrast(workspace, mask).terms
    assert terms.n_first == len({paper for i, paper in pairs if mask[i]})
    assert terms.n_second == len({paper for i, paper in pairs if not mask[i]})


def test_threads_share_what_was_prepared_once(small_demo):
    workspace = Catalogue(small_demo).open_workspace()
    masks = [of_class(workspace, name) for name in ("star", "AGN", "QSO", "YSO")]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda mask: selection_contrast(workspace, mask), masks))
    for mask, found in zip(masks, together, strict=True):
        alone = selection_contrast(workspace, mask)
        np.testing.assert_array_equal(found.variables.contrast.delta, alone.variables.contrast.delta)
        assert found.words == alone.words
    workspace.survey.close()
    workspace.run.close()


def test_aspect_summaries_stand_in_where_no_paper_has_an_abstract(workspace, tmp_path):
    contents = survey_contents(40)
    summaries = pd.DataFrame(
        {
            "source_index": np.arange(30),
            "aspect": "nature",
            "text": ["A jet of a young star."] * 15 + ["An accreting black hole."] * 15,
        }
    )
    survey = write_survey(dataclasses.replace(contents, summaries=summaries), survey_meta("unread"), tmp_path)
    found = word_contrast(dataclasses.replace(workspace, survey=survey), np.arange(40) < 15)
    assert found.kind == "summaries"
    assert (found.terms.n_first, found.terms.n_second) == (15, 15)
    assert "black hole" in [term.term for term in found.terms.less]
    survey.close()


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (lambda i: i < FEWEST - 1, r"Too few sources to compare \(4\). Select at least 5"),
        (lambda i: i >= 0, "No source is left"),
        (lambda i: i > 1, "Only 2 of 400 sources are left"),
    ],
)
def test_there_must_be_something_to_compare(workspace, chosen, message):
    mask = chosen(np.arange(workspace.survey.n_sources))
    for compare in (variable_contrast, word_contrast):
        with pytest.raises(AlignlabError, match=message):
            compare(workspace, mask)


def test_a_selection_of_another_survey_is_refused(workspace):
    with pytest.raises(AlignlabError, match="selection is of 7 sources"):
        variable_contrast(workspace, np.ones(7, bool))
