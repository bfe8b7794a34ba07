"""Linear heads: ridge regression in closed form for variables, logistic regression for class."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from alignlab.training.small_heads.intervals import gaussian_quantiles
from alignlab.training.small_heads.streams import Example, Features, Streams
from alignlab.training.small_heads.targets import rows_by_known_target

#: Penalties to choose from, on standardised features; the best on the validation split is kept, for each variable.
ALPHAS = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
#: Inverse penalties of logistic regression to choose from.
INVERSE_PENALTIES = (1e-3, 1e-2, 1e-1)
_MAX_ITERATIONS = 500


def solve_ridge(
    x: NDArray[np.float64], y: NDArray[np.float64], alphas: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ridge regression for several penalties at the price of one decomposition.

    Parameters
    ----------
    x : ndarray, shape (n, d)
    y : ndarray, shape (n, v)
    alphas : ndarray, shape (a,)
        Penalties of the squared length of the coefficients; the intercept is free.

    Returns
    -------
    coefficients : ndarray, shape (a, d, v)
    intercepts : ndarray, shape (a, v)
    """
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    centred = x - x_mean
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred)
    projected = vectors.T @ (centred.T @ (y - y_mean))
    shrunk = projected / (np.maximum(eigenvalues, 0)[None, :, None] + alphas[:, None, None])
    coefficients = vectors @ shrunk
    return coefficients, y_mean - x_mean @ coefficients


@dataclass(frozen=True, eq=False, kw_only=True)
class RidgeHead:
    """A linear answer for each variable, with the spread of its validation residuals.

    Attributes
    ----------
    features : Features
    coefficients : ndarray, shape (d, v)
    intercepts, residual_std, alpha : ndarray, shape (v,)
        NaN for a variable that no training source has. The spread is the same for all sources.
    """

    features: Features
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    residual_std: NDArray[np.float64]
    alpha: NDArray[np.float64]

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        """Quantiles, shape (n, v, 5)."""
        mean = self.features.matrix(streams) @ self.coefficients + self.intercepts
        return gaussian_quantiles(mean, self.residual_std)

    def to_weights(self) -> dict[str, NDArray]:
        """Coefficients on standardised features, with the standardisation."""
        own = {name: getattr(self, name) for name in ("coefficients", "intercepts", "residual_std", "alpha")}
        return own | feature_weights(self.features)


def fit_ridge(training: Example, validation: Example) -> RidgeHead:
    """Fit every variable on the sources that have it, its penalty chosen on the validation split."""
    features = Features.fit(training.streams)
    x, x_validation = features.matrix(training.streams), features.matrix(validation.streams)
    y, alphas = training.target, np.array(ALPHAS)
    coefficients = np.full((x.shape[1], y.shape[1]), np.nan)
    intercepts, spread, alpha = (np.full(y.shape[1], np.nan) for _ in range(3))
    for rows, columns in rows_by_known_target(y):
        if len(rows) < 2:
            continue
        tried, free = solve_ridge(x[rows], y[rows][:, columns], alphas)
        for i, column in enumerate(columns):
            known = np.isfinite(validation.target[:, column])
            checked, x_checked = validation.target[known, column], x_validation[known]
            if not known.any():
                checked, x_checked = y[rows, column], x[rows]
            squares = ((x_checked @ tried[:, :, i].T + free[:, i] - checked[:, None]) ** 2).mean(axis=0)
            best = int(np.argmin(squares))
            coefficients[:, column], intercepts[column] = tried[best, :, i], free[best, i]
            spread[column], alpha[column] = np.sqrt(squares[best]), alphas[best]
    return RidgeHead(
        features=features, coefficients=coefficients, intercepts=intercepts, residual_std=spread, alpha=alpha
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class LogisticHead:
    """Class probabilities from a linear model.

    Attributes
    ----------
    features : Features
    coefficients : ndarray, shape (d, c)
    intercepts : ndarray, shape (c,)
        Minus infinity for a class without training source.
    """

    features: Features
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        """Probabilities, shape (n, c)."""
        return softmax(self.features.matrix(streams) @ self.coefficients + self.intercepts)

    def to_weights(self) -> dict[str, NDArray]:
        """Coefficients on standardised features, with the standardisation."""
        own = {"coefficients": self.coefficients, "intercepts": self.intercepts}
        return own | feature_weights(self.features)


def fit_logistic(training: Example, validation: Example, *, n_classes: int, balanced: bool) -> LogisticHead:
    """Fit softmax regression, its penalty chosen by the validation split's log loss."""
    features = Features.fit(training.streams)
    known, checked = training.target >= 0, validation.target >= 0
    x, y = features.matrix(training.streams)[known], training.target[known]
    x_validation, y_validation = features.matrix(validation.streams)[checked], validation.target[checked]
    best: tuple[float, NDArray, NDArray] | None = None
    for inverse_penalty in INVERSE_PENALTIES:
        coefficients, intercepts = logistic(x, y, n_classes, inverse_penalty=inverse_penalty, balanced=balanced)
        probabilities = softmax(x_validation @ coefficients + intercepts)[np.arange(len(y_validation)), y_validation]
        loss = float(-np.log(np.maximum(probabilities, 1e-12)).mean()) if len(y_validation) else 0.0
        if best is None or loss < best[0]:
            best = loss, coefficients, intercepts
    assert best is not None  # there is at least one penalty to try
    return LogisticHead(features=features, coefficients=best[1], intercepts=best[2])


def logistic(
    x: NDArray[np.float64], y: NDArray[np.int64], n_classes: int, *, inverse_penalty: float, balanced: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (d, c) and intercepts (c,) of softmax regression."""
    present = np.unique(y)
    coefficients, intercepts = np.zeros((x.shape[1], n_classes)), np.full(n_classes, -np.inf)
    if len(present) == 1:
        intercepts[present] = 0
        return coefficients, intercepts
    weight = "balanced" if balanced else None
    model = LogisticRegression(C=inverse_penalty, max_iter=_MAX_ITERATIONS, tol=1e-3, class_weight=weight)
    with warnings.catch_warnings():
        # The validation split judges what came out; the last digits of a convex loss do not matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y)
    if len(present) == 2:  # scikit-learn then keeps the difference between the two only
        coefficients[:, present[1]], intercepts[present] = model.coef_[0], [0, model.intercept_[0]]
    else:
        coefficients[:, present], intercepts[present] = model.coef_.T, model.intercept_
    return coefficients, intercepts


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def feature_weights(features: Features) -> dict[str, NDArray]:
    """The standardisation of features, to be kept with a head."""
    return {
        "mean": np.concatenate(features.mean),
        "std": np.concatenate(features.std),
        "marked": np.array(features.marked, np.int64),
    }
