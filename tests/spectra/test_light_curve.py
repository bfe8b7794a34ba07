from __future__ import annotations

import numpy as np
import pytest
from astropy.stats import bayesian_blocks
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.spectra import light_curve as module
from alignlab.spectra.light_curve import MIN_EVENTS, block_edges, light_curve
from alignlab.spectra.poisson import gehrels_errors


def even(start: float, stop: float, n: int) -> np.ndarray:
    """`n` events at equal distances, each in the middle of its own cell."""
    width = (stop - start) / n
    return start + width * (np.arange(n) + 0.5)


def test_a_step_is_found_where_it_is_with_both_rates():
    times = np.concatenate([even(0, 6000, 60), even(6000, 10_000, 400)])
    curve = light_curve(times, span_s=10_000)
    assert curve.n_changes == 1
    assert curve.blocks.stop_s[0] == pytest.approx(6000, abs=60)
    np.testing.assert_allclose(curve.blocks.rate, [0.01, 0.1], rtol=0.02)
    assert curve.blocks.counts.sum() == curve.n_events == 460
    np.testing.assert_allclose(
        curve.blocks.below, gehrels_errors(curve.blocks.counts)[0] / (curve.blocks.stop_s - curve.blocks.start_s)
    )


def test_an_even_source_is_one_block_and_its_bins_hold_every_event():
    curve = light_curve(even(0, 5000, 200), span_s=5000)
    assert curve.n_changes == 0
    assert curve.blocks.rate[0] == pytest.approx(0.04)
    assert curve.bins.counts.sum() == 200
    np.testing.assert_array_equal(curve.bins.start_s[1:], curve.bins.stop_s[:-1])


def test_constant_poisson_sources_raise_no_more_false_alarms_than_stated():
    rng = np.random.default_rng(1)
    changed = [
        light_curve(rng.uniform(0, 1e4, rng.poisson(120)), span_s=1e4, false_alarm=0.05).n_changes for _ in range(200)
    ]
    assert np.mean(np.array(changed) > 0) < 0.10


def test_a_source_that_falls_silent_is_seen_to_do_so():
    curve = light_curve(even(0, 1000, 80), span_s=10_000)
    assert curve.n_changes == 1
    # An edge lies between two events, so the silence begins with the last one.
    assert curve.blocks.counts.tolist() == [79, 1]
    assert curve.blocks.start_s[1] == pytest.approx(1000, abs=20)
    assert curve.blocks.stop_s[1] == 10_000


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 150), p=st.sampled_from([0.01, 0.05, 0.3]))
def test_blocks_are_those_of_astropy_between_the_first_event_and_the_last(seed, n, p):
    rng = np.random.default_rng(seed)
    times = np.sort(np.concatenate([rng.uniform(0, 100, n), rng.uniform(40, 50, n // 2)]))
    ours = block_edges(times, start_s=times[0], stop_s=times[-1], false_alarm=p)
    np.testing.assert_allclose(ours, bayesian_blocks(times, fitness="events", p0=p))


def test_many_events_are_joined_into_cells_without_moving_the_step(monkeypatch):
    times = np.concatenate([even(0, 5000, 300), even(5000, 10_000, 1500)])
    full = block_edges(times, start_s=0, stop_s=10_000)
    monkeypatch.setattr(module, "MAX_CELLS", 200)
    joined = block_edges(times, start_s=0, stop_s=10_000)
    assert len(full) == len(joined) == 3
    assert joined[1] == pytest.approx(full[1], abs=150)


def test_photons_outside_the_observation_are_left_out_and_few_are_no_curve():
    assert light_curve(np.linspace(1, 9, MIN_EVENTS - 1), span_s=10) is None
    assert light_curve([*np.linspace(1, 9, MIN_EVENTS), 11, -1], span_s=10).n_events == MIN_EVENTS
    assert light_curve([3.0] * 40, span_s=10).n_changes >= 0  # all at one readout


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="must end after"):
        light_curve([1, 2, 3], span_s=0)
    with pytest.raises(ValueError, match="false_alarm"):
        light_curve([1, 2, 3], span_s=5, false_alarm=1.5)


def test_errors_of_counts_are_those_of_the_table():
    """Gehrels 1986, tables 1 and 2, one sigma: limits of 0, 1, 5, 10 and 100 counts."""
    n = np.array([0, 1, 5, 10, 100])
    below, above = gehrels_errors(n)
    np.testing.assert_allclose(n + above, [1.841, 3.300, 8.382, 14.27, 111.0], rtol=0.02)
    np.testing.assert_allclose((n - below)[1:], [0.173, 2.840, 6.891, 90.02], rtol=0.04)
    with pytest.raises(ValueError, match="not negative"):
        gehrels_errors([-1])
