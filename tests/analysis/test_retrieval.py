"""Retrieval figures against explicit sorting, chance and perfection."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.analysis.retrieval import candidates_within, partner_ranks, retrieval_metrics


@pytest.mark.parametrize(
    ("n", "percent", "expected"),
    [(1719, 1, 18), (1719, 5, 86), (1719, 10, 172), (1700, 1, 17), (10, 1, 1), (3, 100, 3)],
)
def test_a_percentage_of_the_candidates_is_rounded_up(n: int, percent: float, expected: int) -> None:
    assert candidates_within(n, percent) == expected


def test_ranks_equal_explicit_sorting() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 150, 8))
    ranks = partner_ranks(a, b, block=32)
    unit_a, unit_b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    for i in range(150):
        order = np.argsort(-(unit_b @ unit_a[i]))
        assert ranks[i] == 1 + np.flatnonzero(order == i)[0]


def test_perfect_retrieval() -> None:
    x = np.random.default_rng(1).normal(size=(200, 16))
    found = retrieval_metrics(x, 3 * x, rng=np.random.default_rng(0))
    assert found.median_rank == 1
    assert found.mean_reciprocal_rank == 1
    assert set(found.recall.values()) == {1.0}


def test_unrelated_spaces_give_chance() -> None:
    a, b = np.random.default_rng(2).normal(size=(2, 2000, 16))
    found = retrieval_metrics(a, b, rng=np.random.default_rng(0))
    assert found.recall[5] == pytest.approx(0.05, abs=0.015)
    assert found.median_rank == pytest.approx(1000, rel=0.08)


def test_a_collapsed_space_is_chance_not_perfection() -> None:
    found = retrieval_metrics(np.ones((101, 4)), np.ones((101, 4)), rng=np.random.default_rng(0))
    assert found.median_rank == 51
    assert found.recall[5] == 0


def test_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(60):
        a = rng.normal(size=(200, 6))
        found.append(retrieval_metrics(a, a + 1.2 * rng.normal(size=a.shape), rng=rng, n_bootstrap=200))
    truth = np.mean([f.recall[5] for f in found])
    inside = sum(f.recall_interval[5][0] <= truth <= f.recall_interval[5][1] for f in found)
    # Intervals hold at 95%; of 60, a binomial draw leaves 51 or more inside with a probability above 0.999.
    assert inside >= 51
    assert all(f.recall_interval[5][0] <= f.recall[5] <= f.recall_interval[5][1] for f in found)


def test_the_same_generator_gives_the_same_intervals_and_json_holds_the_contract() -> None:
    a, b = np.random.default_rng(4).normal(size=(2, 120, 5))
    first, second = (retrieval_metrics(a, b, rng=np.random.default_rng(9)) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    parsed = json.loads(json.dumps(first.to_dict()))
    assert {"recall_at_1_percent", "recall_at_5_percent", "median_rank", "n_candidates"} <= set(parsed)
    assert parsed["n_candidates"] == 120


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="same shape"):
        partner_ranks(np.ones((3, 2)), np.ones((4, 2)))
