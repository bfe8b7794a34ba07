"""What is told of why a source is strange, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LatentReason:
    """One number of a source's latent vector that sets it apart.

    Attributes
    ----------
    name : str
        Such as ``spectrum 12`` or ``text 40``: in which half of the representation, and which number.
    contribution : float
        By how much it shortens the source's path through the isolation forest, as a share of the usual path length.
    sigma : float
        Its difference from the nearest normal sources in units of their spread.
    """

    name: str
    contribution: float
    sigma: float


@dataclass(frozen=True, kw_only=True)
class VariableReason:
    """A variable of a source beside those of its nearest normal sources and of its class.

    Attributes
    ----------
    name : str
        In `alignlab.variables`.
    value, low, high : float
        With its 68% interval, NaN where it has none.
    normal, normal_low, normal_high : float
        Median and 68% range of the nearest normal sources.
    sigma : float
        Difference in robust standard deviations, spread and the source's own error together.
    n_normal : int
        Nearest normal sources that have it.
    class_percentile : float
        Among sources of its class, 0 to 100; NaN without class.
    n_class : int
    """

    name: str
    value: float
    low: float
    high: float
    normal: float
    normal_low: float
    normal_high: float
    sigma: float
    n_normal: int
    class_percentile: float
    n_class: int


@dataclass(frozen=True, kw_only=True)
class BandReason:
    """An energy band that holds more or fewer counts than the nearest normal sources' mean spectrum predicts.

    Attributes
    ----------
    start_kev, stop_kev : float
    counts, expected : float
        Observed, and predicted for this source's number of counts, its background included.
    sigma : float
        Difference in standard deviations of Poisson noise and of the spread among normal sources.
    """

    start_kev: float
    stop_kev: float
    counts: float
    expected: float
    sigma: float


@dataclass(frozen=True, kw_only=True)
class NearestNormal:
    """The nearest source that is not strange, of similar counts.

    Attributes
    ----------
    index : int
    name, source_class : str
    counts, similarity, percentile : float
        Percentile of its outlier score.
    """

    index: int
    name: str
    source_class: str
    counts: float
    similarity: float
    percentile: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a variable would have to become for the source to be normal.

    Attributes
    ----------
    name : str
    now, then : float
        As its place among the sources tells it, and at the place where the forest first calls it normal.
    sigma : float
        The change in standard deviations of the survey.
    """

    name: str
    now: float
    then: float
    sigma: float


@dataclass(frozen=True, kw_only=True)
class KindShare:
    """A class among the neighbours of a source.

    Attributes
    ----------
    by : {"spectrum", "text"}
    source_class : str
    share : float
        0 to 1, of the neighbours whose class is known.
    n : int
        Neighbours whose class is known.
    """

    by: str
    source_class: str
    share: float
    n: int


@dataclass(frozen=True, eq=False, kw_only=True)
class SpectrumComparison:
    """A source's counts in bins beside those that its nearest normal sources predict.

    Attributes
    ----------
    edges_kev : ndarray, shape (b + 1,)
    counts, expected, spread : ndarray, shape (b,)
        Observed, predicted, and the standard deviation of the prediction among normal sources; in counts.
    n_normal : int
    """

    edges_kev: NDArray[np.float64]
    counts: NDArray[np.float64]
    expected: NDArray[np.float64]
    spread: NDArray[np.float64]
    n_normal: int
