"""What to look at next: each rule speaks up for its reason, and only then."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from alignlab.services.interpret.contract import (
    ClassEvidence,
    ClassProbability,
    Interpretation,
    KnownSource,
    Place,
    VariableComparison,
)
from alignlab.services.interpret.observation import Observation
from alignlab.services.interpret.suggestions import PILE_UP_RATE, suggest
from alignlab.variables import BY_NAME


def variable(name: str, value: float, *, low: float = math.nan, agrees: bool | None = True) -> VariableComparison:
    return VariableComparison(
        id=f"E-{name}", statement="", name=name, label=BY_NAME[name].label, unit="", measured=value, measured_low=low,
        measured_high=math.nan, estimated=value, low68=value, high68=value, low95=value, high95=value, agrees=agrees,
    )  # fmt: skip


def observation(**changes) -> Observation:
    plain = Observation(
        id="E1", n_counts=800.0, net_counts=700.0, exposure_s=50_000.0, position=(1.0, 2.0), notes=(), note_ids=(),
        has_times=True,
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.fixture
def plain(found: Interpretation) -> Interpretation:
    """An interpretation about which no rule has anything to say."""
    inside = Place(id="E2", statement="", p_value=0.5, n_calibration=99, k=10, is_inside=True, parts=())
    return replace(found, place=inside, known_sources=(), classes=None, papers=(), estimates=(), position=(1.0, 2.0))


def texts(found: Interpretation, seen: Observation) -> dict[str, tuple[str, ...]]:
    return {suggestion.text: suggestion.because for suggestion in suggest(found, seen)}


def test_nothing_is_suggested_without_a_reason(plain):
    assert suggest(plain, observation()) == ()


def noted(note: str) -> dict:
    return {"notes": (note,), "note_ids": ("E9",)}


@pytest.mark.parametrize(
    ("changes", "words", "because"),
    [
        (noted("background unknown: net counts are all counts"), "annulus", "E9"),
        (noted("its events are spread over 3 arcmin: several sources may be among them"), "Cut out one source", "E9"),
        ({"n_counts": 50_000 * PILE_UP_RATE * 2}, "piled up", "E1"),
        ({"net_counts": 40.0}, "40.0 net counts", "E1"),
        ({"has_times": False}, "event list", "E1"),
    ],
)
def test_rules_about_the_observation(plain, changes, words, because):
    ((text, ids),) = texts(plain, observation(**changes)).items()
    assert words in text
    assert ids == (because,)


@pytest.mark.parametrize(
    ("estimates", "words"),
    [
        ((variable("var_prob_b", 0.995),), "light curve"),
        ((variable("var_prob_b", 0.6), variable("var_index_b", 7.0)), "light curve"),
        ((variable("hard_hs", 0.8), variable("powlaw_nh", 400.0, low=250.0)), "iron line"),
        ((variable("hard_hs", -0.8),), "soft"),
        ((variable("powlaw_stat", 2.5), variable("bb_stat", 4.0)), "None of the 2 models"),
        ((variable("powlaw_gamma", 3.0, agrees=False),), "photon index"),
    ],
)
def test_rules_about_the_spectrum(plain, estimates, words):
    ((text, ids),) = texts(replace(plain, estimates=estimates), observation()).items()
    assert words in text
    assert set(ids) == {v.id for v in estimates}


@pytest.mark.parametrize(
    "estimates",
    [
        (variable("var_prob_b", 0.6), variable("var_index_b", 2.0)),
        (variable("hard_hs", 0.8), variable("powlaw_nh", 400.0, low=20.0)),
        (variable("powlaw_stat", 2.5), variable("bb_stat", 1.0)),
    ],
)
def test_rules_that_do_not_apply_are_silent(plain, estimates):
    assert suggest(replace(plain, estimates=estimates), observation()) == ()


def test_doubt_about_the_data_comes_first(plain):
    outside = Place(id="E2", statement="", p_value=0.001, n_calibration=999, k=10, is_inside=False, parts=())
    told = suggest(replace(plain, place=outside, position=None), observation(has_times=False))
    assert told[0].because == ("E2",)
    assert "extrapolation" in told[0].text
    assert any("coordinates" in suggestion.text for suggestion in told)


def test_a_known_source_nearby_is_compared_with(plain):
    known = KnownSource(
        id="E5", statement="", name="2CXO J1", source_class="", survey_name="s", survey_origin="observed", index=0,
        overlay=None, separation_arcsec=1.0,
    )  # fmt: skip
    ((text, ids),) = texts(replace(plain, known_sources=(known,)), observation()).items()
    assert "2CXO J1" in text
    assert ids == ("E5",)


def test_classes_are_told_apart_or_confirmed(plain):
    def classes(*pairs: tuple[str, float]) -> ClassEvidence:
        told = tuple(
            ClassProbability(name=name, probability=p, low=p, high=p, n_neighbours=1, n_training=50)
            for name, p in pairs
        )
        return ClassEvidence(
            id="E7", statement="", probabilities=told, left_out=(), method="", n_calibration=1,
            calibration_error=0.1, calibration_error_low=0.0, calibration_error_high=0.2, n_test=1,
        )  # fmt: skip

    open_question = replace(plain, classes=classes(("AGN", 0.5), ("star", 0.3), ("CV", 0.05)))
    ((text, ids),) = texts(open_question, observation()).items()
    assert "for AGN" in text and "for star" in text and "for CV" not in text
    assert ids == ("E7",)
    ((text, _),) = texts(replace(plain, classes=classes(("star", 0.9), ("CV", 0.1))), observation()).items()
    assert text.startswith("To confirm its class") and "for CV" not in text


def test_how_bright_a_source_is_is_no_disagreement(plain):
    bright = replace(plain, estimates=(variable("flux_significance_b", 50.0, agrees=False),))
    assert suggest(bright, observation()) == ()
