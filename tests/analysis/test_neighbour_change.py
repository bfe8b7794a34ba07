"""Changed neighbours and outliers against a direct computation, and on spaces built by hand."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.neighbour_change import jaccard, neighbour_change


def near(latents: np.ndarray, k: int) -> list[set[int]]:
    unit = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    return [set(np.argsort(-row)[:k].tolist()) for row in similarity]


def test_overlap_is_that_of_the_sets_of_neighbours():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(80, 6))
    second = first[:, :4] + rng.normal(0, 0.5, size=(80, 4))
    found = neighbour_change(first, second, k=15)
    direct = [len(a & b) / len(a | b) for a, b in zip(near(first, 15), near(second, 15), strict=True)]
    np.testing.assert_allclose(found.jaccard, direct)
    assert found.k == 15


def test_the_same_space_turned_and_stretched_has_the_same_neighbours_and_outliers():
    rng = np.random.default_rng(1)
    latents = rng.normal(size=(60, 5))
    turned = 3 * latents @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    found = neighbour_change(latents, turned)
    assert (found.jaccard == 1).all()
    assert len(found.gained) == len(found.lost) == 0


def test_a_source_that_leaves_its_crowd_is_gained_and_the_other_way_round_lost():
    rng = np.random.default_rng(2)
    crowd = np.array([1.0, 0, 0]) + rng.normal(0, 0.02, size=(100, 3))
    away = crowd.copy()
    away[17] = [-1, 0.3, 0]
    there, back = neighbour_change(crowd, away), neighbour_change(away, crowd)
    assert there.gained.tolist() == [17]
    assert back.lost.tolist() == [17]
    assert there.first_outlier.sum() == there.second_outlier.sum() == 1
    assert there.second_distance[17] > there.second_distance.mean() * 10


def test_those_that_share_nothing_come_first():
    rng = np.random.default_rng(3)
    first = rng.normal(size=(50, 8))
    second = first.copy()
    second[4] = -second[4]
    found = neighbour_change(first, second, k=5)
    assert found.most_changed(1).tolist() == [4]
    assert (np.diff(found.jaccard[found.most_changed(50)]) >= 0).all()


def test_a_few_sources_have_fewer_neighbours():
    found = neighbour_change(np.eye(4), np.eye(4)[::-1])
    assert found.k == 3
    assert (found.jaccard == 1).all()


def test_jaccard_of_rows():
    assert jaccard(np.array([[1, 2], [3, 4]]), np.array([[2, 5], [6, 7]])).tolist() == [1 / 3, 0]


@pytest.mark.parametrize("sizes", [(3, 4), (1, 1)])
def test_what_cannot_be_compared_is_refused(sizes):
    first, second = (np.ones((n, 2)) for n in sizes)
    with pytest.raises(ValueError, match="same number of rows, at least 2"):
        neighbour_change(first, second)
