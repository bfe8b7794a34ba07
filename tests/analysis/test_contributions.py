"""Contributions of features to an isolation forest's score."""

from __future__ import annotations

import numpy as np
from coniferest.isoforest import IsolationForest

from alignlab.analysis.contributions import forest_contributions, robust_centre


def test_contributions_add_up_to_the_score():
    x = np.random.default_rng(1).normal(size=(500, 6)).astype(np.float32)
    forest = IsolationForest(n_trees=50, n_subsamples=128, random_seed=2).fit(x)
    found = forest_contributions(forest, x)
    np.testing.assert_allclose(2 ** (found.sum(axis=1) - 1), -forest.score_samples(x), rtol=1e-6)


def test_the_feature_that_is_odd_isolates():
    x = np.random.default_rng(1).normal(size=(500, 6)).astype(np.float32)
    x[7, 4] = 9.0
    forest = IsolationForest(n_trees=100, n_subsamples=256, random_seed=2).fit(x)
    assert forest_contributions(forest, x[7:8])[0].argmax() == 4


def test_centre_and_spread_are_robust_and_pass_over_what_is_missing():
    values = np.random.default_rng(5).normal(3.0, 2.0, size=(4000, 2))
    values[:10, 0] = 1e6
    values[50:80, 1] = np.nan
    centre, spread = robust_centre(np.column_stack([values, np.full(4000, np.nan)]))
    np.testing.assert_allclose(centre[:2], 3.0, atol=0.15)
    np.testing.assert_allclose(spread[:2], 2.0, atol=0.1)
    assert np.isnan([centre[2], spread[2]]).all()
