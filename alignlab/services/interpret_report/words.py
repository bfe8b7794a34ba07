"""What pages and documents say of an interpretation in the same words: facts, figures, origin."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial

from alignlab.services.interpret.contract import ClassProbability, Interpretation, VariableComparison
from alignlab.services.number_words import MISSING, measured, number, percent
from alignlab.variables import BY_NAME

#: Ids in square brackets: ``[E3]``, ``[E3, E7]``.
CITATION = re.compile(r"\[(E\d+(?:\s*[,;]\s*E\d+)*)\]")
AGREEMENT = {True: "agrees", False: "differs", None: MISSING}


@dataclass(frozen=True, kw_only=True)
class VariableWords:
    """A compared variable as texts.

    Attributes
    ----------
    label, unit : str
    measured, estimated, wide : str
        Value with 68% limits of both, and the 95% interval of the estimate; a dash where missing.
    agreement : str
        ``agrees``, ``differs`` or a dash.
    """

    label: str
    unit: str
    measured: str
    estimated: str
    wide: str
    agreement: str


def facts_of(interpretation: Interpretation) -> tuple[tuple[str, str], ...]:
    """How it was observed, as pairs of a name and a text; what is unknown is left out."""
    found = []
    if math.isfinite(interpretation.n_counts):
        found.append(("counts, 0.5–8 keV", f"{interpretation.n_counts:,.0f}"))
    if math.isfinite(interpretation.exposure_s):
        found.append(("exposure", f"{number(interpretation.exposure_s / 1000)} ks"))
    if interpretation.position is not None:
        ra, dec = interpretation.position
        found.append(("position (ICRS)", f"{ra:.5f}° {dec:+.5f}°".replace("-", "−")))
    return tuple(found)


def origin_of(interpretation: Interpretation) -> str:
    """What of it is simulated, in a sentence or two; empty where nothing is."""
    provenance = interpretation.provenance
    own = "Its photons are simulated: it is no source in the sky." if interpretation.is_simulated else ""
    base = ""
    if provenance.is_simulated:
        base = (
            f"The sources of survey {provenance.survey_name}, their classes and their papers are simulated: what is "
            "said of them shows the method and is no literature about a real object."
        )
    return " ".join(filter(None, (own, base)))


def probability_of(found: ClassProbability) -> str:
    """``62% (55–70)``, the 95% interval in brackets."""
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return percent(found.probability)
    return f"{percent(found.probability)} ({100 * found.low:.0f}–{100 * found.high:.0f})"


def variable_words(found: VariableComparison) -> VariableWords:
    """A compared variable as texts, in as many digits as its intervals warrant."""
    variable = BY_NAME[found.name]
    wide = MISSING
    if math.isfinite(found.low95) and math.isfinite(found.high95):
        between = " to " if found.low95 < 0 else "–"
        shown = percent if found.name == "var_prob_b" else partial(number, digits=2)
        wide = f"{shown(found.low95)}{between}{shown(found.high95)}"
    return VariableWords(
        label=found.label,
        unit=found.unit,
        measured=measured(variable, found.measured, found.measured_low, found.measured_high),
        estimated=measured(variable, found.estimated, found.low68, found.high68),
        wide=wide,
        agreement=AGREEMENT[found.agrees],
    )


def provenance_of(interpretation: Interpretation) -> str:
    """The line that every figure can be traced by."""
    p = interpretation.provenance
    return (
        f"survey {p.survey_name} ({p.survey_origin}, {p.survey_digest[:12]}) · run {p.run_id} ({p.run_digest[:12]}) · "
        f"n {p.n_sources:,}, {p.n_training:,} of them for training · alignlab {p.version} · {p.created_utc}"
    )
