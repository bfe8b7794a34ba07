"""Clusters are given classes as brute force would give them, and judged as the definition says."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from alignlab.analysis.contingency import agreement, contingency, many_to_one, one_to_one


def table_of(counts, noise=None):
    """A table with these counts, built from labels."""
    counts = np.asarray(counts)
    noise = np.zeros(len(counts), int) if noise is None else noise
    labels, classes = [], []
    for row, numbers in enumerate(counts):
        labels += [k for k, n in enumerate(numbers) for _ in range(n)] + [-1] * noise[row]
        classes += [str(row)] * int(sum(numbers) + noise[row])
    names = [str(row) for row in range(len(counts))]
    return contingency(labels, classes, names=names, n_clusters=counts.shape[1])


def test_sources_are_counted_by_class_and_cluster():
    labels = [0, 0, 1, -1, 2, 1]
    classes = ["AGN", "star", "star", "AGN", "CV", "star"]
    table = contingency(labels, classes, names=["star", "AGN", "ULX"], n_clusters=3)
    assert table.counts.tolist() == [[1, 2, 0], [1, 0, 0], [0, 0, 0]]
    assert table.n_noise.tolist() == [0, 1, 0]
    assert table.n_of_class.tolist() == [3, 2, 0]
    assert table.shares[0].tolist() == [1 / 3, 2 / 3, 0]
    assert table.shares[2].tolist() == [0, 0, 0]


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="do not go together"):
        contingency([0, 1], ["a"], names=["a"], n_clusters=2)
    with pytest.raises(ValueError, match="label 5 is none of 2"):
        contingency([0, 5], ["a", "a"], names=["a"], n_clusters=2)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (4, 3), (3, 5)])
def test_one_to_one_has_the_largest_trace_of_all_assignments(n_classes, n_clusters):
    rng = np.random.default_rng(n_clusters)
    for _ in range(20):
        table = table_of(rng.integers(0, 12, (n_classes, n_clusters)))
        shares = table.shares
        size = max(n_classes, n_clusters)
        padded = np.zeros((size, size))
        padded[:n_classes, :n_clusters] = shares
        best = max(sum(padded[row, column] for row, column in enumerate(order)) for order in permutations(range(size)))
        class_of = one_to_one(table)
        given = class_of[class_of >= 0]
        assert len(set(given)) == len(given)
        trace = sum(shares[row, k] for k, row in enumerate(class_of) if row >= 0)
        assert trace == pytest.approx(best)


def test_many_to_one_has_the_largest_balanced_accuracy_of_all_assignments():
    rng = np.random.default_rng(2)
    for _ in range(10):
        table = table_of(rng.integers(0, 9, (3, 4)), noise=rng.integers(0, 4, 3))
        accuracies = [
            agreement(table, np.array(classes), rng=rng, n_bootstrap=10).balanced_accuracy
            for classes in product(range(3), repeat=4)
        ]
        found = agreement(table, many_to_one(table), rng=rng, n_bootstrap=10)
        assert found.balanced_accuracy == pytest.approx(max(accuracies))


def test_two_clusters_of_one_class_count_twice_only_many_to_one():
    table = table_of([[60, 40, 0], [0, 0, 100]])
    rng = np.random.default_rng(0)
    assert agreement(table, one_to_one(table), rng=rng).balanced_accuracy == pytest.approx(0.8)
    assert agreement(table, many_to_one(table), rng=rng).balanced_accuracy == 1


def test_noise_and_classes_without_a_cluster_are_wrong():
    table = table_of([[8, 0], [0, 5], [0, 4]], noise=[2, 5, 0])
    found = agreement(table, one_to_one(table), rng=np.random.default_rng(0))
    # The third class holds more of the second cluster than the second class does.
    assert found.recall.tolist() == [0.8, 0, 1]
    assert found.balanced_accuracy == pytest.approx(0.6)


def test_clusters_without_anybody_have_no_class():
    table = table_of([[4, 0, 0], [0, 6, 0]])
    assert one_to_one(table).tolist() == [0, 1, -1]
    assert many_to_one(table).tolist() == [0, 1, -1]


def test_the_interval_is_that_of_resampled_sources():
    table = table_of([[70, 30], [20, 180]])
    found = agreement(table, one_to_one(table), rng=np.random.default_rng(0), n_bootstrap=4000)
    rng = np.random.default_rng(1)
    classes = np.repeat([0, 1], [100, 200])
    right = np.concatenate([np.arange(100) < 70, np.arange(200) < 180])
    resampled = []
    for _ in range(4000):
        drawn = rng.integers(0, 300, 300)
        resampled.append(np.mean([right[drawn][classes[drawn] == c].mean() for c in (0, 1)]))
    assert [found.low, found.high] == pytest.approx(np.percentile(resampled, [2.5, 97.5]), abs=0.006)
    assert found.balanced_accuracy == pytest.approx(0.8)
    assert found.low < 0.8 < found.high


def test_nobody_to_judge_is_no_figure():
    table = contingency([], [], names=["a", "b"], n_clusters=2)
    found = agreement(table, one_to_one(table), rng=np.random.default_rng(0))
    assert np.isnan([found.balanced_accuracy, found.low, found.high]).all()
