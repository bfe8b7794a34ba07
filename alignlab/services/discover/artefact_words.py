"""Concerns in sentences, each with its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from alignlab.services.discover.artefact_concerns import NET_COUNTS
from alignlab.services.number_words import number, percent, plural
from alignlab.spectra.apertures import aperture_radius_arcsec
from alignlab.spectra.hardness import HARDNESS_BANDS
from alignlab.variables import BY_NAME

#: What would have to be known, by concern.
NEEDED: Mapping[str, str] = {
    "few_counts": "counts",
    "background": "counts of the background",
    "off_axis": "the angle from the optical axis",
    "pile_up": "counts, exposure and the angle from the optical axis",
    "saturated": "the catalogue's column sat_src_flag",
    "streak": "the catalogue's column streak_src_flag",
    "chip_edge": "the catalogue's column edge_code",
    "extended": "the catalogue's column extent_flag",
    "disagreeing": "several observations of one source, with hardness ratios",
}
Figures = Mapping[str, float]


def sentence(concern: str, figures: Figures) -> str:
    """Why a concern is raised for one source, from its figures (`alignlab.services.discover.artefact_concerns`)."""
    return _SENTENCES[concern](figures)


def _few_counts(told: Figures) -> str:
    return (
        f"Few counts: {number(max(told['net'], 0.0), digits=2 if told['net'] < 100 else 3)} net, where spectra are "
        f"fitted from {NET_COUNTS[0]:.0f} on."
    )


def _background(told: Figures) -> str:
    share = percent(min(told["background"] / told["counts"], 1.0))
    return f"Background: {share} of the {told['counts']:,.0f} counts in its aperture are expected to be background."


def _off_axis(told: Figures) -> str:
    return (
        f"Far off axis: {told['theta']:.1f} arcmin, where 90% of a point source's photons spread over a radius of "
        f"{aperture_radius_arcsec(told['theta']):.0f} arcsec."
    )


def _pile_up(told: Figures) -> str:
    if told["pile_up_flag"]:
        return "Pile-up: the catalogue flags it as piled up."
    expected = (
        f"Pile-up: {number(told['events'], digits=2)} events per frame of 3.2 s on one spot would fuse "
        f"{percent(told['piled'])} of them"
    )
    ratio = told["log_ratio"]
    if not math.isfinite(ratio):
        return f"{expected}; whether it did is not known, since its spectrum cannot be asked."
    if not told["tells"]:
        unlike = ratio > 0 and not told["described"]
        why = "no continuum describes its spectrum" if unlike else "its spectrum does not tell"
        return f"{expected}; whether it did is not known, since {why}."
    times = "more than a million" if abs(ratio) > math.log(1e6) else number(math.exp(abs(ratio)), digits=1)
    than = "with than without" if ratio > 0 else "without than with"
    return f"{expected}; its spectrum is {times} times likelier {than} fused photons."


def _disagreeing(told: Figures) -> str:
    variable = BY_NAME[list(HARDNESS_BANDS)[int(told["disagreement_ratio"])]]
    return (
        f"Its observations disagree: {variable.label} is {told['disagreement_here']:.2f} here and "
        f"{told['disagreement_others']:.2f} in {plural(int(told['disagreement_n_others']), 'other observation')}, "
        f"{abs(told['disagreement_sigma']):.1f}σ apart."
    )


_SENTENCES: Mapping[str, Callable[[Figures], str]] = {
    "few_counts": _few_counts,
    "background": _background,
    "off_axis": _off_axis,
    "pile_up": _pile_up,
    "saturated": lambda told: "Saturated: the catalogue flags its counts as too few.",
    "streak": lambda told: "Streak: the catalogue flags it as lying on a readout streak.",
    "chip_edge": lambda told: "Chip edge: during the observation it moved over an edge of the chips.",
    "extended": lambda told: "Extended: its aperture holds only part of it.",
    "disagreeing": _disagreeing,
}
