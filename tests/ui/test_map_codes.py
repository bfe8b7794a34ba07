"""Sixteen bits are enough to read a value off the map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alignlab.ui.map_codes import MISSING, encode


@pytest.mark.parametrize(
    "values",
    [
        10 ** np.random.default_rng(0).uniform(-3, 4, 5000),
        np.random.default_rng(1).uniform(-1, 1, 5000),
        np.concatenate([[0.0], 10 ** np.random.default_rng(2).uniform(-2, 5, 5000)]),
    ],
    ids=["seven decades", "signed", "with zero"],
)
def test_values_come_back_to_three_significant_digits(values):
    back = encode(values).decode()
    nonzero = values != 0
    assert np.max(np.abs(back[nonzero] / values[nonzero] - 1)) < 5e-4
    assert np.all(np.abs(back[~nonzero]) < 1e-4)


def test_missing_stays_missing_and_nothing_else_becomes_it():
    values = np.array([1.0, np.nan, np.inf, -np.inf, 2.0, 1e4])
    codes = encode(values)
    assert list(codes.codes == MISSING) == [False, True, True, True, False, False]
    assert np.array_equal(np.isnan(codes.decode()), [False, True, True, True, False, False])


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [0.0, 0.0], [3.5], [-2.0, -2.0, np.nan]])
def test_degenerate_columns(values):
    back = encode(values).decode()
    assert np.allclose(back, values, rtol=1e-6, equal_nan=True)


@given(hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e6, 1e6, width=32)))
def test_order_is_kept(values):
    order = np.argsort(values, kind="stable")
    codes = encode(values).codes.astype(int)
    assert np.all(np.diff(codes[order]) >= 0)
