"""Which object is a source: geometry against astropy, and the judgement of candidates against cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alignlab.ingest.simbad_match import MatchRule, match_radius_arcsec, match_source, separation_arcsec

RA, DEC = st.floats(0.0, 360.0), st.floats(-90.0, 90.0)
RULE = MatchRule()


def candidate(oid: int, ra: float, dec: float, **values: object) -> dict[str, object]:
    return {
        "oid": oid, "main_id": f"OBJ {oid}", "ra": ra, "dec": dec, "error_arcsec": 0.1, "motion_arcsec_yr": 0.0,
        "otype": "QSO", "n_references": 1, "redshift": None, "aliases": [], **values,
    }  # fmt: skip


def beside(oid: int, arcsec: float, **values: object) -> dict[str, object]:
    """An object so far north of (10, 0)."""
    return candidate(oid, 10.0, arcsec / 3600, **values)


def matched(near, named=(), error=1.0, rule=RULE):
    return match_source(10.0, 0.0, error, near, named, rule=rule)


@given(RA, DEC, RA, DEC)
@example(0.0, 0.0, 360.0, 0.0)
@example(359.9999, 12.0, 0.0001, 12.0)
@example(17.0, 90.0, 200.0, 90.0)
@example(0.0, -89.99999, 180.0, -89.99999)
@example(30.0, 40.0, 210.0, -40.0)
def test_separations_are_those_of_astropy_anywhere_on_the_sky(ra, dec, other_ra, other_dec):
    expected = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(other_ra * u.deg, other_dec * u.deg)).arcsec
    found = separation_arcsec(ra, dec, other_ra, other_dec)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


@given(RA, st.one_of(DEC, st.sampled_from([90.0, -90.0, 89.9999, -89.9999])), st.integers(0, 2**32 - 1))
@example(0.0, 0.0, 1)
@example(360.0, 5.0, 2)
def test_the_candidates_are_those_that_brute_force_finds_within_their_radius(ra, dec, seed):
    rng = np.random.default_rng(seed)
    here = SkyCoord(ra * u.deg, dec * u.deg)
    around = here.directional_offset_by(rng.uniform(0, 360, 30) * u.deg, rng.uniform(0, 12, 30) * u.arcsec)
    errors = rng.uniform(0.01, 3.0, 30)
    objects = [
        candidate(i, p.ra.deg, p.dec.deg, error_arcsec=e) for i, (p, e) in enumerate(zip(around, errors, strict=True))
    ]
    radius = np.clip(np.hypot(0.8, errors * math.sqrt(-2 * math.log(0.05))), 1.0, 6.0)
    separations = here.separation(around).arcsec
    assume(np.abs(separations - radius).min() > 1e-6)
    found = match_source(ra, dec, 0.8, objects, [], rule=MatchRule(cap_arcsec=6.0))
    assert {row["oid"] for row in found.candidates} == set(np.flatnonzero(separations <= radius))
    assert math.isclose(sum(row["share"] for row in found.candidates), 1.0) or not found.candidates


def test_the_radius_is_that_of_both_errors_between_floor_and_cap():
    error = {"error_arcsec": 2.0, "motion_arcsec_yr": 0.0}
    assert match_radius_arcsec(3.0, error, RULE) == pytest.approx(math.hypot(3.0, 2.0 * 2.4477), rel=1e-4)
    assert match_radius_arcsec(0.1, {**error, "error_arcsec": 0.001}, RULE) == RULE.floor_arcsec
    assert match_radius_arcsec(0.1, {**error, "error_arcsec": 500.0}, RULE) == RULE.cap_arcsec
    unknown = match_radius_arcsec(None, {**error, "error_arcsec": None}, RULE)
    assert unknown == pytest.approx(math.hypot(1.0, 0.5 * 2.4477), rel=1e-4)
    moving = match_radius_arcsec(1.0, {"error_arcsec": 0.0, "motion_arcsec_yr": 0.2}, RULE)
    assert moving == pytest.approx(math.hypot(1.0, 0.2 * 10 * 2.4477), rel=1e-4)


def test_the_radius_holds_95_per_cent_of_true_counterparts():
    rng = np.random.default_rng(1)
    error_95, sigma = 1.5, 0.9
    offsets = rng.normal(0, error_95 / 2.44775, (40_000, 2)) + rng.normal(0, sigma, (40_000, 2))
    radius = match_radius_arcsec(error_95, {"error_arcsec": sigma, "motion_arcsec_yr": 0.0}, RULE)
    assert np.mean(np.hypot(*offsets.T) <= radius) == pytest.approx(0.95, abs=0.004)


def test_nothing_near_is_no_match():
    match = matched([beside(1, 9.0)])
    assert match.candidates == () and not match.is_ambiguous


def test_one_object_alone_is_clear_and_two_alike_are_ambiguous():
    alone = matched([beside(1, 0.5)])
    assert alone.candidates[0]["oid"] == 1 and not alone.is_ambiguous
    both = matched([beside(1, 0.5), beside(2, -0.6)])
    assert both.is_ambiguous and [row["oid"] for row in both.candidates] == [1, 2] and len(both.rivals) == 2


def test_shares_are_those_of_gaussian_densities():
    near, far = 0.2, 0.9
    match = matched([beside(2, far), beside(1, near)])
    radius = math.hypot(1.0, 0.1 * 2.44775)
    ratio = math.exp(-0.5 * 2.44775**2 * (near**2 - far**2) / radius**2)
    assert match.candidates[0]["share"] == pytest.approx(ratio / (1 + ratio), rel=1e-4)
    assert match.is_ambiguous == (match.candidates[0]["share"] < 0.9)


def test_an_object_known_in_xrays_is_likelier_but_a_mere_xray_entry_is_not():
    star, agn = beside(1, 0.3, otype="*"), beside(2, 0.5, aliases=["4XMM J004000.0+000000"])
    match = matched([star, agn])
    assert match.candidates[0]["oid"] == 2
    entry = beside(3, 0.5, otype="X", aliases=["CXO J004000.0+000000"])
    assert matched([star, entry]).candidates[0]["oid"] == 1
    assert matched([star, beside(4, 0.5, otype="HXB")]).candidates[0]["oid"] == 4


def test_an_identifier_decides_where_it_agrees_with_the_position():
    here, named = beside(1, 0.1), beside(2, 0.8)
    match = matched([here, named], [named])
    assert match.candidates[0]["oid"] == 2 and match.candidates[0]["is_named"] and not match.is_ambiguous
    assert match.candidates[0]["share"] == 1.0 and [row["oid"] for row in match.candidates] == [2, 1]


def test_an_identifier_far_from_the_position_makes_the_match_ambiguous():
    far = beside(2, 100.0)
    match = matched([beside(1, 0.1)], [far])
    assert match.is_ambiguous and {row["oid"] for row in match.candidates} == {1, 2}
    assert match.candidates[0]["oid"] == 1
    only = matched([], [far])
    assert only.is_ambiguous and only.candidates[0]["separation_arcsec"] == pytest.approx(100.0, abs=1e-3)


def test_entries_that_are_no_objects_or_have_no_position_are_passed_over():
    assert matched([beside(1, 0.1, otype="err"), candidate(2, None, None)]).candidates == ()  # type: ignore[arg-type]
