"""Figures of heads on one split: errors and coverage of variables, and how well classes are told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.training.small_heads.intervals import LEVELS, MEDIAN, coverage
from alignlab.variables import VARIABLE_NAMES

#: How often the sources are drawn again, with replacement, for a 95% interval.
N_BOOTSTRAP = 500
_INTERVAL = (2.5, 97.5)


def bootstrap_counts(n: int, rng: np.random.Generator, n_bootstrap: int = N_BOOTSTRAP) -> NDArray[np.float64]:
    """How often each of `n` sources is drawn in each resample, shape (n_bootstrap, n)."""
    return rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(np.float64) if n else np.zeros((0, 0))


def variable_scores(
    values: NDArray[np.float64],
    truth: NDArray[np.float64],
    training: NDArray[np.float64],
    *,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Compare estimates with measured variables.

    Parameters
    ----------
    values : ndarray, shape (n, 20, 5)
        Quantiles of the estimates, in the variables' units.
    truth : ndarray, shape (n, 20)
        NaN where unknown.
    training : ndarray, shape (m, 20)
        Whose mean is the baseline.
    rng : numpy Generator
        Of the bootstrap over sources.

    Returns
    -------
    dict
        ``n``; ``mean_relative_mae``: mean over variables of MAE / MAE of the training mean, with its 95% interval;
        ``mean_coverage_68``, ``mean_coverage_95``; ``variables``: for each ``mae``, ``mean_baseline_mae``,
        ``relative_mae``, ``coverage_68``, ``coverage_95`` and ``n``. None where there is nothing to compare.
    """
    estimate = values[..., MEDIAN]
    usable = np.isfinite(truth) & np.isfinite(estimate)
    known = np.isfinite(training)
    mean = _ratio(np.where(known, training, 0).sum(axis=0), known.sum(axis=0))
    error = np.where(usable, np.abs(truth - estimate), 0)
    baseline = np.where(usable, np.abs(truth - mean), 0)
    n = usable.sum(axis=0)
    mae, baseline_mae = _ratio(error.sum(axis=0), n), _ratio(baseline.sum(axis=0), n)
    relative = _ratio(error.sum(axis=0), baseline.sum(axis=0))
    covered = [
        _ratio((coverage(values, truth, level) & usable).sum(axis=0).astype(float), n) for level in range(len(LEVELS))
    ]
    counts = bootstrap_counts(len(truth), rng)
    resampled = _mean_known(_ratio(counts @ error, counts @ baseline)) if len(truth) else np.array([])
    return {
        "n": int(usable.any(axis=1).sum()),
        "mean_relative_mae": _number(_mean_known(relative)),
        "mean_relative_mae_interval": _interval(resampled),
        "mean_coverage_68": _number(_mean_known(covered[0])),
        "mean_coverage_95": _number(_mean_known(covered[1])),
        "variables": {
            name: {
                "mae": _number(mae[i]),
                "mean_baseline_mae": _number(baseline_mae[i]),
                "relative_mae": _number(relative[i]),
                "coverage_68": _number(covered[0][i]),
                "coverage_95": _number(covered[1][i]),
                "n": int(n[i]),
            }
            for i, name in enumerate(VARIABLE_NAMES)
        },
    }


def class_scores(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], classes: Sequence[str], *, rng: np.random.Generator
) -> dict[str, Any]:
    """Compare class probabilities with known classes.

    Parameters
    ----------
    probabilities : ndarray, shape (n, c)
        NaN where there was nothing to read.
    truth : ndarray of int64, shape (n,)
        Negative where unknown.
    classes : sequence of str, length c
    rng : numpy Generator
        Of the bootstrap over sources.

    Returns
    -------
    dict
        ``n``, ``n_classes``, and each with its 95% interval: ``balanced_accuracy`` (mean recall of the classes that
        occur), ``macro_auc`` (mean over classes of the area under one-against-the-rest's curve) and
        ``average_precision`` (mean over classes); ``recall``: for each class.
    """
    usable = (truth >= 0) & np.isfinite(probabilities).all(axis=1)
    p, y = probabilities[usable], truth[usable]
    n = len(y)
    counts = np.vstack([np.ones((1, n)), bootstrap_counts(n, rng)]) if n else np.ones((1, 0))
    occurring = np.unique(y)
    is_class = y[:, None] == occurring
    right = (p.argmax(axis=1) == y).astype(float) if n else np.zeros(0)
    recall = _ratio(counts @ (is_class * right[:, None]), counts @ is_class)
    auc = _over_classes(area_under_curve, p, is_class, occurring, counts)
    precision = _over_classes(average_precision, p, is_class, occurring, counts)
    found: dict[str, Any] = {"n": n, "n_classes": len(occurring)}
    for name, per_class in (("balanced_accuracy", recall), ("macro_auc", auc), ("average_precision", precision)):
        macro = _mean_known(per_class)
        found[name], found[f"{name}_interval"] = _number(macro[0]), _interval(macro[1:])
    found["recall"] = {classes[c]: _number(recall[0, i]) for i, c in enumerate(occurring)}
    return found


def area_under_curve(
    score: NDArray[np.float64], positive: NDArray[np.bool_], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area under the receiver operating characteristic for each resample, shape (n_resamples,); equal scores half.

    Parameters
    ----------
    score, positive : ndarray, shape (n,)
    counts : ndarray, shape (n_resamples, n)
        How often each source counts. NaN for a resample without both kinds.
    """
    hits, misses = _by_threshold(score, positive, counts)
    below = misses.sum(axis=1, keepdims=True) - np.cumsum(misses, axis=1)
    return _ratio((hits * (below + misses / 2)).sum(axis=1), hits.sum(axis=1) * misses.sum(axis=1))


def average_precision(
    score: NDArray[np.float64], positive: NDArray[np.bool_], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean precision, each threshold weighted by its gain in recall, for each resample; see `area_under_curve`."""
    hits, misses = _by_threshold(score, positive, counts)
    found, wrong = np.cumsum(hits, axis=1), np.cumsum(misses, axis=1)
    precision = np.divide(found, found + wrong, out=np.zeros_like(found), where=found + wrong > 0)
    return _ratio((hits * precision).sum(axis=1), hits.sum(axis=1))


def _by_threshold(
    score: NDArray[np.float64], positive: NDArray[np.bool_], counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positives and negatives at each distinct score, the highest first, shape (n_resamples, n_scores)."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    hits, misses = counts[:, order] * positive[order], counts[:, order] * ~positive[order]
    return np.add.reduceat(hits, starts, axis=1), np.add.reduceat(misses, starts, axis=1)


def _over_classes(
    figure: Callable[[NDArray, NDArray, NDArray], NDArray],
    p: NDArray[np.float64],
    is_class: NDArray[np.bool_],
    occurring: NDArray[np.int64],
    counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    columns = [figure(p[:, c], is_class[:, i], counts) for i, c in enumerate(occurring)]
    return np.column_stack(columns) if columns else np.full((len(counts), 1), np.nan)


def _mean_known(values: NDArray[np.float64]) -> Any:
    """Mean along the last axis of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def _ratio(top: Any, bottom: Any) -> Any:
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    return np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0)


def _interval(resampled: NDArray[np.float64]) -> list[float] | None:
    known = resampled[np.isfinite(resampled)]
    return [float(v) for v in np.percentile(known, _INTERVAL)] if len(known) else None


def _number(value: Any) -> float | None:
    """A float that JSON can hold: None where it is not finite."""
    return float(value) if np.isfinite(value) else None
