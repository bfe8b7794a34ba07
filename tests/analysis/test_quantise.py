"""Coding vectors in few bytes: round trips, bytes by hand, and directions that keep scalar products."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.quantise import CODINGS, Quantiser, bytes_per_row, principal_directions
from alignlab.analysis.similarity import normalise_rows


@pytest.fixture
def vectors() -> np.ndarray:
    return normalise_rows(np.random.default_rng(0).normal(size=(200, 13)))


@pytest.mark.parametrize(
    ("coding", "n", "expected"),
    [("float32", 128, 512), ("float16", 128, 256), ("int8", 128, 128), ("binary", 128, 16), ("binary", 13, 2)],
)
def test_bytes_are_those_that_codes_take(coding, n, expected):
    x = np.random.default_rng(1).normal(size=(3, n))
    assert bytes_per_row(n, coding) == expected
    assert Quantiser.fit(x, coding).encode(x).nbytes == 3 * expected


def test_full_precision_loses_nothing_and_half_its_last_digits(vectors):
    assert np.array_equal(Quantiser.fit(vectors, "float32").round_trip(vectors), vectors)
    assert Quantiser.fit(vectors, "float16").round_trip(vectors) == pytest.approx(vectors, rel=1e-3, abs=1e-4)


def test_a_byte_is_wrong_by_half_a_step_at_most_and_keeps_the_largest(vectors):
    quantiser = Quantiser.fit(vectors, "int8")
    left = quantiser.round_trip(vectors)
    step = np.abs(vectors).max(axis=0) / 127
    assert (np.abs(left - vectors) <= step / 2 + 1e-7).all()
    largest = np.abs(vectors).argmax(axis=0)
    assert left[largest, np.arange(13)] == pytest.approx(vectors[largest, np.arange(13)])
    assert np.array_equal(quantiser.round_trip(left), left)


def test_what_lies_beyond_the_training_vectors_takes_the_outermost_step(vectors):
    quantiser = Quantiser.fit(vectors, "int8")
    assert (np.abs(quantiser.encode(10 * vectors[:1])) <= 127).all()
    assert quantiser.round_trip(np.full((1, 13), 9.0))[0] == pytest.approx(np.abs(vectors).max(axis=0), rel=1e-6)


def test_the_cosine_of_bits_counts_those_that_agree(vectors):
    bits = Quantiser.fit(vectors, "binary").round_trip(vectors)
    assert set(np.unique(bits)) == {-1.0, 1.0}
    above = vectors > np.median(vectors, axis=0)
    agree = (above[0] == above[1]).sum()
    assert bits[0] @ bits[1] / 13 == pytest.approx((agree - (13 - agree)) / 13)


def test_a_dimension_that_is_always_zero_stays_zero():
    x = np.column_stack([np.arange(4.0), np.zeros(4)])
    for coding in ("float32", "float16", "int8"):
        assert (Quantiser.fit(x, coding).round_trip(x)[:, 1] == 0).all()


def test_directions_keep_scalar_products_where_vectors_lie_in_few(vectors):
    plane = np.random.default_rng(2).normal(size=(3, 13))
    a, b = (np.random.default_rng(seed).normal(size=(50, 3)) @ plane for seed in (3, 4))
    directions = principal_directions(a, b, n_directions=3)
    assert directions.T @ directions == pytest.approx(np.eye(3), abs=1e-5)
    assert (a @ directions) @ (b @ directions).T == pytest.approx(a @ b.T, rel=1e-4, abs=1e-3)


def test_directions_are_the_leading_singular_vectors(vectors):
    found = principal_directions(vectors[:80], vectors[80:], n_directions=4)
    _, _, expected = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    assert np.abs(found.T @ expected[:4].T) == pytest.approx(np.eye(4), abs=1e-4)


def test_wrong_questions_are_refused(vectors):
    with pytest.raises(ValueError, match="n_directions must be 1 to 13, not 14"):
        principal_directions(vectors, n_directions=14)
    with pytest.raises(ValueError, match="coding must be one of float32"):
        Quantiser.fit(vectors, "int4")
    with pytest.raises(ValueError, match="at least one training vector"):
        Quantiser.fit(vectors[:0], CODINGS[0])
