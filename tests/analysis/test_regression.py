"""kNN estimates against scikit-learn, per variable with its own missing values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsRegressor

from alignlab.analysis.regression import estimate, score_estimates


@pytest.fixture
def survey() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    train, query = rng.normal(size=(500, 6)), rng.normal(size=(60, 6))
    values = np.column_stack([train[:, 0], train[:, 1] ** 2, train[:, 2], np.full(500, np.nan)])
    values[rng.random(500) < 0.5, 1] = np.nan
    values[3:, 2] = np.nan
    return train, values, query


def test_equals_scikit_learn_on_the_rows_that_have_the_variable(
    survey: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    train, values, query = survey
    found = estimate(query, train, values, k=3)
    for column in (0, 1):
        rows = np.isfinite(values[:, column])
        reference = KNeighborsRegressor(n_neighbors=3, metric="cosine", algorithm="brute")
        expected = reference.fit(train[rows], values[rows, column]).predict(query)
        np.testing.assert_allclose(found.value[:, column], expected, atol=1e-6)


def test_few_values_use_what_there_is_and_none_gives_nan(survey: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    train, values, query = survey
    found = estimate(query, train, values, k=5)
    np.testing.assert_allclose(found.value[:, 2], train[:3, 2].mean(), rtol=1e-6)
    np.testing.assert_array_equal(found.n_used[0], [5, 5, 3, 0])
    assert np.isnan(found.value[:, 3]).all()
    assert np.isnan(found.low[:, 3]).all()


def test_interval_is_the_quantiles_of_the_larger_neighbourhood(
    survey: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    train, values, query = survey
    found = estimate(query, train, values, k_interval=500, quantiles=(0.16, 0.84))
    np.testing.assert_allclose(found.low[:, 0], np.quantile(values[:, 0], 0.16))
    np.testing.assert_allclose(found.high[:, 0], np.quantile(values[:, 0], 0.84))


def test_interval_covers_about_two_thirds_where_neighbours_say_nothing() -> None:
    rng = np.random.default_rng(1)
    train, query = rng.normal(size=(3000, 4)), rng.normal(size=(1000, 4))
    values, truth = rng.normal(size=(3000, 1)), rng.normal(size=(1000, 1))
    scores = score_estimates(estimate(query, train, values), truth, values)
    assert scores.coverage[0] == pytest.approx(0.68, abs=0.05)
    # The mean of three normal values has a third of their variance: MAE sqrt(4/3) times that of the mean.
    assert scores.ratio[0] == pytest.approx(np.sqrt(4 / 3), abs=0.06)


def test_scores_ignore_missing_truth_and_compare_with_the_training_mean(
    survey: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    train, values, query = survey
    truth = np.column_stack([query[:, 0], query[:, 1] ** 2, query[:, 2], query[:, 3]])
    truth[:50, 0] = np.nan
    found = estimate(query, train, values)
    scores = score_estimates(found, truth, values)
    np.testing.assert_array_equal(scores.n, [10, 60, 60, 0])
    assert scores.mae[0] == pytest.approx(np.abs(truth[50:, 0] - found.value[50:, 0]).mean())
    assert scores.baseline_mae[1] == pytest.approx(np.abs(truth[:, 1] - np.nanmean(values[:, 1])).mean())
    assert np.isnan(scores.mae[3])
    assert scores.ratio[1] < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"k": 0}, "positive"), ({"quantiles": (0.9, 0.1)}, "rise within"), ({"k_interval": -1}, "positive")],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate(np.ones((2, 2)), np.ones((3, 2)), np.ones((3, 1)), **options)
