from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from alignlab.spectra.variability import MIN_EVENTS, gregory_loredo

EXPOSURE_S = 20_000.0


def ragged(sources: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate(sources), np.r_[0, np.cumsum([len(s) for s in sources])]


def arrivals(rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Events of a light curve given as expected counts per equal step of the exposure."""
    counts = rng.poisson(rate)
    step = EXPOSURE_S / len(rate)
    return (np.repeat(np.arange(len(rate)), counts) + rng.random(counts.sum())) * step


def constant(events: float, rng: np.random.Generator) -> np.ndarray:
    return arrivals(np.full(1000, events / 1000), rng)


def exact_probability(times: np.ndarray, max_bins: int) -> float:
    """The definition, in rational numbers."""
    odds = []
    for m in range(2, max_bins + 1):
        counts = np.histogram(times, bins=np.linspace(0, EXPOSURE_S, m + 1))[0].tolist()
        n = sum(counts)
        numerator = m**n * math.factorial(m - 1) * math.prod(math.factorial(c) for c in counts)
        odds.append(Fraction(numerator, math.factorial(n + m - 1)))
    averages = [sum(odds[: i + 1]) / (i + 1) for i in range(len(odds))]
    last = max(i for i, a in enumerate(averages) if float(a / max(averages)) >= math.exp(-0.5))
    return float(averages[last] / (1 + averages[last]))


def test_probability_equals_the_definition_in_exact_arithmetic() -> None:
    rng = np.random.default_rng(1)
    sources = [constant(n, rng) for n in (8, 20, 60, 150)]
    sources.append(arrivals(np.r_[np.full(500, 0.02), np.full(500, 0.1)], rng))
    times, offsets = ragged(sources)
    probability, _ = gregory_loredo(times, offsets, stop_s=EXPOSURE_S, max_bins=10)
    assert probability == pytest.approx([exact_probability(s, 10) for s in sources], rel=1e-5)


def test_constant_sources_are_rarely_called_variable() -> None:
    rng = np.random.default_rng(2)
    times, offsets = ragged([constant(n, rng) for n in np.geomspace(10, 3000, 600)])
    probability, index = gregory_loredo(times, offsets, stop_s=EXPOSURE_S)
    assert np.mean(probability > 0.9) < 0.03
    assert np.mean(index >= 6) < 0.03
    assert 0.1 < np.median(probability) < 0.5
    bright = gregory_loredo(*ragged([constant(200_000, rng)]), stop_s=EXPOSURE_S)[0]
    assert bright[0] < 0.1


@pytest.mark.parametrize("shape", ["flare", "dip", "slow pulsation", "state change"])
def test_variable_sources_are_found(shape: str) -> None:
    rng = np.random.default_rng(3)
    phase = np.linspace(0, 1, 1000)
    rate = {
        "flare": 1 + 8 * np.exp(-np.clip(phase - 0.6, 0, None) / 0.05) * (phase > 0.6),
        "dip": np.where(np.abs(phase - 0.3) < 0.08, 0.1, 1.0),
        "slow pulsation": 1 + 0.8 * np.sin(2 * np.pi * 5 * phase),
        "state change": np.where(phase < 0.4, 1.0, 2.0),
    }[shape]
    times, offsets = ragged([arrivals(0.6 * rate / rate.mean(), rng) for _ in range(20)])
    probability, index = gregory_loredo(times, offsets, stop_s=EXPOSURE_S)
    assert np.mean(probability > 0.99) >= 0.9
    assert np.median(index) >= 7


def test_stronger_variability_has_a_higher_index() -> None:
    rng = np.random.default_rng(4)
    step = np.where(np.linspace(0, 1, 1000) < 0.5, 0.5, 1.5)
    times, offsets = ragged([arrivals(n / 1000 * step, rng) for n in (30, 100, 300, 1000, 3000)])
    _, index = gregory_loredo(times, offsets, stop_s=EXPOSURE_S)
    assert np.all(np.diff(index) >= 0)
    assert index[-1] == 10


def test_index_follows_from_probability_and_odds() -> None:
    rng = np.random.default_rng(5)
    step = np.where(np.linspace(0, 1, 1000) < 0.5, 0.75, 1.25)
    sources = [arrivals(n / 1000 * step, rng) for n in np.geomspace(10, 2000, 800)]
    probability, index = gregory_loredo(*ragged(sources), stop_s=EXPOSURE_S)
    assert np.all(index[probability <= 0.5] == 0)
    assert set(index[(probability > 0.5) & (probability < 0.6)]) <= {1, 3}
    assert set(index[(probability >= 0.6) & (probability < 0.6666)]) <= {1, 4}
    assert set(index[(probability > 0.6667) & (probability < 0.9)]) <= {2, 5}
    assert np.all(index[(probability > 0.9001) & (probability < 0.99)] == 6)
    assert set(index[probability > 0.9902]) <= {7, 8, 9, 10}


def test_clock_and_order_do_not_matter() -> None:
    rng = np.random.default_rng(6)
    sources = [constant(n, rng) for n in (12, 80, 700)]
    times, offsets = ragged(sources)
    expected = gregory_loredo(times, offsets, stop_s=EXPOSURE_S)
    shuffled = ragged([rng.permutation(s) for s in sources])
    stretched = gregory_loredo(1e8 + 7 * times, offsets, start_s=1e8, stop_s=1e8 + 7 * EXPOSURE_S)
    for result in (gregory_loredo(*shuffled, stop_s=EXPOSURE_S), stretched):
        np.testing.assert_allclose(result[0], expected[0], rtol=1e-4)
        np.testing.assert_array_equal(result[1], expected[1])


def test_sources_do_not_see_each_other_and_stray_events_are_ignored() -> None:
    rng = np.random.default_rng(7)
    sources = [constant(n, rng) for n in rng.integers(10, 400, 40)]
    exposures = np.full(40, EXPOSURE_S)
    together = gregory_loredo(*ragged(sources), stop_s=exposures)
    alone = [gregory_loredo(*ragged([np.r_[s, -5.0, EXPOSURE_S + 1]]), stop_s=EXPOSURE_S) for s in sources]
    np.testing.assert_allclose(together[0], [a[0][0] for a in alone], rtol=1e-6)
    np.testing.assert_array_equal(together[1], [a[1][0] for a in alone])


def test_too_few_events_give_nan() -> None:
    few, enough = np.linspace(1, 100, MIN_EVENTS - 1), np.linspace(1, 100, MIN_EVENTS)
    probability, index = gregory_loredo(*ragged([few, enough, np.array([])]), stop_s=EXPOSURE_S)
    assert np.isnan(probability).tolist() == [True, False, True]
    assert np.isnan(index).tolist() == [True, False, True]
    assert gregory_loredo(np.array([]), np.array([0]), stop_s=EXPOSURE_S)[0].shape == (0,)


@pytest.mark.parametrize(
    ("offsets", "settings", "message"),
    [
        ([0, 3], {"stop_s": 1.0}, "offsets"),
        ([0, 5], {"stop_s": -1.0}, "stop_s"),
        ([0, 5], {"stop_s": 1.0, "max_bins": 1}, "max_bins"),
    ],
)
def test_bad_input_is_refused(offsets: list[int], settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gregory_loredo(np.linspace(0, 1, 5), offsets, **settings)
