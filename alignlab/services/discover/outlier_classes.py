"""Outlier scores class by class: median, spread and number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Distribution of a score among the sources of one class.

    Attributes
    ----------
    source_class : str
    n : int
        Sources with a score.
    median, low, high : float
        Of the score; low and high enclose the middle 68% (16th and 84th percentile).
    median_error : float
        Half of the 68% interval of the median, from the order of the scores; NaN for fewer than three.
    """

    source_class: str
    n: int
    median: float
    low: float
    high: float
    median_error: float

    @property
    def width(self) -> float:
        """Distance from `low` to `high`."""
        return self.high - self.low


def class_scores(classes: NDArray[np.str_], scores: NDArray[np.float32]) -> list[ClassScores]:
    """Distribution of a score in every class that has one, by descending median.

    Parameters
    ----------
    classes : ndarray of str, shape (n,)
    scores : ndarray of float32, shape (n,)
        NaN where unknown.
    """
    found = []
    for name in np.unique(classes):
        values = np.sort(scores[(classes == name) & ~np.isnan(scores)].astype(np.float64))
        if not len(values):
            continue
        low, median, high = np.percentile(values, [16, 50, 84])
        found.append(
            ClassScores(
                source_class=str(name),
                n=len(values),
                median=float(median),
                low=float(low),
                high=float(high),
                median_error=_median_error(values),
            )
        )
    return sorted(found, key=lambda each: -each.median)


def _median_error(ordered: NDArray[np.float64]) -> float:
    """Half the distance between the scores one standard deviation of the median's rank below and above it."""
    n = len(ordered)
    if n < 3:
        return float("nan")
    below, above = np.interp((n - 1) / 2 + np.array([-0.5, 0.5]) * np.sqrt(n), np.arange(n), ordered)
    return float(above - below) / 2
