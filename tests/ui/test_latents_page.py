"""Figures and findings of the Latents page, from figures made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from alignlab.ui.latents_page.correlations import best_figure
from alignlab.ui.latents_page.findings import (
    correlations_finding,
    formulas_finding,
    neighbours_finding,
    variables_finding,
)
from alignlab.ui.latents_page.formulas import symbol_html
from alignlab.ui.latents_page.heat_map import by_best_variable, heat_map
from alignlab.ui.latents_page.neighbours import spread_figure

VARIABLES = ["hard_hs", "powlaw_gamma", "apec_z"]
ORIGIN = {
    "survey": "demo",
    "simulated": True,
    "origin": "simulated",
    "run": "paper-1",
    "split": "test",
    "seed": 7,
    "n": 90,
    "n_pairs": 80,
}


def ranged(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def pair(latent: int, variable: str, rho: float) -> dict[str, Any]:
    return {
        "latent": latent,
        "variable": variable,
        "n": 90,
        "spearman": ranged(rho),
        "pearson": rho,
        "bits": ranged(0.4),
    }


@pytest.fixture
def correlated() -> dict[str, Any]:
    # The third variable has no values.
    matrix = [[0.1, -0.8, None], [0.6, 0.2, None]]
    best = [pair(1, "hard_hs", 0.6), pair(0, "powlaw_gamma", -0.8)]
    chance = {"hard_hs": 0.2, "powlaw_gamma": 0.3, "apec_z": None}
    told = {
        "n_latents": 2, "mean_best": ranged(0.7), "mean_chosen": ranged(0.69), "best": best, "spearman": matrix,
        "pearson": matrix, "chance": {"mean": 0.1, "high": 0.2, "variables": chance},
    }  # fmt: skip
    text = told | {"mean_best": ranged(0.5), "best": [pair(0, "hard_hs", 0.01)]}
    both = told | {"n_latents": 4, "best": best, "top_pairs": [pair(2, "powlaw_gamma", -0.8), pair(1, "hard_hs", 0.6)]}
    of = {"spectrum": told, "text": text, "spectrum_aligned": told, "text_aligned": told, "both": both}
    return {"provenance": ORIGIN, "variables": VARIABLES, "n": [90, 60, 0], "representations": of}


@pytest.fixture
def alike() -> dict[str, Any]:
    def spread(value: float) -> dict[str, Any]:
        missing = {"value": None, "low": None, "high": None}
        return {"mean": ranged(value), "variables": [ranged(value), ranged(value), missing]}

    told = {
        "n": [80, 60, 0],
        "spread": {
            name: spread(value)
            for name, value in zip(
                ("spectrum", "text", "spectrum_aligned", "text_aligned", "both"), (0.5, 0.9, 0.3, 0.6, 0.5), strict=True
            )
        },
        "change": {
            "spectrum_aligned": {"before": "spectrum", **spread(-0.2)},
            "text_aligned": {"before": "text", **spread(-0.3)},
            "both": {"before": "spectrum", **spread(0.0)},
        },
    }
    told["change"]["both"]["variables"][0] = ranged(-0.1)
    return {"provenance": ORIGIN, "variables": VARIABLES, "n_neighbours_from": 500, "k": {"10": told}}


def test_latents_are_ordered_by_their_variable_the_strongest_first():
    rho = np.array([[0.1, 0.5], [0.4, 0.0], [0.0, -0.9], [np.nan, np.nan], [-0.7, 0.2]])
    assert by_best_variable(rho).tolist() == [4, 1, 3, 2, 0]


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_heat_map_is_centred_on_zero_and_marks_the_best(correlated, shade):
    figure = heat_map(correlated, "both", "spearman", shade=shade)
    picture, dots = figure.data
    assert (picture.zmin, picture.zmax) == (-1, 1)
    assert list(picture.x) == ["spectrum 1", "text 1", "spectrum 0", "text 0"]
    z = np.array(picture.z, dtype=float)
    assert z.shape == (3, 4)
    assert z[0].tolist() == [0.6, 0.6, 0.1, 0.1]
    assert np.isnan(z[2]).all()
    assert list(dots.y) == ["hardness (hard − soft)", "photon index Γ"]
    assert list(dots.x) == ["spectrum 1", "spectrum 0"]
    assert list(heat_map(correlated, "text_aligned", "pearson", shade=shade).data[0].x) == ["1", "0"]


def test_strengths_are_without_sign_and_intervals_end_at_zero(correlated):
    figure = best_figure(correlated, shade="light")
    spectrum, _, text, _ = figure.data
    assert list(spectrum.x) == [0.6, 0.8]
    assert text.x[0] - text.error_x.arrayminus[0] == pytest.approx(0)


def test_findings_on_correlations_are_computed(correlated):
    text = correlations_finding(correlated)
    for part in ("|ρ| = 0.70 (0.68–0.72)", "2 variables", "chance would give 0.10", "paper found 0.55",
                 "text 0 with photon index Γ, ρ = −0.80", "the text from 0.50 to 0.70"):  # fmt: skip
        assert part in text
    correlated["representations"]["both"]["mean_best"]["value"] = None
    assert "No source" in correlations_finding(correlated)


def test_findings_on_formulas_are_computed():
    front = [{"complexity": 3, "r2": ranged(0.5)}, {"complexity": 9, "r2": ranged(0.8)}]
    told = {"latents": [{"chosen": 1, "front": front, "forest": 0.9}, {"chosen": 0, "front": front, "forest": 0.9}]}
    text = formulas_finding(told)
    assert "(3 to 9 numbers" in text
    assert "50% to 80% of the variance of 2 latents" in text
    assert text.endswith("90%.")
    assert "No formula" in formulas_finding({"latents": [{"chosen": None, "front": [], "forest": 0.1}]})


def test_findings_on_neighbours_say_for_what_the_paper_is_right(alike):
    text = neighbours_finding(alike, "10")
    assert "holds here for the spectrum (0.300, before alignment 0.500) and the text (0.600," in text
    assert "not for both together (0.500," in text
    words = variables_finding(alike, "10")
    assert "more alike in 1: hardness (hard − soft)." in words
    assert "Less alike in 0." in words
    assert "No difference seen in 1: photon index Γ." in words
    for change in alike["k"]["10"]["change"].values():
        change["mean"] = ranged(0.1)
    assert "does not hold here, not for the spectrum" in neighbours_finding(alike, "10")


def test_spread_is_drawn_where_there_is_one(alike):
    figure = spread_figure(alike, "10", shade="dark")
    both = [trace for trace in figure.data if trace.name == "both, aligned"]
    assert [len(trace.x) for trace in both] == [3, 3]
    assert list(both[1].x) == [0.0, -0.1, 0.0]


def test_symbols_are_set_as_in_the_formula():
    assert symbol_html("N_pl") == "<i>N</i><sub>pl</sub>"
    assert symbol_html("Γ") == "<i>Γ</i>"
