from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import mean_absolute_error

from alignlab.analysis.mean_errors import binomial_interval, bootstrapped, mean_errors, mean_over_variables


def drawn(n: int, times: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=times)


def test_errors_by_hand():
    truth = np.array([[0.0, 1.0], [2.0, np.nan], [4.0, 3.0]])
    estimates = np.array([[[1.0, 1.0], [2.0, 9.0], [4.0, 5.0]], [[3.0, 2.0], [2.0, 9.0], [1.0, np.nan]]])
    found = mean_errors(estimates, truth, np.array([[3, 0, 0], [0, 0, 3]]))
    assert found.n.tolist() == [3, 1]  # the second method does not answer for the third source
    assert found.all[0].tolist() == [[1 / 3, 0.0], [2.0, 1.0]]
    assert found.all[1].tolist() == [[1.0, 0.0], [3.0, 1.0]]
    assert found.all[2, :, 0].tolist() == [0.0, 3.0]
    assert np.isnan(found.all[2, :, 1]).all()  # no drawn source has the second variable
    assert found.relative(1)[0].tolist() == [[1 / 6, 0.0], [1.0, 1.0]]
    assert found.improvement([1, 1])[0, 0].tolist() == pytest.approx([5 / 6, 1.0])
    assert found.improvement([0, 1])[0, 1].tolist() == pytest.approx([1 - 6, 0.0])


def test_errors_and_resamples_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth, estimates = rng.normal(size=(40, 3)), rng.normal(size=(2, 40, 3))
    truth[rng.random(truth.shape) < 0.3] = np.nan
    draws = drawn(40, 200)
    found = mean_errors(estimates, truth, draws)
    for v in range(3):
        rows = np.flatnonzero(np.isfinite(truth[:, v]))
        resamples = []
        for method in range(2):
            expected = mean_absolute_error(truth[rows, v], estimates[method, rows, v])
            assert found.all[0, method, v] == pytest.approx(expected)
            resamples.append(
                [mean_absolute_error(truth[rows, v], estimates[method, rows, v], sample_weight=d[rows]) for d in draws]
            )
        assert pytest.approx(np.array(resamples)) == found.all[1:, :, v].T
        limits = bootstrapped(found.improvement([0, 0, 0]))
        gains = 1 - np.array(resamples[1]) / np.array(resamples[0])
        assert (limits.low[1, v], limits.high[1, v]) == pytest.approx(tuple(np.percentile(gains, (2.5, 97.5))))


def test_a_figure_that_is_not_there_has_no_interval_and_no_part_in_the_mean():
    figures = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]])
    limits = bootstrapped(figures)
    assert np.isnan([limits.value[1], limits.low[1], limits.high[1]]).all()
    assert mean_over_variables(figures).tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(mean_over_variables(np.array([np.nan])))


def test_intervals_of_shares_are_those_of_scipy():
    pairs = [(0, 5), (5, 5), (3, 11), (811, 1719)]
    low, high = binomial_interval([k for k, _ in pairs], [n for _, n in pairs])
    expected = [binomtest(k, n).proportion_ci(method="exact") for k, n in pairs]
    assert low == pytest.approx([e.low for e in expected])
    assert high == pytest.approx([e.high for e in expected])
    assert np.isnan(binomial_interval([0], [0])).all()
    with pytest.raises(ValueError, match="within 0 and n"):
        binomial_interval([3], [2])


def test_shapes_that_disagree_are_told():
    with pytest.raises(ValueError, match="one matrix like truth"):
        mean_errors(np.zeros((2, 3, 4)), np.zeros((3, 5)), np.ones((1, 3)))
    with pytest.raises(ValueError, match="n_resamples, 3"):
        mean_errors(np.zeros((2, 3, 4)), np.zeros((3, 4)), np.ones((1, 4)))
    with pytest.raises(ValueError, match="one method for each of 4"):
        mean_errors(np.zeros((2, 3, 4)), np.zeros((3, 4)), np.ones((1, 3))).improvement([0, 1])
