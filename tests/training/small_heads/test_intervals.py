"""Split-conformal intervals hold what they promise, whatever the head believed."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.training.small_heads.intervals import (
    LEVELS,
    MIN_HALF_WIDTH,
    calibrate,
    coverage,
    gaussian_quantiles,
    proper_quantiles,
)


@pytest.mark.parametrize("belief", [0.2, 1.0, 5.0])
def test_new_sources_are_covered_however_wrong_the_head_is_about_its_error(belief: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(24_000, 2)) * [1.0, 3.0]
    answer = gaussian_quantiles(np.zeros_like(truth), np.full_like(truth, belief))
    calibration = calibrate(answer[:4000], truth[:4000])
    stretched = calibration.stretch(answer[4000:])
    for level, promised in enumerate(LEVELS):
        np.testing.assert_allclose(coverage(stretched, truth[4000:], level).mean(axis=0), promised, atol=0.02)


def test_the_factor_is_the_conformal_rank_by_hand() -> None:
    truth = np.arange(1.0, 10.0)[:, None]  # nine sources, each as many half-widths away as it says
    answer = np.tile(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), (9, 1, 1))
    calibration = calibrate(answer, truth)
    assert calibration.factor[0, 0] == 7  # ⌈10 × 0.68⌉ = 7th smallest
    assert calibration.origin[0].tolist() == ["own", "none"]  # 95% would need the tenth of nine
    assert calibration.n.tolist() == [9]


def test_a_variable_with_few_sources_leans_on_the_others() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(100, 2))
    truth[5:, 1] = np.nan
    calibration = calibrate(gaussian_quantiles(np.zeros((100, 2)), np.ones((100, 2))), truth)
    assert calibration.origin.tolist() == [["own", "own"], ["own", "pooled"]]
    assert calibration.n.tolist() == [100, 5]
    assert 0.8 < calibration.factor[1, 1] < 1.3


def test_without_calibration_sources_the_head_is_believed() -> None:
    answer = gaussian_quantiles(np.zeros((4, 2)), np.ones((4, 2)))
    calibration = calibrate(answer[:0], np.zeros((0, 2)))
    assert set(calibration.origin.ravel()) == {"none"}
    np.testing.assert_array_equal(calibration.stretch(answer), answer)


def test_the_wide_interval_holds_the_narrow_one() -> None:
    rng = np.random.default_rng(2)
    truth = np.where(rng.random((200, 1)) < 0.7, rng.normal(size=(200, 1)), 0)
    raw = rng.normal(size=(200, 1, 5))
    proper = proper_quantiles(raw)
    assert (np.diff(proper, axis=-1) >= MIN_HALF_WIDTH - 1e-12).all()
    np.testing.assert_array_equal(proper[..., 2], raw[..., 2])
    assert (np.diff(calibrate(proper, truth).stretch(proper), axis=-1) >= 0).all()
