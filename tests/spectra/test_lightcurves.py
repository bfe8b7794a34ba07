"""Arrival times follow the light curves that they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.spectra.lightcurves import (
    LIGHT_CURVES,
    N_TIME_BINS,
    VARIABLE_SHARES,
    LightCurves,
    arrival_times,
    draw_amplitudes,
    draw_kinds,
    relative_rates,
)
from alignlab.spectra.population import CLASSES

EXPOSURE = 20_000.0


def curve(kind: str, amplitude: float, *, period: float = np.nan, shape: tuple[float, ...] = (0.3,) * 4) -> LightCurves:
    return LightCurves(
        kind=np.array([kind]),
        amplitude=np.array([amplitude]),
        period_s=np.array([period]),
        exposure_s=np.array([EXPOSURE]),
        shape=np.array([shape]),
    )


def drawn(curves: LightCurves, n: int, **options: float) -> np.ndarray:
    return arrival_times(curves, np.array([n]), rng=np.random.default_rng(1), **options)


def test_every_class_has_known_kinds_and_chances() -> None:
    assert set(VARIABLE_SHARES) == set(CLASSES)
    for name, shares in VARIABLE_SHARES.items():
        assert set(shares) <= set(LIGHT_CURVES)
        kinds = draw_kinds(name, 4000, rng=np.random.default_rng(2))
        assert np.mean(kinds == "constant") == pytest.approx(1 - sum(shares.values()), abs=0.03)
        assert ((draw_amplitudes(kinds, rng=np.random.default_rng(2)) == 0) == (kinds == "constant")).all()


def test_a_constant_source_is_uniform() -> None:
    time = drawn(curve("constant", 0.0), 5000)
    assert stats.kstest(time / EXPOSURE, "uniform").pvalue > 1e-3
    assert (np.diff(time) >= 0).all()


@pytest.mark.parametrize("period", [3.0, 750.0, 30_000.0])
def test_a_pulsation_follows_its_cosine(period: float) -> None:
    amplitude, phase = 0.6, 2 * np.pi * 0.3
    time = drawn(curve("pulsation", amplitude, period=period), 40_000)

    def cumulative(t: np.ndarray) -> np.ndarray:
        integral = t + amplitude * period / (2 * np.pi) * (np.sin(2 * np.pi * t / period + phase) - np.sin(phase))
        total = EXPOSURE + amplitude * period / (2 * np.pi) * (
            np.sin(2 * np.pi * EXPOSURE / period + phase) - np.sin(phase)
        )
        return integral / total

    assert stats.kstest(time, cumulative).pvalue > 1e-3
    if period < EXPOSURE / 10:
        angle = 2 * np.pi * time / period + phase
        assert 2 * np.cos(angle).mean() == pytest.approx(amplitude, abs=0.03)


def test_a_flare_decays_exponentially() -> None:
    curves = curve("flare", 10.0, shape=(0.3, 0.5, 0.0, 0.0))
    rate = relative_rates(curves, rng=np.random.default_rng(1))[0]
    quiet, peak = np.median(rate[:40]), rate.argmax()
    assert rate.max() / quiet == pytest.approx(11.0, rel=0.1)
    decay = 0.02 * 10**0.5
    later = peak + round(decay * N_TIME_BINS)
    assert (rate[later] - quiet) / (rate[peak] - quiet) == pytest.approx(np.exp(-1), rel=0.1)


def test_a_dip_has_its_depth_and_repeats() -> None:
    rate = relative_rates(curve("dip", 0.9, period=EXPOSURE / 4), rng=np.random.default_rng(1))[0]
    assert rate.min() / rate.max() == pytest.approx(0.1, abs=0.02)
    below = rate < 0.5 * rate.max()
    assert np.count_nonzero(np.diff(below.astype(int)) == 1) in (3, 4, 5)


def test_a_state_change_has_two_levels() -> None:
    rate = relative_rates(curve("state change", 2.0), rng=np.random.default_rng(1))[0]
    assert rate.max() / rate.min() == pytest.approx(3.0, rel=0.03)
    assert np.mean((rate > 1.05 * rate.min()) & (rate < 0.95 * rate.max())) < 0.3


def test_red_noise_has_its_scatter_and_slope() -> None:
    n = 400
    curves = LightCurves(
        np.full(n, "stochastic"), np.full(n, 0.3), np.full(n, np.nan), np.full(n, EXPOSURE), np.zeros((n, 4))
    )
    rate = relative_rates(curves, rng=np.random.default_rng(1))
    assert rate.std(axis=1).mean() == pytest.approx(0.3, rel=0.1)
    power = (np.abs(np.fft.rfft(np.log(rate), axis=1)) ** 2).mean(axis=0)
    frequency = np.arange(len(power))
    slope = np.polyfit(np.log(frequency[4:100]), np.log(power[4:100]), 1)[0]
    assert -2.1 < slope < -1.5


@pytest.mark.parametrize("kind", ["flare", "dip", "state change"])
def test_times_follow_the_tabulated_rate(kind: str) -> None:
    curves = curve(kind, 0.8, period=EXPOSURE / 3)
    rate = relative_rates(curves, rng=np.random.default_rng(1))[0]
    time = drawn(curves, 50_000)
    observed = np.histogram(time, bins=32, range=(0, EXPOSURE))[0]
    expected = rate.reshape(32, -1).sum(axis=1) / rate.sum() * 50_000
    assert ((observed - expected) ** 2 / expected).sum() < stats.chi2.ppf(0.9999, 31)


def test_background_dilutes_a_pulsation() -> None:
    time = drawn(curve("pulsation", 0.8, period=100.0), 40_000, constant_share=0.5)
    angle = 2 * np.pi * (time / 100.0 + 0.3)
    assert 2 * np.cos(angle).mean() == pytest.approx(0.4, abs=0.03)


def test_many_sources_at_once_stay_apart() -> None:
    n = 50
    curves = LightCurves(
        np.array([LIGHT_CURVES[i % len(LIGHT_CURVES)] for i in range(n)]),
        np.full(n, 0.5),
        np.full(n, 40.0),
        np.linspace(1000, 50_000, n),
        np.random.default_rng(3).random((n, 4)),
    )
    counts = np.arange(n) * 3
    time = arrival_times(curves, counts, rng=np.random.default_rng(4))
    for i, part in enumerate(np.split(time, np.cumsum(counts)[:-1])):
        assert len(part) == counts[i]
        assert ((part >= 0) & (part <= curves.exposure_s[i])).all()
        assert (np.diff(part) >= 0).all()
