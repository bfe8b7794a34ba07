from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.spectra.fits_rows import long_tables
from alignlab.spectra.good_times import ANY_CHIP, Intervals, good_times
from tests.spectra.event_files import events_hdu, gti_hdu
from tests.spectra.ogip_files import write

edges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=0, max_size=8)


def second_by_second(pairs) -> np.ndarray:
    """Whether each second from 0 to 60 is good."""
    good = np.zeros(60, bool)
    for start, stop in pairs:
        good[start:stop] = True
    return good


@settings(max_examples=200, deadline=None)
@given(edges)
def test_union_length_and_clock_are_those_counted_second_by_second(pairs):
    start, stop = np.array(pairs, float).reshape(-1, 2).T
    intervals = Intervals.merged(start, stop)
    good = second_by_second(pairs)
    assert intervals.length_s == good.sum()
    assert (intervals.start_s[1:] > intervals.stop_s[:-1]).all()
    middle = np.arange(60) + 0.5
    assert np.array_equal(intervals.hold(middle), good)
    if good.any():
        expected = np.cumsum(good)
        assert intervals.clock_s(middle[good]) == pytest.approx((expected - 0.5)[good])
        assert intervals.span_s == np.flatnonzero(good)[-1] + 1 - np.flatnonzero(good)[0]


def test_intervals_of_nonsense_are_left_out():
    intervals = Intervals.merged(np.array([np.nan, 5.0, 9.0, 1e30]), np.array([3.0, 7.0, 8.0, 2e30]))
    assert (intervals.start_s.tolist(), intervals.stop_s.tolist()) == ([5.0], [7.0])


def test_chips_have_their_own_times(tmp_path):
    hdus = (events_hdu(np.ones(1), np.ones(1)), gti_hdu((0, 10), (20, 30), chip=3), gti_hdu((0, 12), chip=7))
    tables = long_tables(write(tmp_path / "e.fits", *hdus))
    times, notes = good_times(tables, tables[0].head)
    assert {chip: intervals.length_s for chip, intervals in times.items()} == {3: 20, 7: 12}
    assert notes == ()


def test_without_intervals_the_header_tells(tmp_path):
    tables = long_tables(write(tmp_path / "e.fits", events_hdu(np.ones(1), np.ones(1), TSTART=5.0, TSTOP=25.0)))
    times, notes = good_times(tables, tables[0].head)
    assert times[ANY_CHIP].length_s == 20
    assert "TSTART" in notes[0]
    tables = long_tables(write(tmp_path / "f.fits", events_hdu(np.ones(1), np.ones(1), TSTART=9.0, TSTOP=5.0)))
    assert good_times(tables, tables[0].head) == ({}, ())
