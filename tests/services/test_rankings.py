from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import AlignlabError
from alignlab.services.rankings import CLASS_AND_NAME, COUNTS, NOVELTY, SIMILARITY, ranking, ranking_labels
from alignlab.services.subject import subject_of
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture
def subject(workspace):
    return subject_of(workspace, 11)


def test_counts_go_from_most_to_fewest(workspace, subject):
    order = ranking(subject, COUNTS)
    counts = workspace.survey.sources["counts"].to_numpy()[order.rows]
    assert np.all(np.diff(counts) <= 0)
    assert len(order.rows) == 400
    assert order.step(int(order.rows[0]), -1) is None
    assert order.step(int(order.rows[0]), 1) == order.rows[1]
    assert order.step(int(order.rows[-1]), 1) is None


def test_a_source_without_the_value_has_no_place_and_goes_to_the_first(workspace, subject):
    column = VARIABLE_NAMES.index("powlaw_gamma")
    values = workspace.survey.variables[:, column]
    order = ranking(subject, "value.powlaw_gamma")
    assert len(order.rows) == np.isfinite(values).sum()
    assert np.all(np.diff(values[order.rows]) <= 0)
    missing = int(np.flatnonzero(np.isnan(values))[0])
    assert order.place(missing) is None
    assert order.step(missing, 1) == order.rows[0]


def test_differences_are_estimate_minus_value(workspace, subject):
    order = ranking(subject, "difference.hard_hs")
    column = VARIABLE_NAMES.index("hard_hs")
    difference = workspace.run.estimates["hard_hs"].to_numpy() - workspace.survey.variables[:, column]
    assert order.rows[0] == np.nanargmax(difference)
    assert order.rows[-1] == np.nanargmin(difference)


def test_the_remembered_source_is_most_similar_to_itself(workspace, subject):
    remembered = subject_of(workspace, 77)
    assert SIMILARITY not in ranking_labels(subject)
    assert remembered.name in ranking_labels(subject, remembered)[SIMILARITY]
    assert ranking(subject, SIMILARITY, remembered).rows[0] == 77


def test_names_are_in_order_within_their_class(workspace, subject):
    sources = workspace.survey.sources.iloc[ranking(subject, CLASS_AND_NAME).rows]
    pairs = list(zip(sources["source_class"], sources["name"], strict=True))
    assert pairs == sorted(pairs)


def test_an_unknown_order_is_told(subject):
    with pytest.raises(AlignlabError, match="cannot be ordered"):
        ranking(subject, NOVELTY)  # the run's own sources have none
    with pytest.raises(AlignlabError, match="cannot be ordered"):
        ranking(subject, "value.mass")
