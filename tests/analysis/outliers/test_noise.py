"""The misfit in units of noise, on Poisson spectra of known shapes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from alignlab.analysis.outliers.noise import (
    BINS_IN_BAND,
    _cash_moments,
    band_dispersion,
    expected_counts,
    noise_excess,
)
from alignlab.analysis.reconstruction import on_observed_scale
from alignlab.spectra.grid import energy_grid, rebin_counts
from alignlab.spectra.response import CHANNEL_EDGES_KEV

GRID = energy_grid()
CENTRES = 0.5 * (CHANNEL_EDGES_KEV[1:] + CHANNEL_EDGES_KEV[:-1])
#: A power law, an absorbed one with a line, and a soft thermal shape, in counts per channel.
SHAPES = {
    "power law": CENTRES**-1.2,
    "absorbed with a line": CENTRES**-1.0 * np.exp(-((2.0 / CENTRES) ** 3))
    + 0.3 * np.exp(-(((CENTRES - 6.4) / 0.1) ** 2)),
    "soft": np.exp(-CENTRES / 0.5),
}


def spectra(shape: np.ndarray, total: float, *, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Observed and expected counts per bin of `n` realisations with so many counts expected."""
    inside = (CHANNEL_EDGES_KEV[:-1] > 0.5) & (CHANNEL_EDGES_KEV[1:] < 8)
    rate = np.where(inside, shape, 0)
    rate = total * rate / rate.sum()
    observed = np.random.default_rng(seed).poisson(rate, size=(n, len(rate)))
    expected = rebin_counts(rate[None], CHANNEL_EDGES_KEV, GRID)
    return rebin_counts(observed, CHANNEL_EDGES_KEV, GRID), np.repeat(expected, n, axis=0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("total", [60, 250, 1_000, 5_000])
def test_pure_noise_scatters_alike_around_zero_at_any_number_of_counts(shape, total):
    observed, expected = spectra(SHAPES[shape], total, n=2_000)
    excess = noise_excess(observed, on_observed_scale(expected, observed), grid=GRID)
    assert abs(excess.mean()) < 0.2
    assert 0.85 < excess.std() < 1.15
    assert np.percentile(excess, 99) < 3.1


def test_a_line_that_the_reconstruction_lacks_stands_out_the_more_the_brighter_the_source():
    lacking = SHAPES["absorbed with a line"] - 0.3 * np.exp(-(((CENTRES - 6.4) / 0.1) ** 2))
    medians = []
    for total in (100, 1_000, 10_000):
        observed, _ = spectra(SHAPES["absorbed with a line"], total, n=100)
        _, expected = spectra(lacking, total, n=100)
        medians.append(np.median(noise_excess(observed, on_observed_scale(expected, observed), grid=GRID)))
    assert medians[0] < medians[1] < medians[2]
    assert medians[2] > 10


def test_another_response_changes_nothing_where_the_reconstruction_knows_of_it():
    observed, expected = spectra(SHAPES["power law"], 400, n=50)
    ratio = np.repeat(np.linspace(0.5, 8, GRID.n_bins, dtype=np.float32)[None], 50, axis=0)
    plain = noise_excess(observed, on_observed_scale(expected, observed), grid=GRID)
    scaled = on_observed_scale(expected * ratio, observed * ratio)
    np.testing.assert_allclose(noise_excess(observed, scaled, grid=GRID, response_ratio=ratio), plain, atol=1e-3)


def test_expected_counts_are_as_many_as_observed_ones_and_never_negative():
    observed = np.array([[0.0, 4.0, 2.0, 2.0]])
    expected = expected_counts(observed, np.array([[-0.2, 1.0, 0.5, 0.5]]))
    np.testing.assert_allclose(expected, [[0, 4, 2, 2]])


def test_a_spectrum_without_counts_has_no_misfit():
    nothing = np.zeros((1, GRID.n_bins), np.float32)
    assert np.isnan(noise_excess(nothing, nothing, grid=GRID)).all()


def test_shapes_that_disagree_are_refused():
    with pytest.raises(ValueError, match="400 columns"):
        noise_excess(np.ones((2, 400)), np.ones((2, 399)), grid=GRID)


def test_channels_across_two_bands_make_their_noise_smaller_as_simulated():
    rate = np.full(len(CENTRES), 20.0)
    counts = np.random.default_rng(1).poisson(rate, size=(4_000, len(rate)))
    bands = rebin_counts(counts, CHANNEL_EDGES_KEV, GRID).reshape(4_000, -1, BINS_IN_BAND).sum(axis=2)
    inside = slice(1, -1)  # the first and last band have channels that the simulator does not count
    measured = bands.var(axis=0) / bands.mean(axis=0)
    np.testing.assert_allclose(measured[inside], band_dispersion(GRID)[inside], atol=0.1)


@pytest.mark.parametrize("mean", [0.01, 0.7, 6.0, 200.0])
def test_mean_and_variance_of_the_statistic_are_those_of_poisson_counts(mean):
    logarithm, expected, variance = _cash_moments()
    count = poisson.rvs(mean, size=400_000, random_state=1)
    statistic = 2 * (mean - count + np.where(count > 0, count * np.log(np.maximum(count, 1) / mean), 0))
    assert np.interp(np.log(mean), logarithm, expected) == pytest.approx(statistic.mean(), rel=0.03)
    assert np.interp(np.log(mean), logarithm, variance) == pytest.approx(statistic.var(), rel=0.06)
