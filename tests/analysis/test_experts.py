from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from alignlab.analysis.experts import NO_EXPERT, choose_experts


@given(st.integers(0, 10_000))
def test_the_choice_is_that_of_trying_all(seed: int):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(30, 4))
    truth[rng.random(truth.shape) < 0.2] = np.nan
    estimates = np.nan_to_num(truth) + rng.normal(size=(3, 30, 4)) * rng.uniform(0.5, 3, size=(3, 1, 4))
    estimates[rng.random(estimates.shape) < 0.05] = np.nan
    choice = choose_experts(estimates, truth)
    for v in range(4):
        rows = [i for i in range(30) if np.isfinite(truth[i, v]) and all(np.isfinite(estimates[:, i, v]))]
        tried = [pearsonr(estimates[e, rows, v], truth[rows, v]).statistic for e in range(3)]
        assert choice.chosen[v] == int(np.argmax(tried))
        assert choice.pearson[:, v] == pytest.approx(tried)
        assert choice.n[v] == len(rows)
        other = rng.normal(size=(3, 5, 4))
        assert (choice.mix(other)[:, v] == other[int(np.argmax(tried)), :, v]).all()


def test_a_constant_expert_is_not_heard_and_without_any_there_is_no_estimate():
    truth = np.array([[1.0, 1.0], [2.0, np.nan], [3.0, 4.0], [4.0, np.nan]])
    constant = np.ones((4, 2))
    choice = choose_experts([constant, -truth], np.column_stack([truth[:, 0], truth[:, 1]]))
    assert choice.chosen.tolist() == [1, NO_EXPERT]  # the second variable has two sources only
    assert np.isnan(choice.pearson[0, 0])
    assert choice.pearson[1, 0] == pytest.approx(-1)
    assert np.isnan(choice.mix(np.zeros((2, 3, 2)))[:, 1]).all()


def test_shapes_that_disagree_are_told():
    with pytest.raises(ValueError, match="one matrix like truth"):
        choose_experts(np.zeros((2, 3, 4)), np.zeros((3, 5)))
    with pytest.raises(ValueError, match="n_experts, n, n_variables"):
        choose_experts(np.zeros((3, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match="not \\(3, 3, 4\\)"):
        choose_experts(np.zeros((2, 3, 4)), np.zeros((3, 4))).mix(np.zeros((3, 3, 4)))
