"""Class probabilities from the votes of neighbours: smoothed, calibrated on held-out sources, with intervals.

Of `k` neighbours ``v_c`` are of class *c*. With a Dirichlet prior of weight *a* and the training frequencies ``f_c``
the share of class *c* among such neighbours is ``(v_c + a f_c) / (k + a)``; a temperature *T* then sharpens or softens
it, ``p_c ~ share_c^(1 / T)`` (Guo et al. 2017, arXiv:1706.04599). *k*, *a* and *T* are those with the smallest log loss
on calibration sources. Intervals are those of the share, drawn from its posterior and sharpened alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

#: Weights of the prior to choose from.
PRIOR_WEIGHTS = (1.0, 3.0, 10.0)
#: Logarithms of the temperature between which it is sought.
_LOG_TEMPERATURE = (-2.0, 2.0)
_N_DRAWS = 2000
_TINY = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class VoteCalibration:
    """How votes become probabilities.

    Attributes
    ----------
    k : int
        Neighbours that vote.
    prior : ndarray of float64, shape (c,)
        Frequency of each class among the training sources.
    prior_weight, temperature : float
    n : int
        Sources that it was calibrated on.
    """

    k: int
    prior: NDArray[np.float64]
    prior_weight: float
    temperature: float
    n: int

    def probabilities(self, votes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (n, c) from the votes (n, c) of `k` neighbours."""
        return _sharpened(votes + self.prior_weight * self.prior, self.temperature)

    def intervals(self, votes: NDArray[np.float64], *, rng: np.random.Generator) -> NDArray[np.float64]:
        """The 95% interval (2, c) of one source's probabilities, from its votes (c,)."""
        drawn = rng.dirichlet(votes + self.prior_weight * self.prior, size=_N_DRAWS)
        return np.percentile(_sharpened(drawn, self.temperature), [2.5, 97.5], axis=0)


def count_votes(neighbour_class: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Neighbours of each class, shape (n, n_classes), from the classes (n, k) of the neighbours."""
    votes = np.zeros((len(neighbour_class), n_classes))
    np.add.at(votes, (np.arange(len(votes))[:, None], neighbour_class), 1)
    return votes


def calibrate_votes(
    votes: Mapping[int, NDArray[np.float64]], truth: NDArray[np.int64], prior: NDArray[np.float64]
) -> VoteCalibration:
    """Choose neighbours, prior weight and temperature by the log loss on calibration sources.

    Parameters
    ----------
    votes : mapping of int to ndarray, shape (n, c)
        For each number of neighbours that may be chosen.
    truth : ndarray of int64, shape (n,)
    prior : ndarray, shape (c,)
        Sums to 1; no class without training source.

    Raises
    ------
    ValueError
        If there are no calibration sources.
    """
    if not len(truth):
        raise ValueError("votes cannot be calibrated without calibration sources")
    best: tuple[float, VoteCalibration] | None = None
    for k, counted in votes.items():
        for weight in PRIOR_WEIGHTS:
            share = counted + weight * prior

            def loss(log_temperature: float, share: NDArray[np.float64] = share) -> float:
                p = _sharpened(share, float(np.exp(log_temperature)))
                return float(-np.log(np.maximum(p[np.arange(len(truth)), truth], _TINY)).mean())

            found = minimize_scalar(loss, bounds=_LOG_TEMPERATURE, method="bounded")
            if best is None or found.fun < best[0]:
                chosen = VoteCalibration(
                    k=k, prior=prior, prior_weight=weight, temperature=float(np.exp(found.x)), n=len(truth)
                )
                best = float(found.fun), chosen
    if best is None:
        raise ValueError("there are no votes to choose from")
    return best[1]


def calibration_error(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    n_bins: int = 10,
    n_bootstrap: int = 500,
) -> tuple[float, float, float]:
    """Expected calibration error of the likeliest class, with its 95% bootstrap interval.

    Sources are sorted by the probability of their likeliest class into bins with equally many; the error is the mean
    over the bins of ``|share that is right - mean probability|`` (Naeini et al. 2015; equal-mass bins).

    Parameters
    ----------
    probabilities : ndarray, shape (n, c)
    truth : ndarray of int64, shape (n,)
    rng : numpy Generator
        Of the bootstrap over sources.

    Returns
    -------
    tuple of float
        Error, low, high; NaN where there are fewer sources than bins.
    """
    if len(truth) < n_bins:
        return (float("nan"),) * 3
    likeliest = probabilities.argmax(axis=1)
    sure, right = probabilities.max(axis=1), (likeliest == truth).astype(float)
    drawn = [_binned_error(sure[rows], right[rows], n_bins) for rows in _resamples(len(truth), n_bootstrap, rng)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return _binned_error(sure, right, n_bins), float(low), float(high)


def _resamples(n: int, n_bootstrap: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.integers(0, n, size=(n_bootstrap, n))


def _binned_error(sure: NDArray[np.float64], right: NDArray[np.float64], n_bins: int) -> float:
    order = np.argsort(sure, kind="stable")
    bins = np.array_split(order, n_bins)
    return float(sum(len(rows) * abs(right[rows].mean() - sure[rows].mean()) for rows in bins) / len(order))


def _sharpened(share: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    powered = np.log(np.maximum(share, _TINY)) / temperature
    powered = np.exp(powered - powered.max(axis=-1, keepdims=True))
    normalised: NDArray[np.float64] = powered / powered.sum(axis=-1, keepdims=True)
    return normalised
