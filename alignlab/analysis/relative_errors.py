"""Errors of many variables in one figure: each over that of always answering the training mean, then averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.mean_errors import mean_over_variables, ratio

_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, eq=False, kw_only=True)
class AbsoluteErrors:
    """Absolute errors of each source and variable; both arrays have shape (n, v) and are zero where not known.

    Attributes
    ----------
    error : ndarray of float64
        Of the estimate.
    baseline : ndarray of float64
        Of the training mean.
    """

    error: NDArray[np.float64]
    baseline: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.error)


def absolute_errors(estimates: ArrayLike, truth: ArrayLike, training: ArrayLike) -> AbsoluteErrors:
    """Errors of estimates, and of always answering the training mean, where both truth and estimate are known.

    Parameters
    ----------
    estimates, truth : array_like, shape (n, v)
        NaN where unknown.
    training : array_like, shape (n_training, v)
        Whose column means are the baseline.

    Raises
    ------
    ValueError
        If shapes disagree.
    """
    value, true = np.asarray(estimates, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    known = np.asarray(training, dtype=np.float64)
    if value.ndim != 2 or value.shape != true.shape or known.shape[1:] != true.shape[1:]:
        raise ValueError(f"estimates {value.shape}, truth {true.shape} and training {known.shape} do not fit")
    present = np.isfinite(known)
    mean = ratio(np.where(present, known, 0).sum(axis=0), present.sum(axis=0))
    usable = np.isfinite(value) & np.isfinite(true) & np.isfinite(mean)
    return AbsoluteErrors(
        error=np.abs(np.where(usable, value - true, 0)),
        baseline=np.abs(np.where(usable, mean - true, 0)),
    )


def mean_ratio(errors: AbsoluteErrors, counts: ArrayLike | None = None) -> NDArray[np.float64]:
    """Mean over variables of the error relative to the baseline's, for each resample.

    Parameters
    ----------
    errors : AbsoluteErrors
        Of n sources.
    counts : array_like, shape (n_resamples, n), optional
        How often each source counts in each resample; once each, without.

    Returns
    -------
    ndarray of float64, shape (n_resamples,) or (1,)
        1 is as good as the mean; NaN where no variable is known.
    """
    weight = np.ones((1, len(errors))) if counts is None else np.asarray(counts, dtype=np.float64)
    return mean_over_variables(ratio(weight @ errors.error, weight @ errors.baseline))


def ratio_interval(
    errors: AbsoluteErrors, counts: ArrayLike, *, reference: AbsoluteErrors | None = None
) -> tuple[float, float]:
    """95% bootstrap interval of `mean_ratio`, or of its difference from that of a `reference` on the same sources."""
    drawn = mean_ratio(errors, counts)
    if reference is not None:
        drawn = drawn - mean_ratio(reference, counts)
    low, high = np.percentile(drawn[np.isfinite(drawn)], _INTERVAL)
    return float(low), float(high)
