"""How degrees are distributed, over all sources of a network and over its classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.retrieval import Interval, share_interval
from alignlab.store.survey import Survey

#: A degree above this percentile of all is high.
HIGH_PERCENTILE = 90


@dataclass(frozen=True, kw_only=True)
class ClassDegrees:
    """Degrees of the sources of one class.

    Attributes
    ----------
    source_class : str
        Empty for sources that have not been classified.
    n : int
    mean, mean_error : float
        Mean degree and its standard error; the error is NaN for a single source.
    median : float
    n_isolated : int
        Sources without an edge.
    n_high : int
        Sources of high degree.
    share_high : float
        `n_high` over `n`.
    share_interval : tuple of float
        95% interval of this share (Wilson).
    """

    source_class: str
    n: int
    mean: float
    mean_error: float
    median: float
    n_isolated: int
    n_high: int
    share_high: float
    share_interval: Interval


@dataclass(frozen=True, kw_only=True)
class DegreeTable:
    """Degrees by class.

    Attributes
    ----------
    classes : tuple of ClassDegrees
        By falling share of high degree, then by falling mean.
    high_above : float
        A degree above this is high: the 90th percentile of all degrees.
    n, n_high : int
        Sources, and those of high degree.
    """

    classes: tuple[ClassDegrees, ...]
    high_above: float
    n: int
    n_high: int


@dataclass(frozen=True, eq=False, kw_only=True)
class DegreeDistribution:
    """How many sources have which degree, in bins that grow by a fixed factor.

    Attributes
    ----------
    low, high : ndarray of int64, shape (n_bins,)
        Smallest and largest degree of each bin, from 1 up.
    n_sources : ndarray of int64, shape (n_bins,)
    n_isolated : int
        Sources of degree 0, which has no place on a logarithmic axis.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    n_sources: NDArray[np.int64]
    n_isolated: int


def degree_table(
    survey: Survey, rows: NDArray[np.int64], degree: NDArray[np.int64], *, high_percentile: float = HIGH_PERCENTILE
) -> DegreeTable:
    """Degrees by object type: count, mean degree, share of high degree.

    Parameters
    ----------
    survey : Survey
    rows : ndarray of int, shape (n,)
        `source_index` of the network's sources.
    degree : ndarray of int, shape (n,)
        Their degrees.
    high_percentile : float
        A degree above this percentile of all is high. Since degrees are whole numbers, fewer sources than the rest
        of 100% may be above it.
    """
    classes = survey.sources["source_class"].astype(str).to_numpy()[rows]
    high_above = float(np.percentile(degree, high_percentile))
    found = [_of_class(name, degree[classes == name], high_above) for name in np.unique(classes)]
    return DegreeTable(
        classes=tuple(sorted(found, key=lambda row: (-row.share_high, -row.mean))),
        high_above=high_above,
        n=len(degree),
        n_high=int((degree > high_above).sum()),
    )


def degree_distribution(degree: NDArray[np.int64], *, bins_per_decade: int = 8) -> DegreeDistribution:
    """Count degrees in logarithmic bins; where these are narrower than 1, each degree has its own."""
    largest = int(degree.max(initial=1))
    edges = 10 ** (np.arange(0, np.log10(largest + 1) * bins_per_decade + 1) / bins_per_decade)
    low = np.unique(np.ceil(edges - 1e-9).astype(np.int64))
    low = low[low <= max(largest, 1)]
    return DegreeDistribution(
        low=low,
        high=np.append(low[1:] - 1, max(largest, 1)),
        n_sources=np.histogram(degree, bins=np.append(low, largest + 1))[0],
        n_isolated=int((degree == 0).sum()),
    )


def _of_class(source_class: str, degree: NDArray[np.int64], high_above: float) -> ClassDegrees:
    n, n_high = len(degree), int((degree > high_above).sum())
    return ClassDegrees(
        source_class=str(source_class),
        n=n,
        mean=float(degree.mean()),
        mean_error=float(degree.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan"),
        median=float(np.median(degree)),
        n_isolated=int((degree == 0).sum()),
        n_high=n_high,
        share_high=n_high / n,
        share_interval=share_interval(n_high, n),
    )
