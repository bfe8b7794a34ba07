"""Turning one map onto another undoes any turn and mirroring, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.procrustes import turned_onto


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_turned_mirrored_and_moved_map_lies_as_before(mirror):
    rng = np.random.default_rng(0)
    target = rng.normal(size=(50, 2)) @ np.diag([3, 1]) + [5, -2]
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([1, mirror])
    np.testing.assert_allclose(turned_onto(target @ turn + 7, target), target, atol=1e-5)


def test_distances_stay():
    rng = np.random.default_rng(1)
    points, target = rng.normal(size=(2, 30, 2))
    turned = turned_onto(points, target)
    before, after = (np.linalg.norm(x[:, None] - x[None], axis=-1) for x in (points, turned))
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert np.linalg.norm(turned - target) <= np.linalg.norm(points - points.mean(0) - target + target.mean(0)) + 1e-6


def test_other_sources_are_refused():
    with pytest.raises(ValueError, match="same shape"):
        turned_onto(np.zeros((3, 2)), np.zeros((4, 2)))
