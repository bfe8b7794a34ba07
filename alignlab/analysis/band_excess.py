"""Energy bands in which a spectrum holds more or fewer counts than those of like sources predict.

Bins are joined until each is expected to hold enough counts; then every run of adjacent bins is asked, and the most
significant ones that do not overlap are told, whatever their widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

#: Counts that a joined bin is expected to hold at least, and how many joined bins there are at most.
LEAST_EXPECTED, MOST_BINS = 8.0, 60


@dataclass(frozen=True, eq=False, kw_only=True)
class Prediction:
    """Counts of a source, and what other sources predict for them, in b bins.

    Attributes
    ----------
    counts, expected : ndarray, shape (b,)
        Observed, and predicted with its background.
    others : ndarray, shape (k, b)
        What each other source predicts by itself, without background.
    noise : ndarray, shape (k, b)
        Variance of `others` from their own Poisson noise.
    """

    counts: NDArray[np.float64]
    expected: NDArray[np.float64]
    others: NDArray[np.float64]
    noise: NDArray[np.float64]

    def joined(self, starts: NDArray[np.intp]) -> Prediction:
        """The same in wider bins, each from one of `starts` to the next."""
        return Prediction(
            counts=np.add.reduceat(self.counts, starts),
            expected=np.add.reduceat(self.expected, starts),
            others=np.add.reduceat(self.others, starts, axis=1),
            noise=np.add.reduceat(self.noise, starts, axis=1),
        )

    @property
    def variance(self) -> NDArray[np.float64]:
        """Of the prediction, (b,): how much others differ beyond their noise, and the noise of their mean."""
        return spread_variance(self.others, self.noise)


@dataclass(frozen=True, kw_only=True)
class Excess:
    """A run of bins, ``first`` to ``stop - 1``, that differs from its prediction; `sigma` is negative for a deficit."""

    first: int
    stop: int
    counts: float
    expected: float
    sigma: float


def spread_variance(others: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of predictions (k, ...) beyond their noise (k, ...), and that of the mean's noise."""
    k = len(others)
    return np.maximum(others.var(axis=0) - noise.mean(axis=0), 0.0) + noise.sum(axis=0) / k**2


def signed_sigma(
    counts: NDArray[np.float64], expected: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Significance of counts, in Gaussian standard deviations.

    The signed root of the Poisson deviance (Cash 1979), exact enough for few counts, diminished by the share that the
    prediction's own `variance` has in the whole.
    """
    safe = np.maximum(expected, 1e-9)
    deviance = 2 * np.maximum(xlogy(counts, counts / safe) - (counts - safe), 0.0)
    return np.sign(counts - safe) * np.sqrt(deviance * safe / (safe + variance))


def joined_starts(expected: NDArray[np.float64], *, least: float = LEAST_EXPECTED) -> NDArray[np.intp]:
    """First bins of groups that are each expected to hold at least `least` counts, `MOST_BINS` groups at most."""
    wanted = max(least, float(expected.sum()) / MOST_BINS)
    starts, held = [0], 0.0
    for number, value in enumerate(expected):
        if held >= wanted:
            starts.append(number)
            held = 0.0
        held += float(value)
    if held < wanted and len(starts) > 1:
        starts.pop()
    return np.array(starts, np.intp)


def notable_bands(prediction: Prediction, *, least_sigma: float, most: int) -> list[Excess]:
    """Runs of bins that differ by at least `least_sigma`, the most significant first, `most` of them at most.

    Runs that overlap a more significant one are left out.
    """
    n_bins = len(prediction.counts)
    first, last = np.triu_indices(n_bins)
    counts, expected = (_runs(values[None], first, last)[0] for values in (prediction.counts, prediction.expected))
    variance = spread_variance(_runs(prediction.others, first, last), _runs(prediction.noise, first, last))
    sigma = signed_sigma(counts, expected, variance)
    found: list[Excess] = []
    taken = np.zeros(n_bins, bool)
    for run in np.argsort(-np.abs(sigma), kind="stable"):
        if abs(sigma[run]) < least_sigma or len(found) == most:
            break
        bins = slice(first[run], last[run] + 1)
        if not taken[bins].any():
            taken[bins] = True
            found.append(
                Excess(
                    first=int(first[run]), stop=int(last[run]) + 1, counts=float(counts[run]),
                    expected=float(expected[run]), sigma=float(sigma[run]),
                )
            )  # fmt: skip
    return found


def _runs(values: NDArray[np.float64], first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums of (k, b) over runs of bins, (k, runs)."""
    below = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return below[:, last + 1] - below[:, first]
