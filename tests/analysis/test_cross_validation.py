"""Folds keep a source together and are disjoint; the interval of their mean is the corrected one."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.cross_validation import grouped_folds, mean_over_folds


def test_every_row_is_in_one_fold_and_a_name_never_in_two():
    rng = np.random.default_rng(0)
    names = rng.choice([f"source {i}" for i in range(60)], size=300)
    fold = grouped_folds(names, 5, rng=rng)
    assert set(fold) == set(range(5))
    for name in np.unique(names):
        assert len(set(fold[names == name])) == 1
    sizes = np.bincount(fold)
    assert sizes.max() - sizes.min() <= 8


def test_without_groups_folds_are_of_equal_size_and_follow_the_seed():
    names = np.arange(23)
    first, again, other = (grouped_folds(names, 4, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert sorted(np.bincount(first)) == [5, 6, 6, 6]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_more_folds_than_sources_are_refused():
    with pytest.raises(ValueError, match=r"n_folds must be 2 to 3 \(the groups\), not 5"):
        grouped_folds(["a", "a", "b", "c"], 5, rng=np.random.default_rng(0))


def test_the_interval_by_hand():
    mean, low, high = mean_over_folds([1.0, 2.0, 3.0, 4.0, 5.0], test_share=0.25)
    half = 2.776445 * np.sqrt(2.5 * (0.2 + 0.25))  # Student's t of four degrees of freedom, variance 2.5
    assert (mean, low, high) == pytest.approx((3.0, 3.0 - half, 3.0 + half), rel=1e-5)
    with pytest.raises(ValueError, match="at least two folds"):
        mean_over_folds([1.0], test_share=0.25)
