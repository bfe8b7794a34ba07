"""Conformal p-values and distances to the k-th neighbour."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from alignlab.analysis.conformal import conformal_p, kth_distance


def test_p_values_are_counted_out():
    p = conformal_p([0.5, 2.0, 2.5, 9.0, np.nan], [1.0, 2.0, 3.0])
    assert p[:4] == pytest.approx([4 / 4, 3 / 4, 2 / 4, 1 / 4])
    assert np.isnan(p[4])


def test_without_calibration_sources_nothing_is_known():
    assert np.isnan(conformal_p([1.0], [])).all()


def test_p_values_of_like_sources_are_uniform_and_never_too_small():
    rng = np.random.default_rng(3)
    p = np.concatenate([conformal_p(rng.exponential(size=50), rng.exponential(size=99)) for _ in range(80)])
    assert kstest(p, "uniform").pvalue > 0.001
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() <= level + 4 * np.sqrt(level / len(p))


def test_calibration_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        conformal_p([1.0], [np.inf])


def brute_force(vectors, base, k, own_row):
    unit, rows = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (vectors, base))
    distance = 1 - unit @ rows.T
    for i, row in enumerate(own_row):
        if row >= 0:
            distance[i, row] = np.inf
    return np.sort(distance, axis=1)[:, k - 1]


def test_kth_distance_agrees_with_brute_force_with_and_without_own_rows():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(40, 6)).astype(np.float32)
    own = np.arange(40)
    assert kth_distance(base, base, 4, own_row=own) == pytest.approx(brute_force(base, base, 4, own), abs=1e-5)
    new = rng.normal(size=(7, 6)).astype(np.float32)
    nobody = np.full(7, -1)
    assert kth_distance(new, base, 4) == pytest.approx(brute_force(new, base, 4, nobody), abs=1e-5)
    assert kth_distance(new, base, 4, own_row=nobody) == pytest.approx(brute_force(new, base, 4, nobody), abs=1e-5)


def test_a_source_with_a_twin_is_at_no_distance_from_it():
    base = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert kth_distance(base[:1], base, 1, own_row=[0])[0] == pytest.approx(0, abs=1e-6)
