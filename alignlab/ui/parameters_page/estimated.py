"""The judged sources of one variable: what was measured, what the mixture estimates, how far apart they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES, Variable, variable

#: Residuals beyond so many half-widths have the colour of this many.
MOST_HALF_WIDTHS = 3.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimated:
    """Sources that have the variable; every array has shape (n,).

    Attributes
    ----------
    variable : Variable
    softening : float or None
        Of the scale on which intervals were calibrated, see `ValueAxis`.
    rows : ndarray of int64
        Of the survey.
    names : ndarray of str
    truth, value, low, high : ndarray of float64
        In the variable's unit; the limits are those of the calibrated 68% interval.
    """

    variable: Variable
    softening: float | None
    rows: NDArray[np.int64]
    names: NDArray[np.str_]
    truth: NDArray[np.float64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def within(self) -> NDArray[np.bool_]:
        """Whether the truth lies within the interval, as far as its kept digits tell."""
        slack = 1e-3 * np.maximum(np.abs(self.low), np.abs(self.high))
        return np.asarray((self.truth >= self.low - slack) & (self.truth <= self.high + slack))

    @property
    def half_widths(self) -> NDArray[np.float64]:
        """Measured less estimated value, in half-widths of the interval on that side; clipped."""
        residual = self.truth - self.value
        width = np.where(residual >= 0, self.high - self.value, self.value - self.low)
        told = np.divide(residual, width, out=np.sign(residual) * MOST_HALF_WIDTHS, where=width > 0)
        return np.clip(told, -MOST_HALF_WIDTHS, MOST_HALF_WIDTHS)


def estimated(figures: Mapping[str, Any], survey: Survey, name: str) -> Estimated:
    """The judged sources that have the variable `name` and an estimate of it."""
    rows = np.asarray(figures["rows"], dtype=np.int64)
    kept = {key: np.array(figures["estimates"][name][key], dtype=np.float64) for key in ("value", "low", "high")}
    truth = survey.variables[rows, VARIABLE_NAMES.index(name)].astype(np.float64)
    known = np.isfinite(truth) & np.isfinite([*kept.values()]).all(axis=0)
    return Estimated(
        variable=variable(name),
        softening=figures["softening"][name],
        rows=rows[known],
        names=survey.sources["name"].to_numpy()[rows[known]].astype(np.str_),
        truth=truth[known],
        **{key: values[known] for key, values in kept.items()},
    )
