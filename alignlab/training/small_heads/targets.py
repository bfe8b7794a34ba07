"""What heads estimate: variables on the scale that suits them, and classes as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.variables import VARIABLES

#: Quantile of the positive values of a logarithmic variable below which it is drawn linearly, where zeros occur.
_SOFTENING_QUANTILE = 0.1
#: Class of a source about whose class nothing is known.
UNKNOWN = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class VariableScales:
    """Variables ↔ standardised values on each variable's scale (`alignlab.variables`).

    A logarithmic variable is log10(x); where zeros occur (N_H), and for the scale "asinh", it is asinh(x / s), linear
    below *s* and logarithmic above. *s* is the tenth percentile of the positive training values, or their median for
    the scale "asinh". Missing values stay missing.

    Attributes
    ----------
    softening : ndarray, shape (20,)
        *s*; 0 for the pure logarithm, NaN for a linear variable.
    mean, std : ndarray, shape (20,)
        Of the training values on that scale; NaN for a variable that no training source has.
    """

    softening: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @classmethod
    def fit(cls, values: ArrayLike) -> VariableScales:
        """Learn from the training values, shape (n, 20), NaN where missing."""
        columns = _variable_matrix(values).T
        softening = np.array([_softening(v.scale, c[np.isfinite(c)]) for v, c in zip(VARIABLES, columns, strict=True)])
        unit = cls(softening=softening, mean=np.zeros(len(VARIABLES)), std=np.ones(len(VARIABLES)))
        scaled = unit.forward(values)
        known = np.isfinite(scaled)
        n = known.sum(axis=0)
        mean = np.divide(np.where(known, scaled, 0).sum(axis=0), n, out=np.full(n.shape, np.nan), where=n > 0)
        squares = np.where(known, (scaled - mean) ** 2, 0).sum(axis=0)
        std = np.sqrt(np.divide(squares, n, out=np.full(n.shape, np.nan), where=n > 0))
        return cls(softening=softening, mean=mean, std=np.where(std > 0, std, np.where(n > 0, 1, np.nan)))

    def forward(self, values: ArrayLike) -> NDArray[np.float64]:
        """Standardised values on the variables' scales; NaN where missing, or where a logarithm does not exist."""
        scaled = _variable_matrix(values)
        for i, s in enumerate(self.softening):
            if s > 0:
                scaled[:, i] = np.arcsinh(scaled[:, i] / s)
            elif s == 0:
                column = scaled[:, i]
                scaled[:, i] = np.log10(column, out=np.full_like(column, np.nan), where=column > 0)
        return (scaled - self.mean) / self.std

    def inverse(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values in the variables' units, within their valid ranges, from standardised ones of shape (..., 20)."""
        values = scaled * self.std + self.mean
        for i, (variable, s) in enumerate(zip(VARIABLES, self.softening, strict=True)):
            column = np.clip(values[..., i], -700, 300)
            if s > 0:
                column = np.sinh(column) * s
            elif s == 0:
                column = 10.0**column
            values[..., i] = np.clip(column, *variable.valid_range)
        return values


def _softening(scale: str, known: NDArray[np.float64]) -> float:
    if scale == "linear":
        return float("nan")
    positive = known[known > 0]
    if scale == "log" and len(positive) == len(known):
        return 0.0
    quantile = _SOFTENING_QUANTILE if scale == "log" else 0.5
    return float(np.quantile(positive, quantile)) if len(positive) else 1.0


def _variable_matrix(values: ArrayLike) -> NDArray[np.float64]:
    matrix = np.array(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(VARIABLES):
        raise ValueError(f"variables must have shape (n, {len(VARIABLES)}), not {matrix.shape}")
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def class_numbers(names: ArrayLike, training: NDArray[np.bool_]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Number the classes of the training sources.

    Parameters
    ----------
    names : array_like of str, shape (n,)
        Empty where the class is not known.
    training : ndarray of bool, shape (n,)

    Returns
    -------
    classes : tuple of str
        In alphabetical order.
    numbers : ndarray of int64, shape (n,)
        Position in `classes`; `UNKNOWN` for a source without class, or of one that no training source has.
    """
    labels = np.asarray(names, dtype=str)
    classes = tuple(sorted({str(name) for name in labels[training]} - {""}))
    position = {name: i for i, name in enumerate(classes)}
    return classes, np.array([position.get(str(name), UNKNOWN) for name in labels], np.int64)


def rows_by_known_target(target: NDArray[np.float64]) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Rows that have a variable, with the variables for which these are the rows: each needs one fit."""
    present = np.isfinite(target)
    patterns: dict[bytes, list[int]] = {}
    for column in range(present.shape[1]):
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    return [(np.flatnonzero(present[:, columns[0]]), columns) for columns in patterns.values()]
