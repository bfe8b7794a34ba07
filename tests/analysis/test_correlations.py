"""Correlations against scipy.stats, with missing values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.analysis.correlations import (
    best_absolute,
    chance_best_absolute,
    latent_correlations,
    mean_best_absolute,
    resampled_spearman,
)

PAIRS = [(0, 0), (1, 1), (2, 2), (3, 3), (0, 3), (5, 4), (0, 1)]


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 6)).astype(np.float32)
    y = z[:, :4] @ rng.normal(size=(4, 5)) + rng.normal(size=(300, 5))
    y[:, 2] = np.round(y[:, 2])  # ties
    y[rng.random(300) < 0.4, 3] = np.nan
    y[:, 4] = np.where(np.isnan(y[:, 3]), np.nan, y[:, 4])
    return z, y


def test_equals_scipy_per_pair(table: tuple[np.ndarray, np.ndarray]) -> None:
    z, y = table
    found = latent_correlations(z, y)
    for column in range(y.shape[1]):
        rows = np.isfinite(y[:, column])
        assert found.n[column] == rows.sum()
        for latent in range(z.shape[1]):
            a, b = z[rows, latent].astype(float), y[rows, column]
            assert found.pearson[latent, column] == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-9)
            assert found.spearman[latent, column] == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-9)


def test_too_few_values_and_constants_have_no_correlation() -> None:
    z = np.random.default_rng(1).normal(size=(20, 3))
    z[:, 2] = 0.1
    y = np.full((20, 3), np.nan)
    y[:2, 0] = 1, 2
    y[:, 1] = 0.7
    y[:, 2] = z[:, 0]
    found = latent_correlations(z, y)
    assert np.isnan(found.pearson[:, :2]).all()
    assert np.isnan(found.spearman[2]).all()
    assert found.pearson[0, 2] == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(found.n, [2, 20, 20])


def test_best_absolute_takes_the_strongest_of_either_sign() -> None:
    rho = np.array([[0.2, np.nan, np.nan], [-0.9, 0.1, np.nan]])
    np.testing.assert_array_equal(best_absolute(rho), [0.9, 0.1, np.nan])
    assert mean_best_absolute(rho) == pytest.approx(0.5)
    assert np.isnan(mean_best_absolute(np.full((2, 2), np.nan)))


def test_rows_must_agree() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(4, n_variables\)"):
        latent_correlations(np.ones((4, 2)), np.ones((5, 2)))


def test_resampled_ranks_are_those_of_the_drawn_sources(table: tuple[np.ndarray, np.ndarray]) -> None:
    z, y = table
    found = resampled_spearman(z, y, PAIRS, rng=np.random.default_rng(3), n_resamples=4)
    drawn = np.random.default_rng(3).multinomial(300, np.full(300, 1 / 300), size=4)
    for number, times in enumerate(drawn):
        rows = np.repeat(np.arange(300), times)
        for place, (latent, variable) in enumerate(PAIRS):
            a, b = z[rows, latent], y[rows, variable]
            expected = stats.spearmanr(a[np.isfinite(b)], b[np.isfinite(b)]).statistic
            assert found[number, place] == pytest.approx(expected, abs=1e-9)


def test_resampling_scatters_as_spearman_does_between_samples() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(200, 400, 2))
    a, b = noise[..., 0], 0.5 * noise[..., 0] + noise[..., 1]
    between = [stats.spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    found = resampled_spearman(a[:5].T, b[:5].T, [(i, i) for i in range(5)], rng=rng, n_resamples=500)
    assert found.std(axis=0).mean() == pytest.approx(np.std(between), rel=0.2)


def test_pairs_without_variation_have_no_resampled_coefficient() -> None:
    a = np.random.default_rng(0).normal(size=(10, 2))
    b = np.stack([np.ones(10), np.full(10, np.nan)], axis=1)
    found = resampled_spearman(a, b, [(0, 0), (1, 1)], rng=np.random.default_rng(1), n_resamples=3)
    assert np.isnan(found).all()


def test_chance_is_what_independent_variables_give() -> None:
    rng = np.random.default_rng(7)
    z, y = rng.normal(size=(200, 40)).astype(np.float32), rng.normal(size=(200, 3))
    y[:, 1] = z[:, 0]
    y[:120, 2] = np.nan
    shuffled = chance_best_absolute(z, y, rng=rng, n_shuffles=200)
    assert shuffled.shape == (200, 3)
    independent = np.array(
        [best_absolute(latent_correlations(rng.normal(size=(200, 40)), rng.normal(size=(200, 1))).spearman)
         for _ in range(100)]
    )  # fmt: skip
    assert shuffled[:, 0].mean() == pytest.approx(independent.mean(), abs=0.012)
    assert shuffled[:, 1].mean() == pytest.approx(independent.mean(), abs=0.012)
    # Fewer sources, more chance.
    assert shuffled[:, 2].mean() > shuffled[:, 0].mean() + 0.05
