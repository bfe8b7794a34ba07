from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from alignlab.analysis.agreement import contingency_table, weighted_kappa


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn_and_lies_in_its_interval(seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 6, 60)
    second = np.clip(first + rng.integers(-2, 3, 60), 0, 5)
    found = weighted_kappa(contingency_table(first, second, 6), rng=rng)
    assert found.value == pytest.approx(cohen_kappa_score(first, second, weights="quadratic", labels=range(6)))
    assert found.low < found.value < found.high
    assert found.n == 60


def test_full_agreement_is_one_and_one_value_throughout_is_no_agreement_at_all():
    rng = np.random.default_rng(0)
    assert weighted_kappa(contingency_table([0, 3, 5], [0, 3, 5], 6), rng=rng).value == 1
    assert np.isnan(weighted_kappa(contingency_table([4, 4, 4], [4, 4, 4], 6), rng=rng).value)
    assert weighted_kappa(np.zeros((6, 6), int), rng=rng).n == 0


def test_values_off_the_scale_are_refused():
    with pytest.raises(ValueError, match="between 0 and 5"):
        contingency_table([6], [0], 6)
    with pytest.raises(ValueError, match="one length"):
        contingency_table([1, 2], [0], 6)
