"""Why a source is strange, in one sentence and its parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from alignlab.services.discover.reason_parts import BandReason, Change, KindShare, SpectrumComparison, VariableReason
from alignlab.services.discover.reason_variables import first_of_each, subject_matter
from alignlab.services.number_words import measured, number, percent
from alignlab.variables import BY_NAME, Variable

if TYPE_CHECKING:
    from alignlab.services.discover.reasons import OutlierReasons

#: From here on a variable is told, and a source is called strange.
LEAST_SIGMA, STRANGE_PERCENT = 2.5, 95.0
#: An excess narrower than this share of its energy, and by this factor above its flanks, is called a line.
_NARROW, _LINE_OVER_FLANKS = 0.25, 1.4
#: Shift of the mean logarithmic energy from which on a spectrum is called hard or soft.
_LEAST_SHIFT = 0.04
#: Share of the contributions above which one half of the latents is said to decide.
_DECIDES = 0.65
#: Percentile of a method's score from which on that is told where nothing else is.
_REMARKABLE_PERCENT = 98.0
_MOST_BANDS, _MOST_VARIABLES = 2, 2


def sentence(found: OutlierReasons) -> str:
    """All reasons in one sentence."""
    unusual = first_of_each(found.variables, subject_matter)
    told = [variable for variable in unusual if abs(variable.sigma) >= LEAST_SIGMA]
    parts = [band_words(band, with_reference=not number) for number, band in enumerate(found.bands[:_MOST_BANDS])]
    parts += [variable_words(variable, found.source_class) for variable in told[:_MOST_VARIABLES]]
    if kinds := kinds_words(found.kinds, found.source_class):
        parts.append(kinds)
    return f"{_opening(found, told)}: {'; '.join(parts)}." if parts else f"{_opening(found, told)}."


def band_words(band: BandReason, *, with_reference: bool = True) -> str:
    """``2.1–2.4 keV holds 41 counts where its nearest normal sources predict 18 (+5.4σ)``."""
    who = "its nearest normal sources predict" if with_reference else "they predict"
    expected = number(band.expected, digits=2) if band.expected < 100 else f"{band.expected:,.0f}"
    return f"{energy_words(band)} holds {band.counts:,.0f} counts where {who} {expected} ({signed(band.sigma)}σ)"


def variable_words(reason: VariableReason, source_class: str) -> str:
    """``its photon index Γ 1.57 (1.44–1.71) is below 98.2% of AGN (n = 4,180)``."""
    variable = BY_NAME[reason.name]
    value = f"its {variable.label} {with_unit(variable, reason.value, reason.low, reason.high)}"
    place = reason.class_percentile
    # The class is the better measure of what is usual, where it says the same as the normal sources.
    if math.isfinite(place) and max(place, 100 - place) >= 90 and (place > 50) == (reason.sigma > 0):
        side, share = ("above", place) if place > 50 else ("below", 100 - place)
        # A source is a member of its class: it is above all others, not above all.
        return f"{value} is {side} {percent(min(share / 100, 0.999))} of class {source_class} (n = {reason.n_class:,})"
    usual = with_unit(variable, reason.normal, reason.normal_low, reason.normal_high)
    return f"{value} stands against {usual} of normal sources ({signed(reason.sigma)}σ)"


def change_words(change: Change) -> str:
    """``N_H (power law) from 450 to 62 ×1e20 cm⁻²``."""
    variable = BY_NAME[change.name]
    unit = f" {variable.display_unit}" if variable.unit else ""
    now, then = (
        percent(value) if variable.name == "var_prob_b" else number(value, digits=2)
        for value in (change.now, change.then)
    )
    return f"{variable.label} from {now} to {then}{unit}"


def normal_words(found: OutlierReasons) -> str:
    """What would have to change, with the nearest normal source by name; empty where there is none."""
    nearest = found.nearest_normal
    if nearest is None:
        return ""
    kind = f" ({nearest.source_class})" if nearest.source_class else ""
    counts = f", {nearest.counts:,.0f} counts" if math.isfinite(nearest.counts) else ""
    name = f"{nearest.name}{kind}{counts}, cosine similarity {nearest.similarity:.2f}"
    if found.step == 0:
        return f"Nearest normal source: {name}. The isolation forest calls this one normal as it is."
    changes = first_of_each(found.changes, subject_matter)[:3]
    what = f", which takes {_listed([change_words(change) for change in changes])}" if changes else ""
    return (
        f"Nearest normal source: {name}. The isolation forest calls it normal after {found.step:.0%} of the way "
        f"there{what} (means of the sources around both places)."
    )


def kinds_words(kinds: tuple[KindShare, ...], source_class: str) -> str:
    """Which classes its neighbours by spectrum and by text are of, with shares."""
    spectrum, text = (next((kind for kind in kinds if kind.by == by), None) for by in ("spectrum", "text"))
    if spectrum is None:
        return ""
    by_spectrum = f"{spectrum.source_class} ({percent(spectrum.share)})"
    if text is None:
        return f"its spectrum is most like those of {by_spectrum}"
    by_text = f"{text.source_class} ({percent(text.share)})"
    if spectrum.source_class == text.source_class:
        own = source_class and spectrum.source_class != source_class
        but = f", though it is classed as {source_class}" if own else ""
        return (
            f"both its spectrum ({percent(spectrum.share)} of its neighbours) and its papers "
            f"({percent(text.share)}) are like those of {spectrum.source_class}{but}"
        )
    return f"its spectrum is most like those of {by_spectrum}, while its papers are like those of {by_text}"


def with_unit(variable: Variable, value: float, low: float = math.nan, high: float = math.nan) -> str:
    """A value with its interval and unit."""
    return f"{measured(variable, value, low, high)}{f' {variable.display_unit}' if variable.unit else ''}"


def _opening(found: OutlierReasons, told: list[VariableReason]) -> str:
    if not math.isfinite(found.percentile):
        return "Without a score"
    rank = f"rank {found.rank:,} of {found.n_scored:,}"
    if found.percentile < STRANGE_PERCENT:
        return f"Not very strange, {rank}"
    return f"Strange, {rank}, for its {_character(found, told)}"


def _character(found: OutlierReasons, told: list[VariableReason]) -> str:
    """What it is strange for, in two or three words."""
    words = _spectral_words(found.bands, found.spectrum)
    if any(variable.name in ("var_prob_b", "var_index_b") and variable.sigma > 0 for variable in told):
        words.append("variable")
    if found.spectrum_share <= 1 - _DECIDES:
        return f"papers more than its {', '.join(words) + ' ' if words else ''}spectrum"
    if not words:
        return _without_spectral_words(found, told)
    if words == ["variable"]:
        return "variability"
    return f"{', '.join(words)} spectrum"


def _without_spectral_words(found: OutlierReasons, told: list[VariableReason]) -> str:
    if found.percentiles.get("disagreement", 0.0) >= _REMARKABLE_PERCENT:
        return "papers, which do not belong to such a spectrum"
    first = {kind.by: kind.source_class for kind in reversed(found.kinds)}
    if found.source_class and found.source_class not in first.values() and len(set(first.values())) == 1:
        return f"spectrum and papers, which are not those of {found.source_class}"
    if told:
        return "measured variables"
    if found.percentiles.get("reconstruction", 0.0) >= _REMARKABLE_PERCENT:
        return "spectrum, which the autoencoder does not reproduce"
    return "place among the others, though no single band or variable stands out"


def _spectral_words(bands: tuple[BandReason, ...], spectrum: SpectrumComparison | None) -> list[str]:
    """``hard``, ``soft``, ``lined``: what the bands that differ have in common; each once."""
    if spectrum is None or not bands:
        return []
    lines = [_is_line(band, spectrum) for band in bands]
    words = []
    if not all(lines):
        middle = np.log(np.sqrt(spectrum.edges_kev[1:] * spectrum.edges_kev[:-1]))
        shift = (middle @ spectrum.counts) / spectrum.counts.sum() - (
            middle @ spectrum.expected
        ) / spectrum.expected.sum()
        words.append("oddly curved" if abs(shift) < _LEAST_SHIFT else "hard" if shift > 0 else "soft")
    return [*words, *(["lined"] if any(lines) else [])]


def _is_line(band: BandReason, spectrum: SpectrumComparison) -> bool:
    """Whether an excess is narrow and its flanks have none of it."""
    width, middle = band.stop_kev - band.start_kev, (band.start_kev + band.stop_kev) / 2
    if band.sigma < 0 or width > _NARROW * middle:
        return False
    low, high = spectrum.edges_kev[:-1], spectrum.edges_kev[1:]
    flanks = ((high > band.start_kev - width) & (high <= band.start_kev)) | (
        (low < band.stop_kev + width) & (low >= band.stop_kev)
    )
    expected = spectrum.expected[flanks].sum()
    beside = spectrum.counts[flanks].sum() / expected if expected > 0 else 1.0
    return bool(band.counts / max(band.expected, 1e-9) > _LINE_OVER_FLANKS * beside)


def energy_words(band: BandReason) -> str:
    """``2.10–2.35 keV``: with as many digits as its width needs."""
    decimals = 1 if band.stop_kev - band.start_kev >= 0.3 else 2
    return f"{band.start_kev:.{decimals}f}–{band.stop_kev:.{decimals}f} keV"


def signed(value: float) -> str:
    """A number with its sign and two significant digits."""
    return f"{'+' if value > 0 else '−'}{number(abs(value), digits=2)}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
