"""How the 20 variables are distributed among all sources and among those of a class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.store.survey import Survey
from alignlab.variables import VARIABLES, Variable

#: A percentile among fewer sources than this says nothing.
FEWEST_FOR_RANK = 20
STRIP_BINS = 48
_LINEAR, _MARGIN = "linear", 0.02


@dataclass(frozen=True, kw_only=True)
class Rank:
    """Where a value stands among others.

    Attributes
    ----------
    percent : float
        Share of the others below it, ties counted half, in percent; NaN where they are too few or it is missing.
    n : int
        How many others have a value.
    """

    percent: float
    n: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Strip:
    """Histograms of a variable on the axis that suits it.

    Attributes
    ----------
    low, high : float
        Ends of the axis on the variable's scale, which `position` maps to 0 and 1.
    logarithmic : bool
    everything, same_class : ndarray of float64, shape (STRIP_BINS,)
        Sources in each bin, the fullest bin within the ends being 1; zeros where there are none.
    """

    low: float
    high: float
    logarithmic: bool
    everything: NDArray[np.float64]
    same_class: NDArray[np.float64]

    def position(self, value: float) -> float:
        """Place of a value along the axis, from 0 to 1; values beyond an end stand at it; NaN stays NaN."""
        placed = _scaled(np.array([value]), logarithmic=self.logarithmic)[0]
        if np.isneginf(placed):
            return 0.0
        return float(np.clip((placed - self.low) / (self.high - self.low), 0, 1)) if np.isfinite(placed) else np.nan


class VariableDistributions:
    """Sorted values of the variables of a survey, computed once and asked often.

    Parameters
    ----------
    survey : Survey
        Whose sources are "all".
    """

    def __init__(self, survey: Survey) -> None:
        self._values = survey.variables
        self._class = survey.sources["source_class"].to_numpy(dtype=object)
        self._sorted = tuple(_finite_sorted(column) for column in self._values.T)
        self._by_class: dict[str, tuple[NDArray[np.float32], ...]] = {}
        self._strips: dict[tuple[int, str], Strip] = {}

    def _of_class(self, source_class: str) -> tuple[NDArray[np.float32], ...]:
        if source_class not in self._by_class:
            rows = self._values[self._class == source_class] if source_class else self._values[:0]
            self._by_class[source_class] = tuple(_finite_sorted(column) for column in rows.T)
        return self._by_class[source_class]

    def rank_among_all(self, variable: int, value: float) -> Rank:
        """Rank of a value of the variable at this position of `VARIABLES` among all sources."""
        return _rank(self._sorted[variable], value)

    def rank_in_class(self, variable: int, value: float, source_class: str) -> Rank:
        """Rank among the sources of a class; an empty class has none."""
        return _rank(self._of_class(source_class)[variable], value)

    def strip(self, variable: int, source_class: str) -> Strip:
        """Histograms of the variable at this position of `VARIABLES`."""
        key = (variable, source_class)
        if key not in self._strips:
            self._strips[key] = _strip(
                VARIABLES[variable], self._sorted[variable], self._of_class(source_class)[variable]
            )
        return self._strips[key]


def _finite_sorted(column: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sort(column[np.isfinite(column)])


def _rank(others: NDArray[np.float32], value: float) -> Rank:
    if not np.isfinite(value) or len(others) < FEWEST_FOR_RANK:
        return Rank(percent=float("nan"), n=len(others))
    value32 = np.float32(value)
    middle = np.searchsorted(others, value32, "left") + np.searchsorted(others, value32, "right")
    return Rank(percent=float(100 * middle / (2 * len(others))), n=len(others))


def _strip(variable: Variable, everything: NDArray[np.float32], same_class: NDArray[np.float32]) -> Strip:
    logarithmic = variable.scale != _LINEAR
    placed = _scaled(everything, logarithmic=logarithmic)
    placed = placed[np.isfinite(placed)]
    low, high = np.percentile(placed, [0.5, 99.5]) if placed.size else (0.0, 1.0)
    margin = _MARGIN * (high - low) or 0.5
    low, high = float(low - margin), float(high + margin)
    edges = np.linspace(low, high, STRIP_BINS + 1)

    def shares(values: NDArray[np.float32]) -> NDArray[np.float64]:
        held = np.histogram(np.clip(_scaled(values, logarithmic=logarithmic), low, high), edges)[0].astype(np.float64)
        # The ends also hold what lies beyond them, such as zeros on a logarithmic axis: they must not flatten the rest.
        fullest = held[1:-1].max() or held.max()
        return np.minimum(held / fullest, 1) if fullest else held

    return Strip(
        low=low, high=high, logarithmic=logarithmic, everything=shares(everything), same_class=shares(same_class)
    )


def _scaled(values: NDArray, *, logarithmic: bool) -> NDArray[np.float64]:
    """Values on the axis; what a logarithm cannot show becomes minus infinity, which is its lower end."""
    values = np.asarray(values, dtype=np.float64)
    if not logarithmic:
        return values
    positive = np.where(values > 0, values, 1.0)
    return np.where(values > 0, np.log10(positive), np.where(np.isnan(values), np.nan, -np.inf))
