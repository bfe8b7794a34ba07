"""Linear and neighbour heads against scikit-learn, each variable with its own missing values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from alignlab.analysis.similarity import normalise_rows
from alignlab.training.small_heads.intervals import MEDIAN
from alignlab.training.small_heads.neighbours import NeighbourHead
from alignlab.training.small_heads.ridge import ALPHAS, INVERSE_PENALTIES, fit_logistic, fit_ridge, solve_ridge
from alignlab.training.small_heads.streams import Example, Features, Streams
from tests.training.small_heads.made_up import made_up_classes, made_up_streams, made_up_variables, split_in_two


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def spectrum_only(example: Example) -> Example:
    return Example(example.streams.of_modality("spectrum"), example.target)


def test_ridge_is_that_of_scikit_learn_for_every_penalty(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(80, 5)) + 3, rng.normal(size=(80, 2))
    coefficients, intercepts = solve_ridge(x, y, np.array([0.5, 20.0]))
    for i, alpha in enumerate((0.5, 20.0)):
        reference = Ridge(alpha=alpha).fit(x, y)
        np.testing.assert_allclose(coefficients[i].T, reference.coef_, rtol=1e-8)
        np.testing.assert_allclose(intercepts[i], reference.intercept_, rtol=1e-8)


def test_each_variable_takes_the_penalty_that_is_best_on_validation(rng: np.random.Generator) -> None:
    training, validation = split_in_two(made_up_variables(made_up_streams(300, rng), rng, noise=2.0), 60)
    head = fit_ridge(training, validation)
    features = Features.fit(training.streams)
    x, x_validation = features.matrix(training.streams), features.matrix(validation.streams)
    for column in range(training.target.shape[1]):
        rows, checked = (np.isfinite(e.target[:, column]) for e in (training, validation))
        models = [Ridge(alpha=a).fit(x[rows], training.target[rows, column]) for a in ALPHAS]
        errors = [((m.predict(x_validation[checked]) - validation.target[checked, column]) ** 2).mean() for m in models]
        best = int(np.argmin(errors))
        assert head.alpha[column] == ALPHAS[best]
        assert head.residual_std[column] == pytest.approx(np.sqrt(errors[best]))
        answer = head.predict(validation.streams)[:, column, MEDIAN]
        np.testing.assert_allclose(answer, models[best].predict(x_validation), rtol=1e-7)


def test_a_variable_without_training_source_is_not_estimated(rng: np.random.Generator) -> None:
    example = made_up_variables(made_up_streams(60, rng), rng)
    example.target[:, 1] = np.nan
    answer = fit_ridge(*split_in_two(example, 40)).predict(example.streams)
    assert np.isnan(answer[:, 1]).all()
    assert np.isfinite(answer[:, [0, 2]]).all()


@pytest.mark.parametrize("n_present", [3, 2])
def test_logistic_regression_is_that_of_scikit_learn(rng: np.random.Generator, n_present: int) -> None:
    example = made_up_classes(made_up_streams(200, rng))
    example.target[example.target >= n_present] = 0
    training, validation = split_in_two(example, 150)
    head = fit_logistic(training, validation, n_classes=4, balanced=False)
    x, x_validation = (head.features.matrix(e.streams) for e in (training, validation))
    references = [
        LogisticRegression(C=c, max_iter=500, tol=1e-3).fit(x, training.target).predict_proba(x_validation)
        for c in INVERSE_PENALTIES
    ]
    losses = [-np.log(p[np.arange(len(p)), validation.target]).mean() for p in references]
    answer = head.predict(validation.streams)
    np.testing.assert_allclose(answer[:, :n_present], references[int(np.argmin(losses))], atol=1e-6)
    assert (answer[:, n_present:] == 0).all()


@pytest.mark.parametrize("distance_weights", [True, False])
def test_neighbours_are_those_of_scikit_learn(rng: np.random.Generator, distance_weights: bool) -> None:
    training, query = split_in_two(spectrum_only(made_up_variables(made_up_streams(300, rng), rng)), 250)
    head = NeighbourHead(training=training, k=7, distance_weights=distance_weights, n_classes=0)
    answer = head.predict(query.streams)
    x, x_query = (normalise_rows(e.streams.parts[0].values) for e in (training, query))
    for column in range(3):
        rows = np.isfinite(training.target[:, column])
        reference = KNeighborsRegressor(7, weights="distance" if distance_weights else "uniform")
        expected = reference.fit(x[rows], training.target[rows, column]).predict(x_query)
        np.testing.assert_allclose(answer[:, column, MEDIAN], expected, rtol=1e-4, atol=1e-5)


def test_votes_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    training, query = split_in_two(spectrum_only(made_up_classes(made_up_streams(300, rng))), 250)
    head = NeighbourHead(training=training, k=9, distance_weights=False, n_classes=3)
    x, x_query = (normalise_rows(e.streams.parts[0].values) for e in (training, query))
    expected = KNeighborsClassifier(9).fit(x, training.target).predict_proba(x_query)
    np.testing.assert_allclose(head.predict(query.streams), expected, atol=1e-9)


def test_a_training_source_is_no_neighbour_of_itself(rng: np.random.Generator) -> None:
    training = spectrum_only(made_up_variables(made_up_streams(100, rng), rng))
    whole = NeighbourHead(training=training, k=1, distance_weights=True, n_classes=0).predict(training.streams)
    others = np.delete(np.arange(100), 17)
    without = NeighbourHead(training=training.select(others), k=1, distance_weights=True, n_classes=0)
    one: Streams = training.streams.select(np.array([17]))
    np.testing.assert_allclose(whole[17, :, MEDIAN], without.predict(one)[0, :, MEDIAN], rtol=1e-6)
