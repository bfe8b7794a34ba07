"""Light curves typical of each class, and photon arrival times drawn from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIGHT_CURVES = ("constant", "flare", "pulsation", "dip", "state change", "stochastic")
#: Time bins in which every light curve but the pulsation is tabulated.
N_TIME_BINS = 512

#: Share of each class's sources that vary visibly within one observation, by kind. Set so that the share with a
#: variability index of 6 or more comes near that of the real detections: one in ten of all, four in ten HMXBs, three
#: LMXBs, two CVs, one star, half in twenty pulsars; flaring young stars after Getman et al. (2005).
VARIABLE_SHARES: dict[str, dict[str, float]] = {
    "AGN": {"stochastic": 0.12, "state change": 0.01},
    "obscured AGN": {"stochastic": 0.04, "state change": 0.01},
    "QSO": {"stochastic": 0.04},
    "star": {"flare": 0.20},
    "YSO": {"flare": 0.38},
    "HMXB": {"pulsation": 0.30, "flare": 0.10, "state change": 0.08, "stochastic": 0.25},
    "LMXB": {"dip": 0.10, "state change": 0.08, "stochastic": 0.22, "flare": 0.03},
    "CV": {"pulsation": 0.25, "dip": 0.11, "stochastic": 0.18},
    "ULX": {"stochastic": 0.12, "dip": 0.03, "state change": 0.03},
    "pulsar": {"pulsation": 0.60, "stochastic": 0.03, "flare": 0.01},
    "SNR": {},
    "galaxy cluster": {},
}
#: Range of the amplitude by kind: peak over quiescence less one (flare), pulsed fraction, depth, ratio less one,
#: fractional standard deviation; drawn uniformly in its logarithm.
AMPLITUDES: dict[str, tuple[float, float]] = {
    "constant": (0.0, 0.0),
    "flare": (1.0, 15.0),
    "pulsation": (0.1, 0.7),
    "dip": (0.3, 0.98),
    "state change": (0.5, 4.0),
    "stochastic": (0.12, 0.6),
}


@dataclass(frozen=True, eq=False)
class LightCurves:
    """One light curve per source.

    Attributes
    ----------
    kind : ndarray of str, shape (n,)
        One of `LIGHT_CURVES`.
    amplitude : ndarray of float64, shape (n,)
        See `AMPLITUDES`.
    period_s : ndarray of float64, shape (n,)
        Period of pulsations and of repeating dips; NaN elsewhere.
    exposure_s : ndarray of float64, shape (n,)
        Length of the observation.
    shape : ndarray of float64, shape (n, 4)
        Four uniform random numbers that fix where things happen: start, duration, phase, number.
    """

    kind: NDArray[np.str_]
    amplitude: NDArray[np.float64]
    period_s: NDArray[np.float64]
    exposure_s: NDArray[np.float64]
    shape: NDArray[np.float64]


def draw_kinds(source_class: str, n: int, *, rng: np.random.Generator) -> NDArray[np.str_]:
    """Draw which light curve each of `n` sources of a class has (`VARIABLE_SHARES`)."""
    shares = VARIABLE_SHARES[source_class]
    chance = [*shares.values(), 1.0 - sum(shares.values())]
    return np.array([*shares, "constant"], dtype="<U16")[rng.choice(len(chance), size=n, p=chance)]


def draw_amplitudes(kind: NDArray[np.str_], *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw an amplitude for each light curve, uniform in its logarithm (`AMPLITUDES`); 0 where constant."""
    low, high = (np.array([max(AMPLITUDES[k][end], 1e-9) for k in kind]) for end in (0, 1))
    amplitude = low * (high / low) ** rng.random(len(kind))
    return np.where(kind == "constant", 0.0, amplitude)


def relative_rates(curves: LightCurves, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rate in `N_TIME_BINS` equal time bins relative to its mean over the observation.

    A pulsation is returned as its average over each bin (nearly constant when fast); `arrival_times` does it exactly.

    Parameters
    ----------
    curves : LightCurves
        Of n sources.
    rng : numpy.random.Generator
        For the phases of the stochastic ones.

    Returns
    -------
    ndarray of float64, shape (n, N_TIME_BINS)
    """
    time = (np.arange(N_TIME_BINS) + 0.5) / N_TIME_BINS
    rates = np.ones((len(curves.kind), N_TIME_BINS))
    tabulated = {"flare": _flare, "dip": _dip, "state change": _state_change, "pulsation": _pulsation}
    for kind, function in tabulated.items():
        rows = np.flatnonzero(curves.kind == kind)
        rates[rows] = function(time, _rows(curves, rows))
    rows = np.flatnonzero(curves.kind == "stochastic")
    rates[rows] = _red_noise(curves.amplitude[rows], rng)
    return rates / rates.mean(axis=1, keepdims=True)


def _rows(curves: LightCurves, rows: NDArray[np.int_]) -> LightCurves:
    return LightCurves(
        *(getattr(curves, name)[rows] for name in ("kind", "amplitude", "period_s", "exposure_s", "shape"))
    )


def _flare(time: NDArray[np.float64], curves: LightCurves) -> NDArray[np.float64]:
    start, duration, delay, number = curves.shape.T[:, :, None]
    decay = 0.02 * 10**duration
    rate = np.ones((len(curves.kind), len(time)))
    for offset, height, present in ((0.0, 1.0, 0.0), (0.25 + 0.3 * delay, 0.5, 0.6)):
        since = time - (0.08 + 0.6 * start + offset)
        profile = np.where(
            since < 0, np.exp(np.minimum(since, 0) / (0.2 * decay)), np.exp(-np.maximum(since, 0) / decay)
        )
        rate += np.where(number >= present, height, 0.0) * curves.amplitude[:, None] * profile
    return rate


def _dip(time: NDArray[np.float64], curves: LightCurves) -> NDArray[np.float64]:
    start, width, _, _ = curves.shape.T[:, :, None]
    period = np.where(np.isnan(curves.period_s), np.inf, curves.period_s)[:, None]
    repeat = np.minimum(period / curves.exposure_s[:, None], 1.0)
    phase = (time / repeat - start) % 1.0
    half_width = 0.05 + 0.10 * width
    distance = np.abs(phase - 0.5)
    return 1.0 - curves.amplitude[:, None] / (1.0 + np.exp((distance - half_width) / 0.01))


def _state_change(time: NDArray[np.float64], curves: LightCurves) -> NDArray[np.float64]:
    moment, speed, direction, _ = curves.shape.T[:, :, None]
    sign = np.where(direction < 0.5, -1.0, 1.0)
    rise = 1.0 / (1.0 + np.exp(np.clip(-sign * (time - 0.2 - 0.6 * moment) / (0.005 + 0.05 * speed), -60, 60)))
    return 1.0 + curves.amplitude[:, None] * rise


def _pulsation(time: NDArray[np.float64], curves: LightCurves) -> NDArray[np.float64]:
    edges = np.linspace(0, 1, len(time) + 1) * curves.exposure_s[:, None]
    return np.diff(_pulse_integral(edges, curves), axis=1) / np.diff(edges, axis=1)


def _pulse_integral(time_s: NDArray[np.float64], curves: LightCurves) -> NDArray[np.float64]:
    """Integral from 0 to `time_s` of 1 + A cos(2 pi t / P + phase)."""
    phase, frequency = 2 * np.pi * curves.shape[:, 2:3], 2 * np.pi / curves.period_s[:, None]
    swing = np.sin(frequency * time_s + phase) - np.sin(phase)
    return time_s + curves.amplitude[:, None] * swing / frequency


def _red_noise(rms: NDArray[np.float64], rng: np.random.Generator, *, slope: float = 1.8) -> NDArray[np.float64]:
    """Exponentiated Gaussian noise with power falling as frequency^-slope (Uttley, McHardy & Vaughan 2005)."""
    frequency = np.fft.rfftfreq(2 * N_TIME_BINS, 1.0 / (2 * N_TIME_BINS))[1:]
    shape = (len(rms), len(frequency))
    wave = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * frequency ** (-slope / 2)
    noise = np.fft.irfft(np.concatenate([np.zeros((len(rms), 1)), wave], axis=1), axis=1)[:, :N_TIME_BINS]
    noise -= noise.mean(axis=1, keepdims=True)
    noise *= np.sqrt(np.log1p(rms**2))[:, None] / noise.std(axis=1, keepdims=True)
    return np.exp(noise)


def arrival_times(
    curves: LightCurves,
    n_photons: NDArray[np.int64],
    *,
    constant_share: NDArray[np.float64] | float = 0.0,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw arrival times by inverting each light curve's cumulative rate.

    Parameters
    ----------
    curves : LightCurves
        Of n sources.
    n_photons : ndarray of int64, shape (n,)
        Photons of each source.
    constant_share : ndarray of float64, shape (n,), or float
        Share of the photons that are background and arrive evenly.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float64, shape (sum of n_photons,)
        Seconds since the start, source after source, increasing within each.
    """
    source = np.repeat(np.arange(len(n_photons)), n_photons)
    share = np.broadcast_to(np.asarray(constant_share, float), np.shape(n_photons))
    # Sorting (source + uniform) orders the times of every source at once; the integer part is the source again.
    fraction = np.sort(source + rng.random(len(source))) - source
    fraction = np.clip(fraction, 0.0, 1.0)
    tabulated = np.flatnonzero(~np.isin(curves.kind, ["constant", "pulsation"]))
    starts = np.concatenate([[0], np.cumsum(n_photons)])
    if len(tabulated):
        rates = relative_rates(_rows(curves, tabulated), rng=rng)
        cumulative = np.cumsum(rates * (1 - share[tabulated, None]) + share[tabulated, None], axis=1) / N_TIME_BINS
        grid = np.linspace(0, 1, N_TIME_BINS + 1)
        for row, index in enumerate(tabulated):
            part = slice(starts[index], starts[index + 1])
            fraction[part] = np.interp(
                fraction[part], np.concatenate([[0.0], cumulative[row]]) / cumulative[row, -1], grid
            )
    time = fraction * np.repeat(curves.exposure_s, n_photons)
    for index in np.flatnonzero(curves.kind == "pulsation"):
        part = slice(starts[index], starts[index + 1])
        time[part] = _pulsed_times(fraction[part], _rows(curves, np.array([index])), share[index])
    return time


def _pulsed_times(fraction: NDArray[np.float64], curves: LightCurves, share: float) -> NDArray[np.float64]:
    """Invert the cumulative rate of a pulsation by bisection between its exact bounds."""
    diluted = LightCurves(curves.kind, curves.amplitude * (1 - share), curves.period_s, curves.exposure_s, curves.shape)
    total = _pulse_integral(curves.exposure_s[:, None], diluted)[0, 0]
    target = fraction * total
    swing = diluted.amplitude[0] * diluted.period_s[0] / np.pi
    low, high = np.clip(target - swing, 0, curves.exposure_s[0]), np.clip(target + swing, 0, curves.exposure_s[0])
    for _ in range(30):
        middle = (low + high) / 2
        below = _pulse_integral(middle[None], diluted)[0] < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
