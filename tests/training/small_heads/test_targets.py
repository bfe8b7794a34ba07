"""Variables on their scales and back, classes as numbers."""

from __future__ import annotations

import numpy as np

from alignlab.training.small_heads.targets import UNKNOWN, VariableScales, class_numbers
from alignlab.variables import VARIABLE_NAMES, VARIABLES


def made_up(rng: np.random.Generator, n: int = 300) -> np.ndarray:
    columns = []
    for v in VARIABLES:
        low, high = v.valid_range
        drawn = rng.lognormal(size=n) if v.scale != "linear" else rng.uniform(low, high, n)
        columns.append(np.clip(drawn, low, high))
    values = np.column_stack(columns)
    values[rng.random(n) < 0.5, VARIABLE_NAMES.index("bb_nh")] = 0
    values[rng.random(values.shape) < 0.2] = np.nan
    return values


def test_there_and_back_again_and_missing_stays_missing() -> None:
    values = made_up(np.random.default_rng(0))
    scales = VariableScales.fit(values)
    scaled = scales.forward(values)
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(values))
    np.testing.assert_allclose(scales.inverse(scaled), values, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.nanmean(scaled, axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.nanstd(scaled, axis=0), 1)


def test_a_positive_logarithmic_variable_is_a_pure_logarithm_and_zeros_make_it_linear_near_zero() -> None:
    values = made_up(np.random.default_rng(1))
    scales = VariableScales.fit(values)
    assert scales.softening[VARIABLE_NAMES.index("bb_kt")] == 0
    assert scales.softening[VARIABLE_NAMES.index("bb_nh")] > 0
    assert np.isnan(scales.softening[VARIABLE_NAMES.index("hard_hs")])


def test_values_stay_within_what_the_catalogue_can_hold() -> None:
    scales = VariableScales.fit(made_up(np.random.default_rng(2)))
    far = scales.inverse(np.full((2, 3, len(VARIABLES)), 1e6))
    np.testing.assert_array_equal(far[0, 0], [v.valid_range[1] for v in VARIABLES])


def test_a_variable_that_no_source_has_is_unknown() -> None:
    values = made_up(np.random.default_rng(3))
    values[:, 4] = np.nan
    scales = VariableScales.fit(values)
    assert np.isnan(scales.std[4])
    assert np.isnan(scales.inverse(np.zeros((2, 20)))[:, 4]).all()


def test_classes_come_from_the_training_sources() -> None:
    names = np.array(["star", "AGN", "", "pulsar", "AGN"])
    classes, numbers = class_numbers(names, np.array([True, True, True, False, False]))
    assert classes == ("AGN", "star")
    assert numbers.tolist() == [1, 0, UNKNOWN, UNKNOWN, 0]
