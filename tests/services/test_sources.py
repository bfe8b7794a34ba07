from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.sources import (
    find_source,
    neighbours_of,
    reconstruction_in_counts,
    representation_latents,
    source_card,
)
from alignlab.store.run import REPRESENTATIONS
from alignlab.variables import VARIABLES


def test_a_card_holds_what_the_survey_knows(workspace):
    survey, row = workspace.survey, 42
    card = source_card(workspace, row)
    assert card.name == survey.sources["name"][row]
    assert card.source_class == survey.sources["source_class"][row]
    assert card.simulated
    assert card.survey_name == "demo"
    assert np.isnan(card.novelty_percent)
    assert 1 <= len(card.papers) <= 8
    assert card.papers["year"].is_monotonic_decreasing
    assert card.summaries == survey.summaries_of(row)
    np.testing.assert_array_equal(card.spectrum.counts, survey.counts[row])
    np.testing.assert_array_equal(card.spectrum.background, survey.background[row])
    assert card.spectrum.exposure_s == survey.sources["exposure_s"][row]


def test_readings_stand_between_their_limits(workspace):
    survey = workspace.survey
    bright = int(survey.sources["net_counts"].argmax())
    readings = source_card(workspace, bright).readings
    assert tuple(reading.variable for reading in readings) == VARIABLES
    for number, reading in enumerate(readings):
        np.testing.assert_equal(np.float32(reading.value), survey.variables[bright, number])
        assert np.isnan(reading.catalogued)
        if np.isfinite([reading.value, reading.low, reading.high]).all():
            assert reading.low <= reading.value * (1 + 1e-6) + 1e-6
            assert reading.value <= reading.high + 1e-6 * abs(reading.high) + 1e-6
        if np.isfinite(reading.estimate):
            assert reading.estimate_low <= reading.estimate_high
    assert sum(np.isfinite(reading.value) for reading in readings) > 15


def test_missing_values_of_faint_sources_stay_missing_and_are_still_estimated(workspace):
    faint = int(workspace.survey.sources["net_counts"].argmin())
    readings = source_card(workspace, faint).readings
    fitted = [reading for reading in readings if reading.variable.from_fit]
    assert all(np.isnan(reading.value) for reading in fitted)
    assert all(np.isfinite(reading.estimate) for reading in fitted)


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_neighbours_are_the_most_similar_others(workspace, representation):
    latents = np.array(representation_latents(workspace.survey, workspace.run, representation), dtype=float)
    latents /= np.maximum(np.linalg.norm(latents, axis=1, keepdims=True), 1e-12)
    row = 8
    similarity = latents @ latents[row]
    similarity[row] = -2
    found = neighbours_of(workspace, row, representation=representation, k=7)
    assert [n.similarity for n in found] == pytest.approx(np.sort(similarity)[::-1][:7].tolist(), abs=1e-4)
    assert row not in [n.index for n in found]
    names = workspace.survey.sources["name"]
    assert all(n.name == names[n.index] for n in found)


def test_more_neighbours_than_sources_are_all_of_them(workspace):
    assert len(neighbours_of(workspace, 0, k=1000)) == workspace.survey.n_sources - 1


def test_an_unknown_representation_lists_the_known_ones(workspace):
    with pytest.raises(MissingArtefactError, match="spectrum_aligned"):
        neighbours_of(workspace, 0, representation="image")


@pytest.mark.parametrize("index", [-1, 400])
def test_a_source_that_is_not_there_is_told(workspace, index):
    with pytest.raises(AlignlabError, match="0 to 399"):
        source_card(workspace, index)


def test_sources_are_found_by_name_part_and_index(workspace):
    survey = workspace.survey
    name = survey.sources["name"][17]
    assert find_source(survey, name) == 17
    assert find_source(survey, name.lower().replace(" ", "")) == 17
    assert find_source(survey, name[4:]) == 17
    assert find_source(survey, "17") == 17
    with pytest.raises(AlignlabError, match="sources match"):
        find_source(survey, "SIM J")
    with pytest.raises(AlignlabError, match="No source"):
        find_source(survey, "Cygnus X-1")


def test_a_reconstruction_goes_back_to_counts():
    counts = np.array([2, 0, 10, 4], np.float32)
    np.testing.assert_allclose(reconstruction_in_counts((counts - 0) / 10, counts), counts)
    np.testing.assert_allclose(reconstruction_in_counts(np.zeros(4, np.float32), counts + 3), 3)
