"""A mixture of experts that hears one expert per variable: the one whose estimates go best with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Expert of a variable for which none can be judged.
NO_EXPERT = -1
_LEAST_SOURCES = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpertChoice:
    """Which expert is heard for each variable.

    Attributes
    ----------
    chosen : ndarray of int64, shape (n_variables,)
        Position of the expert; `NO_EXPERT` where none can be judged.
    pearson : ndarray of float64, shape (n_experts, n_variables)
        What the choice was made by; NaN where an expert's estimates or the truth are constant, or fewer than three
        sources have all of them.
    n : ndarray of int64, shape (n_variables,)
        Sources that the choice was made on.
    """

    chosen: NDArray[np.int64]
    pearson: NDArray[np.float64]
    n: NDArray[np.int64]

    def mix(self, estimates: ArrayLike) -> NDArray[np.float64]:
        """Of each variable the chosen expert's estimates.

        Parameters
        ----------
        estimates : array_like, shape (n_experts, n, n_variables)
            Of any sources, by the experts that the choice was made among.

        Returns
        -------
        ndarray of float64, shape (n, n_variables)
            NaN for a variable without expert.
        """
        told = _estimates(estimates)
        if told.shape[0] != len(self.pearson) or told.shape[2] != len(self.chosen):
            raise ValueError(
                f"estimates must have shape ({len(self.pearson)}, n, {len(self.chosen)}), not {told.shape}"
            )
        mixed = np.full(told.shape[1:], np.nan)
        for variable, expert in enumerate(self.chosen):
            if expert != NO_EXPERT:
                mixed[:, variable] = told[expert, :, variable]
        return mixed


def choose_experts(estimates: ArrayLike, truth: ArrayLike) -> ExpertChoice:
    """For each variable choose the expert with the greatest Pearson correlation between its estimates and the truth.

    Parameters
    ----------
    estimates : array_like, shape (n_experts, n, n_variables)
        Of sources that nothing was fitted to and that judge nothing afterwards (the validation split); NaN where an
        expert does not answer. All experts are judged by the sources that all of them answer.
    truth : array_like, shape (n, n_variables)
        NaN where unknown.

    Returns
    -------
    ExpertChoice
        Of equals the first is chosen.

    Raises
    ------
    ValueError
        If the shapes disagree.
    """
    told, true = _estimates(estimates), np.asarray(truth, dtype=np.float64)
    if told.shape[1:] != true.shape:
        raise ValueError(f"estimates {told.shape} must be one matrix like truth {true.shape} for each expert")
    usable = np.isfinite(true) & np.isfinite(told).all(axis=0)
    pearson = np.full((len(told), true.shape[1]), np.nan)
    for variable in range(true.shape[1]):
        rows = usable[:, variable]
        for expert in range(len(told)):
            pearson[expert, variable] = _pearson(told[expert, rows, variable], true[rows, variable])
    known = np.isfinite(pearson).any(axis=0)
    best = np.where(np.isfinite(pearson), pearson, -np.inf).argmax(axis=0)
    return ExpertChoice(chosen=np.where(known, best, NO_EXPERT), pearson=pearson, n=usable.sum(axis=0))


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if len(a) < _LEAST_SOURCES:
        return float("nan")
    x, y = a - a.mean(), b - b.mean()
    spread = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / spread) if spread > 0 else float("nan")


def _estimates(estimates: ArrayLike) -> NDArray[np.float64]:
    told = np.asarray(estimates, dtype=np.float64)
    if told.ndim != 3 or len(told) == 0:
        raise ValueError(f"estimates must have shape (n_experts, n, n_variables), not {told.shape}")
    return told
