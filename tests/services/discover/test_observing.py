from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_sun
from astropy.time import Time, TimeDelta
from astropy.utils import iers

from alignlab.services.discover.brightness import Brightness, brightness_in_words
from alignlab.services.discover.observing import chandra_days, ground_hours, months_in_words, observing_essentials
from alignlab.services.workspace import Catalogue


def test_hours_in_the_night_are_those_of_astropys_full_transformation():
    target = SkyCoord(187.28 * u.deg, 2.05 * u.deg)
    place = EarthLocation(lat=-24.63 * u.deg, lon=0 * u.deg)
    with iers.conf.set_temp("auto_download", False):
        for month in (1, 6):
            # From noon to noon at longitude 0, around the night of the 15th.
            times = Time(f"2025-{month:02d}-14T12:00:00") + TimeDelta(np.arange(96) / 96, format="jd")
            frame = AltAz(obstime=times, location=place)
            dark = get_sun(times).transform_to(frame).alt.deg < -18
            hours = 24 / 96 * np.sum(dark & (target.transform_to(frame).alt.deg > 30))
            ours = ground_hours(np.array([187.28]), np.array([2.05]), latitude_deg=-24.63)[0, month - 1]
            assert ours == pytest.approx(hours, abs=0.5)


def test_chandra_leaves_out_the_days_near_the_sun_and_never_the_poles_of_the_ecliptic():
    # The Sun stands at right ascension 0 at the March equinox; the pole of the ecliptic is at 18h, +66.56 degrees.
    days = chandra_days(np.array([0.0, 270.0]), np.array([0.0, 66.56]))
    assert days[0, 2] == 0
    assert days[0, 8] == 1
    assert (days[1] == 1).all()
    # 2 × 46.4 of 360 degrees of the Sun's way are within reach of a source on the ecliptic.
    assert days[0].mean() == pytest.approx(1 - 2 * 46.4 / 360, abs=0.01)


def test_the_pole_of_the_sky_is_up_all_year_in_the_north_and_never_in_the_south():
    ra, dec = np.zeros(1), np.array([89.9])
    assert (ground_hours(ra, dec, latitude_deg=31.0) > 3).all()
    assert (ground_hours(ra, dec, latitude_deg=-31.0) == 0).all()


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ([], "never"), (range(1, 13), "all year"), ([11, 12, 1, 2], "Nov–Feb"), ([1, 7, 8], "Jan, Jul–Aug"),
        ([12, 1, 5], "May, Dec–Jan"), ([3], "Mar"),
    ],
)  # fmt: skip
def test_months_are_said_as_stretches_over_new_year_too(months, words):
    assert months_in_words(list(months)) == words


def test_essentials_of_a_simulated_survey_have_the_true_flux_and_no_links(small_demo):
    survey = Catalogue(small_demo).survey("demo")
    rows = np.argsort(-survey.sources["counts"].to_numpy())[:20]
    essentials = observing_essentials(survey, rows)
    flux = np.array([known.brightness.value for known in essentials])
    error = np.array([known.brightness.error for known in essentials])
    truth = survey.truth.iloc[rows]
    whole = (truth["rarity"] != "pile-up artefact").to_numpy()
    off = (flux - truth["flux_cgs"].to_numpy())[whole] / np.hypot(error, 0.05 * flux)[whole]
    assert np.median(np.abs(off)) < 1.5
    known, source = essentials[0], survey.sources.iloc[rows[0]]
    assert known.links == ()
    place = SkyCoord(known.coordinates, unit=(u.hourangle, u.deg))
    assert place.separation(SkyCoord(source["ra"], source["dec"], unit=u.deg)).arcsec < 0.2
    assert [visibility.place for visibility in known.ground] == ["Maunakea", "La Palma", "Paranal", "Sutherland"]


def test_where_the_observation_tells_no_flux_there_is_a_count_rate(small_demo, monkeypatch):
    survey = Catalogue(small_demo).survey("demo")
    monkeypatch.setattr(survey, "sources", survey.sources.assign(year=np.nan))
    [known] = observing_essentials(survey, [3])
    source = survey.sources.iloc[3]
    assert known.brightness.value == pytest.approx(source["net_counts"] / source["exposure_s"])
    assert known.brightness.error == pytest.approx(np.sqrt(source["counts"]) / source["exposure_s"])
    assert "does not tell a flux" in known.brightness.what


@pytest.mark.parametrize(
    ("value", "error", "unit", "words"),
    [
        (1.234e-14, 1.1e-15, "erg / (s cm2)", "(1.23 ± 0.11) × 10⁻¹⁴ erg s⁻¹ cm⁻²"),
        (9.96e-15, 2e-15, "erg / (s cm2)", "(10.0 ± 2.0) × 10⁻¹⁵ erg s⁻¹ cm⁻²"),
        (3e-16, 4e-15, "erg / (s cm2)", "(0.3 ± 4.0) × 10⁻¹⁵ erg s⁻¹ cm⁻²"),
        (0.0123, 0.00041, "ct / s", "12.30 ± 0.41 counts ks⁻¹"),
        (-0.0002, 0.013, "ct / s", "0 ± 13 counts ks⁻¹"),
        (np.nan, np.nan, "ct / s", "unknown"),
    ],
)
def test_brightness_has_the_digits_that_its_error_warrants(value, error, unit, words):
    assert brightness_in_words(Brightness(value=value, error=error, unit=unit, what="")) == words
