"""Colour scales are perceptually uniform and classes stay apart for every kind of colour vision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from alignlab.ui import colours

#: Viénot, Brettel & Mollon 1999 in linear sRGB: what a deuteranope and a protanope see.
VISION = {
    "normal": np.eye(3),
    "deuteranope": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    "protanope": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
}
SHADES = ("light", "dark")
#: OKLab distance at which two colours side by side are told apart at a glance (a just noticeable step is near 0.02).
APART = 0.07
PAGE = {"light": "ffffff", "dark": "0f141a"}


def seen(colour_list: list[str], vision: str = "normal") -> np.ndarray:
    return colours.linear_to_oklab(np.clip(colours.to_linear(colours.to_rgb(colour_list)) @ VISION[vision].T, 0, 1))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("shade", SHADES)
def test_any_two_classes_stay_apart(shade, vision):
    names = colours.class_order({f"class {k}": 1 for k in range(12)})
    lab = seen(colours.class_colours(names, shade), vision)
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2))
    assert nearest > APART


@pytest.mark.parametrize("shade", SHADES)
def test_every_class_stands_out_from_the_page_and_from_grey(shade):
    names = colours.class_order({f"class {k}": 1 for k in range(12)})
    lab = seen(colours.class_colours(names, shade))
    for other in (PAGE[shade], colours.missing_colour(shade)):
        assert np.linalg.norm(lab - seen([other]), axis=1).min() > APART


@pytest.mark.parametrize("shade", SHADES)
@pytest.mark.parametrize("name", ["cividis", "batlow", "diverging"])
def test_scales_take_equal_steps(name, shade):
    lab = seen(list(colours.scale(name, shade)))
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    half = len(steps) // 2
    halves = [steps] if name != "diverging" else [steps[: half - 1], steps[half + 1 :]]
    for part in halves:
        smooth = np.convolve(part, np.ones(9) / 9, mode="valid")  # one step of 8-bit colour is itself 0.002
        assert smooth.max() < 1.35 * smooth.min()


@pytest.mark.parametrize("shade", SHADES)
@pytest.mark.parametrize("name", ["cividis", "batlow"])
def test_sequential_scales_rise_in_lightness_for_everybody(name, shade):
    for vision in VISION:
        lightness = seen(list(colours.scale(name, shade)), vision)[:, 0]
        assert np.all(np.diff(lightness[::16]) > 0)


@pytest.mark.parametrize("shade", SHADES)
def test_the_diverging_scale_is_balanced_about_its_centre(shade):
    lightness = seen(list(colours.scale("diverging", shade)))[:, 0]
    assert abs(lightness[0] - lightness[-1]) < 0.06
    assert np.ptp(lightness) > 0.3
    turn = np.argmax(lightness) if shade == "light" else np.argmin(lightness)
    assert abs(turn - 127.5) < 4


@pytest.mark.parametrize("shade", SHADES)
@pytest.mark.parametrize("name", ["cividis", "batlow", "diverging"])
def test_no_value_looks_missing(name, shade):
    grey = seen([colours.missing_colour(shade)])
    assert np.linalg.norm(seen(list(colours.scale(name, shade))) - grey, axis=1).min() > 0.05


def test_known_classes_keep_their_colour_in_every_survey():
    few = colours.class_order({"star": 3, "AGN": 10})
    many = colours.class_order({"AGN": 1, "QSO": 2, "star": 5, "blazar": 9})
    colour_of = [dict(zip(names, colours.class_colours(names), strict=True)) for names in (few, many)]
    assert colour_of[0]["star"] == colour_of[1]["star"]
    assert colour_of[0]["AGN"] == colour_of[1]["AGN"]
    assert len(set(colour_of[1].values())) == 4


def test_more_than_twelve_classes_are_grouped():
    order = colours.class_order({f"class {k}": 100 - k for k in range(20)})
    assert len(order) == 12
    assert order[-1] == colours.OTHER
    assert "class 0" in order
    assert "class 19" not in order
