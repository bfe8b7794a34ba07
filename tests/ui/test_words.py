"""Numbers on screen: digits follow the error, extremes are powers, probabilities are percent."""

from __future__ import annotations

import math

import pytest

from alignlab.ui import words
from alignlab.variables import variable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (-0.6234, "−0.623"),
        (12345.0, "12,345"),
        (320.4, "320"),
        (4.2e-5, "4.2 × 10⁻⁵"),
        (1e7, "10⁷"),
        (math.nan, "–"),
    ],
)
def test_number(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (1.7234, 1.52, 1.91, "1.72 (1.52–1.91)"),
        (320.4, 300.0, 345.0, "320 (300–345)"),
        (-0.2, -0.31, 0.02, "−0.20 (−0.31 to 0.02)"),
        (1.7234, math.nan, math.nan, "1.72"),
        (math.nan, 1.0, 2.0, "–"),
    ],
)
def test_measured_values_have_the_digits_of_their_error(value, low, high, text):
    assert words.measured(variable("powlaw_gamma"), value, low, high) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(0.5, "50%"), (0.00001, "< 0.1%"), (0.99999, "> 99.9%"), (0.032, "3.2%"), (0.0, "0.0%")]
)
def test_probabilities_are_percent_and_never_falsely_certain(probability, text):
    assert words.measured(variable("var_prob_b"), probability) == text


def test_durations():
    assert words.duration(38) == "40 s"
    assert words.duration(170) == "3 min"
