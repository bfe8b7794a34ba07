"""Nearest rows found by cells against those found by comparing all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis import graph_neighbours
from alignlab.analysis.graph_neighbours import all_neighbours
from alignlab.analysis.similarity import normalise_rows, top_k


def clustered(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(12, 6))[rng.integers(12, size=600)] + 0.3 * rng.normal(size=(600, 6))


KINDS = {
    "clustered": clustered,
    "without structure": lambda rng: rng.normal(size=(600, 24)),
    "on a line": lambda rng: np.column_stack([np.linspace(0, 1, 600), np.ones(600)]),
}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize(("k", "n_cells"), [(1, 16), (10, 32), (60, 128)])
def test_no_neighbour_is_missed(kind, k, n_cells, monkeypatch):
    monkeypatch.setattr(graph_neighbours, "_FIRST_CELLS", 2)
    monkeypatch.setattr(graph_neighbours, "_BLOCK", 5_000)
    unit = normalise_rows(KINDS[kind](np.random.default_rng(4)))
    found = all_neighbours(unit, k, n_cells=n_cells)
    exact = top_k(unit, unit, k, exclude_self=True)
    np.testing.assert_allclose(found.similarity, exact.similarity, atol=2e-6)
    own = np.einsum("nd,nkd->nk", unit, unit[found.index])
    np.testing.assert_allclose(own, found.similarity, atol=2e-6)
    assert not (found.index == np.arange(600)[:, None]).any()
    assert all(len(set(row)) == k for row in found.index.tolist())


def test_duplicates_are_neighbours_and_zeros_are_near_nothing():
    rng = np.random.default_rng(0)
    unit = normalise_rows(np.vstack([np.repeat(rng.normal(size=(40, 5)), 5, axis=0), np.zeros((3, 5))]))
    found = all_neighbours(unit, 4, n_cells=16)
    np.testing.assert_array_equal(found.index[:200] // 5, np.repeat(np.arange(40), 5)[:, None].repeat(4, axis=1))
    np.testing.assert_allclose(found.similarity[:200], 1, atol=1e-6)
    assert (found.similarity[200:] == 0).all()


def test_few_rows_are_compared_pair_by_pair_and_wrong_numbers_refused():
    unit = normalise_rows(np.random.default_rng(1).normal(size=(50, 8)))
    exact = top_k(unit, unit, 3, exclude_self=True)
    np.testing.assert_array_equal(all_neighbours(unit, 3).index, exact.index)
    for k in (0, 50):
        with pytest.raises(ValueError, match="k must be 1 to 49"):
            all_neighbours(unit, k, n_cells=8)
