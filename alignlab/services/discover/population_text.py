"""What a comparison of populations found, in sentences with numbers."""

from __future__ import annotations

import numpy as np

from alignlab.analysis.mean_errors import binomial_interval
from alignlab.services.discover.population_brightness import BrightnessFunction
from alignlab.services.discover.population_comparison import (
    COUNTS,
    PopulationComparison,
    QuantityComparison,
    ShareComparison,
)
from alignlab.services.discover.populations import COMPLETE_SHARE, Population
from alignlab.services.number_words import number, p_words, percent, plural

_CLEAR = 0.05
#: Quantities that are told in words.
_TOLD = 3
#: Counts that differ by more than this factor decide by themselves what can be measured.
_UNEQUAL = 1.25
CAVEATS = (
    "Brightness is the observed flux of 0.5–7 keV, summed photon by photon over the effective area and corrected for "
    "the aperture, absorption left as it is. Sources before and behind a galaxy are not taken out, and a class may be "
    "simulated, catalogued or missing."
)


def introduction(comparison: PopulationComparison) -> str:
    """Who is compared with whom."""
    first, second = comparison.first, comparison.second
    both = f", {plural(comparison.n_both, 'source')} in both left out of the tests" if comparison.n_both else ""
    return (
        f"{first.group.label} (n = {first.n:,}) against {second.group.label} (n = {second.n:,}){both}; survey "
        f"{first.survey.name}, {first.survey.origin}."
    )


def difference_sentence(comparison: PopulationComparison) -> str:
    """The largest differences that are unlikely by chance; or that there are none."""
    clear = [q for q in comparison.quantities if q.ad_corrected < _CLEAR and q.name != COUNTS]
    n = len(comparison.quantities)
    if not clear:
        least = min((q.ad_corrected for q in comparison.quantities if np.isfinite(q.ad_corrected)), default=np.nan)
        return (
            f"None of {n} quantities differs clearly: the smallest p is {p_words(least)} (Anderson–Darling, "
            f"Holm-corrected for {n})."
        )
    told = "; ".join(map(_difference, clear[:_TOLD]))
    others = f", and {len(clear) - _TOLD} more" if len(clear) > _TOLD else ""
    return f"Clearly different are {told}{others} (Anderson–Darling, Holm-corrected for {n} quantities)."


def share_sentences(comparison: PopulationComparison) -> list[str]:
    """How many vary in each, and whether that is still so at equal counts."""
    return [_share(share) for share in comparison.shares]


def counts_sentence(comparison: PopulationComparison) -> str:
    """That one population has more counts, which alone lets one measure more of it; empty where they are alike."""
    counts = next(q for q in comparison.quantities if q.name == COUNTS)
    ratio = counts.median_first / counts.median_second if counts.median_second > 0 else np.nan
    if not (counts.ad_corrected < _CLEAR and max(ratio, 1 / ratio) > _UNEQUAL):
        return ""
    more, other = ("first", "second") if ratio > 1 else ("second", "first")
    return (
        f"The {more} has {number(max(ratio, 1 / ratio), digits=2)} times the net counts of the {other} in the median: "
        "variability and fits are measured more easily there, so compare shares at equal counts."
    )


def brightness_sentence(population: Population, function: BrightnessFunction) -> str:
    """The slope of a luminosity function, from where it is complete, and who is not in it."""
    what = "luminosities" if function.is_luminosity else "fluxes"
    left = [
        plural(n, noun)
        for n, noun in ((function.n_limits, "upper limit"), (function.n_missing, "source without a flux"))
        if n
    ]
    out = f" Not counted: {' and '.join(left)}.".replace("without a fluxs", "without a flux") if left else ""
    if not np.isfinite(function.limit):
        return f"{population.group.label}: no {what}.{out}"
    why = (
        "the limit that was given"
        if function.limit_is_given
        else f"where {100 * COMPLETE_SHARE:.0f}% of the observations show a source"
    )
    above = f"{function.n_above:,} of {population.n:,} lie above {number(function.limit)} {function.unit} ({why})"
    if function.fit is None:
        return f"{population.group.label}: {above}, too few for a slope.{out}"
    fit = function.fit
    fits = "a power law describes them" if fit.p >= _CLEAR else "a power law does not describe them"
    return (
        f"{population.group.label}: {above}; N(>{'L' if function.is_luminosity else 'S'}) falls with the power "
        f"{fit.slope:.2f} ({fit.low:.2f}–{fit.high:.2f}, 95%), and {fits} (p = {p_words(fit.p)}).{out}"
    )


def share_words(hits: int, n: int) -> str:
    """A share with its interval: ``12 of 65 (18%, 11–29%)``."""
    if not n:
        return "0 of 0"
    low, high = map(float, binomial_interval(hits, n))
    return f"{hits:,} of {n:,} ({percent(hits / n)}, {100 * low:.1f}–{100 * high:.1f}%)"


def _difference(q: QuantityComparison) -> str:
    way = "larger" if q.delta > 0 else "smaller" if q.delta < 0 else "otherwise spread"
    unit = f" {q.unit}" if q.unit else ""
    if q.name == "var_prob_b":
        medians = f"{percent(q.median_first)} against {percent(q.median_second)}"
    else:
        medians = f"{number(q.median_first)} against {number(q.median_second)}{unit}"
    delta = f"{q.delta:+.2f} ({q.delta_low:+.2f} to {q.delta_high:+.2f})".replace("-", "−")
    return f"{q.label}, {way} (median {medians}, δ {delta}, p {_p(q.ad_corrected)})"


def _share(share: ShareComparison) -> str:
    test = share.test
    told = (
        f"{share.label[0].upper()}{share.label[1:]}: {share_words(test.hits_first, test.n_first)} against "
        f"{share_words(test.hits_second, test.n_second)}, Fisher's p {_p(share.p_corrected)}"
    )
    if not np.isfinite(share.p_equal_corrected):
        return f"{told}."
    return (
        f"{told}; at equal counts the odds are {number(test.common_odds_ratio, digits=2)} times those of the second, "
        f"p {_p(share.p_equal_corrected)} (Mantel–Haenszel)."
    )


def _p(p: float) -> str:
    words = p_words(p)
    return words if words.startswith("<") else f"= {words}"
