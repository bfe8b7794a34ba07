from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as some

from alignlab.errors import AlignlabError
from alignlab.services.name_search import find_by_name, fold_name
from alignlab.services.position_search import Position, find_by_position, read_position, separation_arcsec

M31 = SkyCoord(10.6847083, 41.26875, unit="deg")


@pytest.fixture(scope="module")
def name(workspace) -> str:
    return next(n for n in workspace.survey.sources["name"] if "-" in n)


def variants(name: str) -> list[str]:
    """Ways in which somebody may type a name such as ``SIM J112233.4-556677``."""
    bare = name.split("J")[1]
    return [
        name, name.lower(), f"  {name} ", name.replace(" ", ""), name.replace("-", "−"), name.replace("-", "–"),
        f"2CXO J{bare}", f"CXO J{bare}", f"2SIM J{bare}", f"J{bare}", bare, name.replace(" ", "_"),
    ]  # fmt: skip


def test_a_name_is_found_however_it_is_typed(workspace, name):
    own = list(workspace.survey.sources["name"]).index(name)
    for typed in variants(name):
        reading = find_by_name(workspace, typed)
        assert reading.is_exact, typed
        assert reading.hits[0].source.index == own, typed


def test_the_sign_of_a_declination_counts(workspace, name):
    assert not find_by_name(workspace, name.replace("-", "+")).hits


def test_parts_come_after_beginnings(workspace, name):
    start = name.split("J")[1][:4]
    reading = find_by_name(workspace, f"J{start}")
    names = workspace.survey.sources["name"]
    assert reading.n_found == sum(start in fold_name(n) for n in names)
    begins = [hit for hit in reading.hits if hit.how == "begins"]
    assert len(begins) == sum(n.split("J")[1].startswith(start) for n in names)
    assert [hit.how for hit in reading.hits] == ["begins"] * len(begins) + ["part"] * (reading.n_found - len(begins))


def test_an_obsid_finds_its_sources(workspace):
    obsid = int(workspace.survey.sources["obsid"].iloc[7])
    hits = find_by_name(workspace, str(obsid)).hits
    assert 7 in [hit.source.index for hit in hits if hit.how == "obsid"]


def test_names_of_nothing(workspace):
    for query in ("", " ", "Nobody", "()*", "−", "_"):
        assert find_by_name(workspace, query).n_found == 0, query


@pytest.mark.parametrize(
    "text",
    [
        "10.6847083 41.26875", "10.6847083, +41.26875", "10.6847083d 41.26875d", "10.6847083 deg 41.26875 deg",
        "10.6847083° +41.26875°", "ra 10.6847083 dec 41.26875", "RA=10.6847083 Dec=41.26875 (J2000)",
        "00:42:44.33 +41:16:07.5", "00 42 44.33 +41 16 07.5", "00h42m44.33s +41d16m07.5s",
        "0h 42m 44.33s 41° 16′ 7.5″",
        "0 h 42 m 44.33 s +41 d 16 m 7.5 s",
        "J004244.33+411607.5", "2CXO J004244.33+411607.5", "(10.6847083, 41.26875)",
        "galactic 121.1743 -21.5733", "121.1743 -21.5733 gal", "l=121.1743 b=-21.5733", "l 121.1743 b −21.5733",
        "0.18648333 rad 0.72027556 rad",
    ],
)  # fmt: skip
def test_positions_as_astronomers_write_them(text):
    place = read_position(text)
    assert place is not None, text
    assert SkyCoord(place.ra, place.dec, unit="deg").separation(M31) < 1 * u.arcsec
    assert ("galactic" in place.read_as) == (text.startswith(("gal", "l")) or text.endswith("gal"))


@pytest.mark.parametrize(
    "text",
    ["3C 186", "DG Tau", "12845", "soft source", "2 young stars", "B3 0710+439", "2.5 keV", "", "-", "1e5 3", "1 2 3"],
)  # fmt: skip
def test_what_is_no_position(text):
    assert read_position(text) is None


@pytest.mark.parametrize("text", ["10.68 -95", "95 95.2", "25:61:00 +41:16:09", "361 361"])
def test_what_is_no_place_on_the_sky_is_said(text):
    with pytest.raises(AlignlabError, match=r"none on the sky.*−90"):
        read_position(text)


@settings(max_examples=40, deadline=None)
@given(some.text(max_size=60))
def test_any_text_is_a_position_none_or_a_message(text):
    try:
        place = read_position(text)
    except AlignlabError:
        return
    assert place is None or (0 <= place.ra <= 360 and -90 <= place.dec <= 90)


@settings(max_examples=30, deadline=None)
@given(some.floats(0, 359.999), some.floats(-90, 90), some.booleans())
def test_positions_survive_being_written(ra, dec, sexagesimal):
    place = SkyCoord(ra, dec, unit="deg")
    text = place.to_string("hmsdms", precision=6) if sexagesimal else f"{ra:.8f} {dec:+.8f}"
    read = read_position(text)
    assert read is not None
    assert SkyCoord(read.ra, read.dec, unit="deg").separation(place) < 0.01 * u.arcsec


@settings(max_examples=30, deadline=None)
@given(some.floats(0, 360), some.floats(-90, 90), some.floats(0, 360), some.floats(-90, 90))
def test_separations_are_astropys(ra, dec, other_ra, other_dec):
    expected = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(other_ra, other_dec, unit="deg")).arcsec
    own = separation_arcsec(ra, dec, np.array([other_ra, np.nan]), np.array([other_dec, 0.0]))
    assert own[0] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert np.isnan(own[1])


def test_a_cone_holds_what_is_near_and_names_the_nearest(workspace):
    sources = workspace.survey.sources
    ra, dec = sources[["ra", "dec"]].iloc[11]
    place = Position(ra=float(ra), dec=float(dec), read_as="")
    distances = separation_arcsec(float(ra), float(dec), sources["ra"].to_numpy(), sources["dec"].to_numpy())
    reading = find_by_position(workspace, place, radius_arcmin=600)
    assert reading.hits[0].source.index == 11
    assert reading.n_found == (distances <= 36_000).sum()
    assert [hit.separation_arcsec for hit in reading.hits] == sorted(hit.separation_arcsec for hit in reading.hits)
    empty = find_by_position(workspace, Position(ra=float(ra), dec=float(dec) + 0.02, read_as=""), radius_arcmin=0.1)
    assert empty.hits == ()
    assert empty.nearest is not None
    with pytest.raises(AlignlabError, match="no cone"):
        find_by_position(workspace, place, radius_arcmin=0)
