import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import InputFileError
from alignlab.spectra.events import read_events
from tests.spectra.ogip_files import write


def events_hdu(time, *, energy=None, unit="eV", pi=None, **header):
    columns = [fits.Column("time", "D", unit="s", array=time)]
    if energy is not None:
        columns.append(fits.Column("energy", "E", unit=unit, array=energy))
    if pi is not None:
        columns.append(fits.Column("pi", "J", array=pi))
    hdu = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    hdu.header.update({"INSTRUME": "ACIS", "DETNAM": "ACIS-0123", "OBJECT": "Field", "OBS_ID": "7", **header})
    return hdu


def gti_hdu(*intervals):
    start, stop = np.array(intervals).T
    columns = [fits.Column("START", "D", array=start), fits.Column("STOP", "D", array=stop)]
    return fits.BinTableHDU.from_columns(columns, name="GTI")


def test_events_in_the_band_in_order_of_time(tmp_path):
    time = np.array([130.0, 110.0, 120.0, 140.0, 105.0])
    energy = np.array([400.0, 500.0, 7900.0, 8100.0, 2000.0])
    path = write(tmp_path / "evt2.fits", events_hdu(time, energy=energy), gti_hdu((100, 115), (118, 150)))
    events = read_events(path)
    assert events.time_s.tolist() == [105, 110, 120]
    assert events.energy_kev == pytest.approx([2.0, 0.5, 7.9])
    assert (events.start_s, events.stop_s, events.exposure_s) == (100, 150, 47)
    assert (events.observation.detector, events.observation.obsid) == ("ACIS-I", 7)


def test_good_times_of_several_chips_are_joined(tmp_path):
    hdus = (events_hdu([5.0, 60.0], energy=[1000.0, 1000.0]), gti_hdu((0, 10), (20, 30)), gti_hdu((2, 90)))
    events = read_events(write(tmp_path / "e.fits", *hdus))
    assert (events.start_s, events.stop_s, events.exposure_s) == (0, 90, 88)


@pytest.mark.parametrize(
    ("hdu", "words"),
    [
        (events_hdu([1.0], pi=[100]), "taken from PI"),
        (events_hdu([1.0], energy=[1500.0], unit=None), "taken for eV"),
        (events_hdu([1.0], energy=[1.5], unit=None), "taken for keV"),
    ],
)
def test_energies_are_found_and_what_was_assumed_is_said(tmp_path, hdu, words):
    events = read_events(write(tmp_path / "e.fits", hdu, gti_hdu((0, 2))))
    assert events.energy_kev == pytest.approx([1.5], abs=0.06)
    assert any(words in note for note in events.notes)


def test_without_gti_the_header_or_the_events_tell_the_span(tmp_path):
    hdu = events_hdu([5.0, 9.0], energy=[1000.0, 2000.0], TSTART=1.0, TSTOP=20.0)
    events = read_events(write(tmp_path / "a.fits", hdu))
    assert (events.start_s, events.stop_s) == (1, 20)
    events = read_events(write(tmp_path / "b.fits", events_hdu([5.0, 9.0], energy=[1000.0, 2000.0])))
    assert (events.start_s, events.stop_s) == (5, 9)
    assert any("from the first event to the last" in note for note in events.notes)


def test_events_outside_the_good_times_or_without_numbers_are_left_out_and_said(tmp_path):
    hdu = events_hdu([1.0, 2.0, np.nan, 50.0], energy=[1000.0, np.nan, 1000.0, 1000.0])
    events = read_events(write(tmp_path / "e.fits", hdu, gti_hdu((0, 10))))
    assert events.time_s.tolist() == [1]
    assert any("2 of 4 events without time or energy" in note for note in events.notes)
    assert any("1 events outside the good time" in note for note in events.notes)


@pytest.mark.parametrize(
    ("hdu", "words"),
    [
        (gti_hdu((0, 1)), r"no events in it \(tables: 1 \(GTI\)\)"),
        (events_hdu([1.0], energy=[100.0]), "none of 1 events lies between 0.5 and 8.0 keV"),
        (events_hdu([], energy=[]), "no events"),
        (events_hdu([1.0], energy=[5.0], unit="Angstrom"), "expected eV or keV"),
        (events_hdu([1.0]), "no column PI"),
    ],
)
def test_unusable_event_files_say_why(tmp_path, hdu, words):
    path = write(tmp_path / "e.fits", hdu)
    with pytest.raises(InputFileError, match=words):
        read_events(path)


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_event_files_never_surprise(tmp_path, data):
    hdus = (events_hdu(np.arange(50.0), energy=np.linspace(300, 9000, 50)), gti_hdu((0, 100)))
    content = bytearray(write(tmp_path / "sound.fits", *hdus).read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.fits"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        events = read_events(path)
    except InputFileError as problem:
        assert str(path) in str(problem)
    else:
        assert (np.diff(events.time_s) >= 0).all()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "n", "span_s", "detector"),
    [("acisf22130N001_evt2.fits.gz", 48_411, 23_057.8, "ACIS-I"), ("m82_obsid10027_evt.fits", 3_859, 945.3, "ACIS-S")],
)
def test_real_event_files(real_data, name, n, span_s, detector):
    events = read_events(real_data / "events" / name)
    assert len(events.time_s) == n
    assert events.stop_s - events.start_s == pytest.approx(span_s, abs=0.1)
    assert events.observation.detector == detector
    assert events.notes == ()
    assert 0.5 <= events.energy_kev.min() < 0.51
