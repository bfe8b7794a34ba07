"""Inside or outside what the run was trained on; neighbours; known sources near the position."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp

from alignlab.services.interpret.contract import OUTSIDE_BELOW
from alignlab.services.interpret.digest import verdict
from alignlab.services.interpret.distances import PARTS
from alignlab.services.interpret.ground import ground_of
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.interpret.place import find_known_sources, find_neighbours, find_place, p_words
from alignlab.services.subject import subject_of
from tests.services.observed import cut_out


def test_held_out_sources_have_uniform_p_values(workspace):
    """Each test source has a uniform p-value up to the scatter of the 64 calibration sources, hence the two samples."""
    distances = ground_of(workspace).distances
    test = np.flatnonzero(workspace.survey.split == "test")
    p = np.array([distances.p_values(subject_of(workspace, int(i)))[0] for i in test])
    n = len(distances.calibration)
    assert ks_2samp(p, (np.arange(n) + 1) / n).pvalue > 0.01
    assert (p < OUTSIDE_BELOW).mean() < 0.25


def test_nonsense_lies_outside(laid_over, workspace):
    rng = np.random.default_rng(0)
    flat = rng.poisson(0.75, 400)
    comb = np.tile([0, 6], 200)
    lowest = np.r_[rng.poisson(30, 20), np.zeros(380)]
    permuted = rng.permutation(np.asarray(workspace.survey.counts[int(workspace.survey.counts.sum(axis=1).argmax())]))
    for subject in laid_over([flat, comb, lowest, permuted], name="nonsense"):
        place = find_place(subject, ground_of(workspace).distances, Ledger())
        assert not place.is_inside, subject.name
        assert "outside" in place.statement
        assert place.p_value <= 3 / (place.n_calibration + 1)


def test_a_place_tells_what_is_strange(laid_over, workspace):
    (subject,) = laid_over([np.tile([0, 30], 200)], name="comb")
    ledger = Ledger()
    place = find_place(subject, ground_of(workspace).distances, ledger)
    assert [name for name, _ in place.parts] == list(PARTS)
    assert place.p_value >= min(p for _, p in place.parts)
    assert PARTS[2] in place.statement
    assert ledger.found[0].id == place.id == "E1"


def test_a_source_of_the_survey_is_neither_its_own_neighbour_nor_compared_with_itself(workspace):
    distances = ground_of(workspace).distances
    for split, n in (("train", len(distances.calibration)), ("validation", len(distances.calibration) - 1)):
        index = int(np.flatnonzero(workspace.survey.split == split)[0])
        subject = subject_of(workspace, index)
        p_value, _, n_compared = distances.p_values(subject)
        assert n_compared == n
        assert 0 < p_value <= 1
        assert index not in [near.index for near in find_neighbours(subject, 5, Ledger())]


def test_neighbours_are_the_nearest_by_brute_force(like_demo, workspace):
    subject = like_demo[0]
    near = find_neighbours(subject, 4, Ledger())
    similarity = workspace.run.latents("spectrum_aligned") @ subject.latents("spectrum_aligned")
    assert [n.index for n in near] == np.argsort(-similarity)[:4].tolist()
    assert [n.similarity for n in near] == pytest.approx(np.sort(similarity)[::-1][:4], abs=1e-5)
    # It is a test source of this very survey, handed in again: the survey's own lies where it lies.
    assert near[0].similarity == pytest.approx(1, abs=1e-5)
    assert all(n.name in n.statement and "simulated" in n.statement for n in near)


def test_known_sources_near_the_position_are_told_but_simulated_positions_are_not(demo_copy, laid_over, workspace):
    (subject,) = laid_over([np.full(400, 3)], name="placed", ra=10.0, dec=20.0)
    demo = workspace.survey.sources.iloc[0]
    assert not find_known_sources(subject, (demo["ra"], demo["dec"]), Ledger())
    known = cut_out(workspace.survey, [0], config=demo_copy, name="known")
    near = subject.workspace.overlays[0]
    seen = replace(subject.workspace, overlays=(*subject.workspace.overlays, replace(near, survey=known)))
    asked = replace(subject, workspace=seen)
    (hit,) = find_known_sources(asked, (demo["ra"], demo["dec"] + 3 / 3600), Ledger())
    assert hit.name == demo["name"]
    assert hit.separation_arcsec == pytest.approx(3, abs=1e-3)
    assert "known (observed)" in hit.statement
    assert not find_known_sources(asked, (demo["ra"], demo["dec"] + 30 / 3600), Ledger())
    assert not find_known_sources(asked, None, Ledger())
    # The source itself is never told.
    assert not find_known_sources(asked, (10.0, 20.0), Ledger())
    known.close()


@pytest.mark.parametrize(
    ("p", "n", "words"),
    [(0.5, 99, "p = 0.50"), (0.02, 99, "p = 0.020"), (1 / 1832, 1831, "p = 5.5 × 10⁻⁴, the smallest there can be")],
)
def test_a_p_value_is_never_nought(p, n, words):
    assert p_words(p, n) == words


def test_without_held_out_sources_it_is_unknown_whether_a_source_lies_inside(workspace, like_demo, found):
    distances = ground_of(workspace).distances
    nobody = replace(distances, calibration=np.empty((0, 3)), calibration_index=np.empty(0, np.int64))
    place = find_place(like_demo[0], nobody, Ledger())
    assert np.isnan(place.p_value)
    assert "unknown" in place.statement
    assert verdict(replace(found, place=place)).startswith("Whether the run was trained on the like of it is unknown")
