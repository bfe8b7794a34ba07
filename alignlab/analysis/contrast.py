"""A selection against the rest: how far each variable is shifted, how large the effect is, how likely by chance.

All columns are sorted once; a selection then costs one pass over the sorted rows and no sorting.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

#: Two-sided normal quantile of the 95% intervals.
_Z = 1.959963984540054
#: The p-value is exact where the smaller group is no larger than this and no two values are equal.
EXACT_UP_TO = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class Contrast:
    """A selection compared with the rest, one entry per variable; NaN where one side has no value.

    Attributes
    ----------
    n_selected, n_rest : ndarray of int64
        How many have a value.
    median_selected, median_rest : ndarray of float64
        In the variable's unit.
    delta, delta_low, delta_high : ndarray of float64
        Cliff's delta, from -1 to 1, with its 95% interval: the probability that a source of the selection has a larger
        value than one of the rest, less the probability that it has a smaller one. NaN limits with one source a side.
    p_value : ndarray of float64
        Two-sided, of Mann & Whitney's test; never 0.
    exact : ndarray of bool
        Whether it was counted out; otherwise normal approximation, corrected for ties and continuity.
    p_corrected : ndarray of float64
        After Holm 1979, for `n_tests`.
    """

    n_selected: NDArray[np.int64]
    n_rest: NDArray[np.int64]
    median_selected: NDArray[np.float64]
    median_rest: NDArray[np.float64]
    delta: NDArray[np.float64]
    delta_low: NDArray[np.float64]
    delta_high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    exact: NDArray[np.bool_]
    p_corrected: NDArray[np.float64]

    @property
    def shift(self) -> NDArray[np.float64]:
        """Median of the selection less that of the rest."""
        return self.median_selected - self.median_rest

    @property
    def n_tests(self) -> int:
        """Number of variables that could be tested."""
        return int(np.isfinite(self.p_value).sum())


class RankedVariables:
    """Variables of a survey in order of their values, ready to be compared for any selection.

    Parameters
    ----------
    values : array_like, shape (n, m)
        NaN (or infinity) where a source has no value: it then counts on neither side.

    Raises
    ------
    ValueError
        If `values` is not two-dimensional.
    """

    def __init__(self, values: ArrayLike) -> None:
        values = np.asarray(values, dtype=np.float32)
        if values.ndim != 2:
            raise ValueError(f"values must be two-dimensional (sources, variables), not of shape {values.shape}")
        self.n_sources = len(values)
        self._columns = [_Column.of(values[:, number]) for number in range(values.shape[1])]

    def contrast(self, mask: ArrayLike) -> Contrast:
        """Compare the sources of `mask`, bool of shape (n,), with all others.

        Raises
        ------
        ValueError
            If `mask` is not boolean or of another length.
        """
        mask = np.asarray(mask)
        if mask.shape != (self.n_sources,) or mask.dtype != bool:
            raise ValueError(f"mask must be bool of shape ({self.n_sources},), not {mask.dtype} of {mask.shape}")
        found = [column.compare(mask) for column in self._columns]
        table = np.array([[c[name] for name in _FIGURES] for c in found], np.float64).reshape(len(found), len(_FIGURES))
        figures = dict(zip(_FIGURES, table.T, strict=True))
        n_selected, n_rest = (figures.pop(name).astype(np.int64) for name in ("n_selected", "n_rest"))
        exact = figures.pop("exact").astype(bool)
        corrected = holm(figures["p_value"])
        return Contrast(n_selected=n_selected, n_rest=n_rest, exact=exact, p_corrected=corrected, **figures)


_FIGURES = (
    "n_selected", "n_rest", "median_selected", "median_rest", "delta", "delta_low", "delta_high", "p_value", "exact",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Column:
    """One variable, sorted: rows that have a value, the distinct values, and where each of them starts."""

    rows: NDArray[np.int32]
    distinct: NDArray[np.float32]
    starts: NDArray[np.int32]
    ties: float

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> _Column:
        present = np.flatnonzero(np.isfinite(values))
        rows = present[np.argsort(values[present], kind="stable")]
        ordered = values[rows]
        first = np.ones(len(ordered), bool)
        first[1:] = ordered[1:] != ordered[:-1]
        starts = np.append(np.flatnonzero(first), len(ordered))
        size = np.diff(starts).astype(np.float64)
        return cls(rows.astype(np.int32), ordered[first], starts.astype(np.int32), float((size**3 - size).sum()))

    def compare(self, mask: NDArray[np.bool_]) -> dict[str, float]:
        below = np.concatenate([[0], np.cumsum(mask[self.rows], dtype=np.int32)])[self.starts]
        selected = np.diff(below)
        n1, n2 = int(selected.sum()), len(self.rows) - int(selected.sum())
        rest = np.diff(self.starts) - selected
        found = dict.fromkeys(_FIGURES, np.nan) | {"n_selected": n1, "n_rest": n2, "exact": False}
        found["median_selected"], found["median_rest"] = self._median(below[1:]), self._median(np.cumsum(rest))
        if n1 == 0 or n2 == 0:
            return found
        # Place of each distinct value within the other group, in sources: half of its equals lie below it.
        place_in_rest = (self.starts - below)[:-1] + rest / 2
        place_in_selection = below[:-1] + selected / 2
        u = float(place_in_rest @ selected)
        spread = _spread(place_in_rest / n2, selected, n1), _spread(place_in_selection / n1, rest, n2)
        found["delta"] = delta = 2 * u / (n1 * n2) - 1
        found["delta_low"], found["delta_high"] = _interval(delta, spread, n1, n2)
        found["exact"] = exact = min(n1, n2) <= EXACT_UP_TO and self.ties == 0
        found["p_value"] = _exact_p(u, n1, n2) if exact else _normal_p(u, n1, n2, self.ties)
        return found

    def _median(self, up_to: NDArray[np.integer]) -> float:
        """Median of a group from how many of it lie at or below each distinct value."""
        n = int(up_to[-1]) if len(up_to) else 0
        if n == 0:
            return np.nan
        low, high = np.searchsorted(up_to, [(n - 1) // 2, n // 2], side="right")
        return (float(self.distinct[low]) + float(self.distinct[high])) / 2


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number so that the chance of any false alarm is bounded (Holm 1979).

    Parameters
    ----------
    p_values : array_like, shape (m,)
        NaN where there was no test: it does not count.
    """
    p = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    order = np.argsort(p)[: np.isfinite(p).sum()]  # NaN sorts last
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return corrected


def _spread(place: NDArray[np.float64], times: NDArray[np.integer], n: int) -> float:
    """Sample variance of values that occur `times` each, `n` in all."""
    if n < 2:
        return np.nan
    mean = float(place @ times) / n
    return float(((place - mean) ** 2) @ times) / (n - 1)


def _interval(delta: float, spread: tuple[float, float], n1: int, n2: int) -> tuple[float, float]:
    """95% interval of Cliff's delta, asymmetric so that it stays within -1 and 1 (Feng & Cliff 2004).

    Where all sources of one group have the same place in the other (no overlap, or equal values), the spread of places
    says nothing about the uncertainty: then Newcombe's interval.
    """
    if not np.isfinite(sum(spread)):
        return np.nan, np.nan
    if min(spread) <= 1e-12:
        return 2 * _newcombe_low((1 + delta) / 2, n1, n2) - 1, 1 - 2 * _newcombe_low((1 - delta) / 2, n1, n2)
    z2 = 4 * _Z**2 * (spread[0] / n1 + spread[1] / n2)
    centre, width = delta - delta**3, np.sqrt(z2 * ((1 - delta**2) ** 2 + z2))
    scale = 1 - delta**2 + z2
    return float((centre - width) / scale), float((centre + width) / scale)


def _newcombe_low(share: float, n1: int, n2: int) -> float:
    """Lower 95% limit of the probability that one value exceeds another (Newcombe 2006, method 5)."""
    if share <= 0:
        return 0.0
    middle = (n1 + n2) / 2 - 1

    def excess(t: float) -> float:
        variance = t * (1 - t) * (1 + middle * ((1 - t) / (2 - t) + t / (1 + t))) / (n1 * n2)
        return (share - t) ** 2 - _Z**2 * variance

    return float(brentq(excess, 0, min(share, 1 - 1e-9)))


def _normal_p(u: float, n1: int, n2: int, ties: float) -> float:
    n = n1 + n2
    variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)))
    if variance <= 0:
        return 1.0
    z = max(abs(u - n1 * n2 / 2) - 0.5, 0) / np.sqrt(variance)
    return max(float(2 * ndtr(-z)), np.finfo(np.float64).tiny)


def _exact_p(u: float, n1: int, n2: int) -> float:
    tail = _exact_distribution(min(n1, n2), max(n1, n2))[: int(min(u, n1 * n2 - u)) + 1]
    return min(1.0, 2 * float(tail.sum()))


@lru_cache(maxsize=64)
def _exact_distribution(n1: int, n2: int) -> NDArray[np.float64]:
    """Probability of each value of U, shape (n1 n2 + 1,), when both groups are drawn from the same values.

    The number of ways is a Gaussian binomial coefficient, built one factor (1 - q^(n2 + i)) / (1 - q^i) at a time. It
    is symmetric: only the lower half is computed, where nothing cancels.
    """
    ways = np.ones(1)
    for i in range(1, n1 + 1):
        degree = i * n2
        half = np.zeros(degree // 2 + 1)
        known = min(len(ways), len(half))
        half[:known] = ways[:known]
        if (moved := len(half) - (n2 + i)) > 0:
            half[n2 + i :] -= ways[:moved]
        for first in range(i):
            half[first::i] = np.cumsum(half[first::i])
        ways = np.concatenate([half, half[: degree + 1 - len(half)][::-1]])
    probability = ways / ways.sum()
    probability.flags.writeable = False
    return probability
