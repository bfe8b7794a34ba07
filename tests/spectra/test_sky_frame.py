from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputFileError
from alignlab.spectra.fits_rows import long_tables
from alignlab.spectra.sky_frame import SkyFrame, sky_frame
from tests.spectra.event_files import events_hdu, gti_hdu
from tests.spectra.ogip_files import write


def reference(frame: SkyFrame) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [frame.ra, frame.dec], [frame.x, frame.y]
    wcs.wcs.cdelt = [frame.step_x, frame.step_y]
    return wcs


frames = st.builds(
    SkyFrame,
    ra=st.floats(0, 360),
    dec=st.floats(-89.99, 89.99),
    x=st.floats(-5000, 5000),
    y=st.floats(-5000, 5000),
    step_x=st.sampled_from([-1.3667e-4, 2e-4, -3e-5]),
    step_y=st.sampled_from([1.3667e-4, -2e-4]),
)


@settings(max_examples=80, deadline=None)
@given(frames, st.lists(st.tuples(st.floats(-20_000, 20_000), st.floats(-20_000, 20_000)), min_size=1, max_size=5))
def test_sky_and_pixels_are_those_of_astropy(frame, places):
    x, y = np.array(places).T
    ra, dec = frame.to_sky(x, y)
    expected = reference(frame).wcs_pix2world(np.stack([x, y], axis=1), 1)
    near_pole = np.abs(dec) > 89.9999
    apart = (ra - expected[:, 0] + 180) % 360 - 180
    assert np.abs(apart * np.cos(np.radians(dec)))[~near_pole] == pytest.approx(0, abs=1e-9)
    assert dec == pytest.approx(expected[:, 1], abs=1e-6)
    back = frame.to_pixels(ra, dec)
    assert back[0] == pytest.approx(x, abs=2e-3)
    assert back[1] == pytest.approx(y, abs=2e-3)


def test_the_other_side_of_the_sky_has_no_pixels():
    frame = SkyFrame(ra=10, dec=20, x=1, y=1, step_x=-1e-4, step_y=1e-4)
    x, y = frame.to_pixels([10.0, 190.0, 190.0], [20.0, -20.0, 60.0])
    assert (x[0], y[0]) == pytest.approx((1, 1))
    assert np.isnan(x[1:2]).all() and np.isnan(y[1:2]).all()


@pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")  # astropy mends the header that it reads
def test_the_frame_is_read_as_astropy_reads_it(tmp_path):
    path = write(tmp_path / "e.fits", events_hdu(np.ones(2), np.ones(2)))
    frame = sky_frame(long_tables(path)[0].head)
    wcs = WCS(fits.getheader(path, 1), keysel=["pixel"], colsel=[3, 4])
    assert frame.to_sky(5000.0, 2000.0) == pytest.approx(wcs.wcs_pix2world([[5000.0, 2000.0]], 1)[0])
    assert frame.pixel_arcsec == pytest.approx(0.492)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"TCTYP3": "RA---SIN"}, "RA---SIN and DEC--TAN on the sky"),
        ({"TCRVL3": 400.0}, "out of range"),
        ({"TCDLT4": 0.0}, "out of range"),
        ({"TCROT4": 30.0}, "rotated"),
    ],
)
def test_other_frames_are_refused(tmp_path, header, words):
    path = write(tmp_path / "e.fits", events_hdu(np.ones(2), np.ones(2), **header))
    with pytest.raises(InputFileError, match=words):
        sky_frame(long_tables(path)[0].head)


def test_a_table_without_places_is_refused(tmp_path):
    path = write(tmp_path / "e.fits", gti_hdu((0, 1)))
    with pytest.raises(InputFileError, match="no column X"):
        sky_frame(long_tables(path)[0].head)
