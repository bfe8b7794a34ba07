"""Do intervals hold what they promise? The mixture's, as its neighbours spread and calibrated, and small heads'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.mean_errors import binomial_interval
from alignlab.services.evaluate.figure import plain
from alignlab.services.evaluate.parameters_estimates import ExpertAnswers, Questions, spread_quantiles
from alignlab.services.evaluate.parameters_json import numbers
from alignlab.services.evaluate.parameters_text import ROUNDING, TOLERANCE
from alignlab.training.small_heads.intervals import LEVELS, calibrate, proper_quantiles
from alignlab.training.small_heads.intervals import coverage as covered
from alignlab.training.small_heads.targets import VariableScales
from alignlab.variables import VARIABLE_NAMES


@dataclass(frozen=True, eq=False, kw_only=True)
class Intervals:
    """Intervals of the judged sources.

    Attributes
    ----------
    limits : ndarray, shape (n_judged, 20, 5)
        Quantiles in the variables' units.
    covered : ndarray of bool, shape (2, n_judged, 20)
        Whether the truth lies within, for each of `LEVELS`.
    """

    limits: NDArray[np.float64]
    covered: NDArray[np.bool_]


def mixture_intervals(
    questions: Questions, value: NDArray[np.float64], chosen: NDArray[np.int64], scales: VariableScales
) -> Intervals:
    """The mixture's intervals, stretched to cover what they promise on the tuning splits (split-conformal).

    Parameters
    ----------
    value : ndarray, shape (n_asked, 20)
        The mixture's estimates.
    chosen : ndarray of int, shape (20,)
        Its experts.
    """
    truth = scales.forward(questions.context.survey.variables[questions.asked])
    quantiles = proper_quantiles(spread_quantiles(questions, value, chosen, scales))
    n = len(questions.judged)
    judged = calibrate(quantiles[n:], truth[n:]).stretch(quantiles[:n])
    in_units = np.moveaxis(scales.inverse(np.moveaxis(judged, 2, 0)), 0, 2)
    # On the scale on which they were calibrated: there, a truth that is the estimate stays so to the last digit.
    hits = np.stack([covered(judged, truth[:n], level) for level in range(len(LEVELS))])
    return Intervals(limits=in_units, covered=hits)


def heads_intervals(quantiles: NDArray[np.float64], truth: NDArray[np.float64]) -> Intervals:
    """Intervals (n_judged, 20, 5) of small heads, which are calibrated already."""
    return Intervals(
        limits=quantiles, covered=np.stack([covered(quantiles, truth, level) for level in range(len(LEVELS))])
    )


def spread_covered(answers: ExpertAnswers, chosen: NDArray[np.int64], truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the truth (n_judged, 20) lies within the 68% spread of the neighbours as it is."""
    n = len(truth)
    low, high = (
        np.stack([x[max(e, 0), :n, v] for v, e in enumerate(chosen)], axis=1) for x in (answers.low, answers.high)
    )
    return np.asarray((truth >= low) & (truth <= high))


def coverage_figures(intervals: Intervals, truth: NDArray[np.float64]) -> dict[str, dict[str, Any]]:
    """For each variable ``n``, coverage at ``68`` and ``95`` with binomial intervals, half the typical 68% width."""
    usable = np.isfinite(truth) & np.isfinite(intervals.limits).all(axis=2)
    width = np.where(usable, (intervals.limits[..., 3] - intervals.limits[..., 1]) / 2, np.nan)
    shares = [share_figures(hits, usable) for hits in intervals.covered]
    return {
        name: {
            "n": int(usable[:, i].sum()),
            "68": shares[0][i],
            "95": shares[1][i],
            "half_width": plain(np.median(width[usable[:, i], i])) if usable[:, i].any() else None,
        }
        for i, name in enumerate(VARIABLE_NAMES)
    }


def share_figures(hits: NDArray[np.bool_], usable: NDArray[np.bool_]) -> list[list[float] | None]:
    """Share of hits among the usable sources of each variable, ``[value, low, high]``; None where there are none."""
    n, k = usable.sum(axis=0), (hits & usable).sum(axis=0)
    low, high = binomial_interval(k, n)
    return [numbers(k[i] / n[i], low[i], high[i]) if n[i] else None for i in range(len(n))]


def within_tolerance(figures: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Of how many variables the coverage lies within `TOLERANCE` of what is promised, at each level and at both."""
    near = {
        str(round(100 * level)): {
            name
            for name, told in figures.items()
            if told[str(round(100 * level))] and abs(told[str(round(100 * level))][0] - level) <= TOLERANCE + ROUNDING
        }
        for level in LEVELS
    }
    return {**{level: len(names) for level, names in near.items()}, "both": len(near["68"] & near["95"])}
