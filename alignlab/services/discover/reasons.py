"""Why a source is strange: the latents, variables and energy bands that set it apart, and what it is nearest to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.services.workspace import Workspace

if TYPE_CHECKING:
    from alignlab.services.discover.outliers import OutlierScores


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


@dataclass(frozen=True, eq=False, kw_only=True)
class OutlierReasons:
    """Everything that is told of why a source is strange.

    Attributes
    ----------
    index : int
    name, source_class : str
    method : str
        Whose score is explained.
    percentile : float
        Of its score; NaN where it has none.
    sentence : str
        All of it in one.
    latents : tuple of LatentReason
        Largest contribution first.
    spectrum_share : float
        Share of what sets it apart in the forest that lies in the spectrum's half of the latents; NaN where the
        representation has one half.
    variables : tuple of VariableReason
        All that can be compared, largest difference first.
    bands : tuple of BandReason
        Most significant first; empty where nothing stands out.
    spectrum : SpectrumComparison or None
        None where only a shape is known or too few normal sources have counts.
    nearest_normal : NearestNormal or None
    step : float
        How far towards the nearest normal source the forest first calls it normal, 0 to 1; 0 where it is normal
        already, NaN where it never does.
    changes : tuple of Change
        Of variables, over that way, largest first.
    kinds : tuple of KindShare
        Classes of its neighbours by spectrum and by text, most frequent first.
    """

    index: int
    name: str
    source_class: str
    method: str
    percentile: float
    sentence: str
    latents: tuple[LatentReason, ...]
    spectrum_share: float
    variables: tuple[VariableReason, ...]
    bands: tuple[BandReason, ...]
    spectrum: SpectrumComparison | None
    nearest_normal: NearestNormal | None
    step: float
    changes: tuple[Change, ...]
    kinds: tuple[KindShare, ...]


def outlier_reasons(
    workspace: Workspace, index: int, scores: OutlierScores, *, method: str = "combined"
) -> OutlierReasons:
    """Say why source `index` of the workspace's survey is strange.

    What does not depend on the source is made once per survey, run and representation and shared by all threads.

    Parameters
    ----------
    workspace : Workspace
    index : int
    scores : OutlierScores
        Of this survey and run.
    method : str
        Whose ranking is explained: sources below its 90th percentile are the normal ones.

    Raises
    ------
    AlignlabError
        If there is no such source or method.
    """
    raise NotImplementedError
