"""Exact search against brute force in float64, and what it does with ties, zeros and NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from alignlab.analysis.similarity import normalise_rows, top_k


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)


def test_rows_have_length_one_at_any_scale() -> None:
    x = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    for scale in (1e-30, 1.0, 1e30):
        np.testing.assert_allclose(np.linalg.norm(normalise_rows(x * np.float32(scale)), axis=1), 1, rtol=1e-6)


def test_zero_row_stays_zero_and_is_similar_to_nothing() -> None:
    x = np.vstack([np.zeros((1, 4)), np.eye(4)])
    assert np.all(normalise_rows(x)[0] == 0)
    assert np.all(top_k(x[:1], x, 3).similarity == 0)


@pytest.mark.parametrize("block", [1, 7, 64, 1024])
def test_equals_brute_force_in_any_block_size(vectors: np.ndarray, block: int) -> None:
    queries, base = vectors[:90], vectors[90:]
    found = top_k(queries, base, 12, block=block)
    a, b = (v.astype(float) / np.linalg.norm(v.astype(float), axis=1, keepdims=True) for v in (queries, base))
    cosine = a @ b.T
    np.testing.assert_array_equal(found.index, np.argsort(-cosine, axis=1)[:, :12])
    np.testing.assert_allclose(found.similarity, -np.sort(-cosine, axis=1)[:, :12], atol=1e-6)
    assert found.index.dtype == np.int64
    assert found.similarity.dtype == np.float32


def test_equals_scikit_learn_without_self(vectors: np.ndarray) -> None:
    found = top_k(vectors, vectors, 5, exclude_self=True)
    reference = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute").fit(vectors)
    distance, index = reference.kneighbors()
    np.testing.assert_array_equal(found.index, index)
    np.testing.assert_allclose(found.cosine_distance, distance, atol=1e-6)


def test_a_duplicate_is_a_neighbour_but_oneself_is_not(vectors: np.ndarray) -> None:
    doubled = np.vstack([vectors, vectors[:1]])
    found = top_k(doubled, doubled, 1, exclude_self=True)
    assert found.index[0, 0] == 400
    assert found.index[400, 0] == 0
    assert not np.any(top_k(doubled, doubled, 5, exclude_self=True).index == np.arange(401)[:, None])


def test_equal_similarities_come_in_row_order() -> None:
    base = np.tile([[1.0, 0.0]], (5, 1))
    np.testing.assert_array_equal(top_k([[2.0, 0.0]], base, 5).index, [[0, 1, 2, 3, 4]])


def test_chord_distance_is_the_distance_between_unit_vectors(vectors: np.ndarray) -> None:
    found = top_k(vectors[:10], vectors, 7)
    unit = normalise_rows(vectors)
    expected = np.linalg.norm(unit[:10, None] - unit[found.index], axis=2)
    np.testing.assert_allclose(found.chord_distance, expected, atol=1e-3)


def test_rows_known_to_be_normalised_give_the_same_answer(vectors: np.ndarray) -> None:
    unit = normalise_rows(vectors)
    first, second = top_k(vectors[:9], vectors, 4), top_k(unit[:9], unit, 4, normalised=True)
    np.testing.assert_array_equal(first.index, second.index)
    np.testing.assert_allclose(first.similarity, second.similarity, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 30), d=st.integers(1, 6), seed=st.integers(0, 10_000), data=st.data())
def test_no_row_left_out_is_more_similar(n: int, d: int, seed: int, data: st.DataObject) -> None:
    x = np.random.default_rng(seed).normal(size=(n, d))
    k = data.draw(st.integers(1, n))
    found = top_k(x, x, k)
    cosine = normalise_rows(x) @ normalise_rows(x).T
    worst = found.similarity[:, -1]
    for row in range(n):
        left_out = np.setdiff1d(np.arange(n), found.index[row])
        assert np.all(cosine[row, left_out] <= worst[row] + 1e-5)
        assert len(set(found.index[row].tolist())) == k


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_is_refused_and_the_row_named(vectors: np.ndarray, bad: float) -> None:
    vectors[7, 3] = bad
    with pytest.raises(ValueError, match="1 of 400 rows, first in row 7"):
        top_k(vectors[:5], vectors, 3)


@pytest.mark.parametrize(
    ("k", "exclude_self", "message"),
    [(0, False, "1 to 400"), (401, False, "1 to 400"), (400, True, "1 to 399")],
)
def test_k_out_of_range_is_refused(vectors: np.ndarray, k: int, exclude_self: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        top_k(vectors, vectors, k, exclude_self=exclude_self)


def test_unequal_dimensions_are_refused(vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="queries have 3 dimensions, the base has 16"):
        top_k(vectors[:, :3], vectors, 2)
