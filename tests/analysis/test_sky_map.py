from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from alignlab.analysis.sky_map import galactic, mollweide, sexagesimal

RNG = np.random.default_rng(5)
RA, DEC = RNG.uniform(0, 360, 400), np.degrees(np.arcsin(RNG.uniform(-1, 1, 400)))


def test_galactic_coordinates_are_those_of_astropy():
    theirs = SkyCoord(RA * u.deg, DEC * u.deg).galactic
    longitude, latitude = galactic(RA, DEC)
    ours = SkyCoord(longitude * u.deg, latitude * u.deg, frame="galactic")
    assert ours.separation(theirs).arcsec.max() < 0.1
    assert np.isnan(galactic(np.nan, 0.0)[0])


@given(st.floats(0, 360, exclude_max=True), st.floats(-90, 90))
def test_sexagesimal_text_is_read_back_as_the_same_place(ra, dec):
    text = sexagesimal(ra, dec)
    assert " 60." not in text
    there = SkyCoord(text, unit=(u.hourangle, u.deg))
    assert there.separation(SkyCoord(ra * u.deg, dec * u.deg)).arcsec < 0.15


def test_a_known_quasar_and_fields_that_round_up():
    assert sexagesimal(187.2779154, 2.0523883) == "12 29 06.70 +02 03 08.6"
    assert sexagesimal(359.99999999, -0.00001) == "00 00 00.00 -00 00 00.0"
    assert sexagesimal(15.0, 59.99999999) == "01 00 00.00 +60 00 00.0"
    with pytest.raises(ValueError, match="no position"):
        sexagesimal(float("nan"), 0)


def test_mollweide_has_its_known_points():
    x, y = mollweide([0, 180, 179.999, 90, 0, 0, 270], [0, 0, 0, 0, 90, -90, 0])
    np.testing.assert_allclose(x, [0, 2, -2, -1, 0, 0, 1], atol=1e-4)
    np.testing.assert_allclose(y, [0, 0, 0, 0, 1, -1, 0], atol=1e-6)


def test_mollweide_keeps_areas():
    """Equal parts of the sphere between two latitudes take equal parts of the ellipse."""
    latitude = np.array([0.0, 15, 40, 75, 89.9])
    _, y = mollweide(np.zeros(5), latitude)
    theta = np.arcsin(y)
    np.testing.assert_allclose((2 * theta + np.sin(2 * theta)) / np.pi, np.sin(np.radians(latitude)), atol=1e-4)
    x, y = mollweide(RA, DEC)
    assert np.all((x / 2) ** 2 + y**2 <= 1 + 1e-9)
