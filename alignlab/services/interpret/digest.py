"""The interpretation as a few readable sentences, each citing its evidence; no language model takes part."""

from __future__ import annotations

import math

from alignlab.services.interpret.classes import with_interval
from alignlab.services.interpret.contract import DigestSection, Interpretation, VariableComparison
from alignlab.services.interpret.place import p_words
from alignlab.services.number_words import plural

#: Fewer counts than this leave a spectrum's shape open.
FEW_COUNTS = 100
#: A class is named alone from this probability.
_LIKELY = 0.5
_QUOTED = 2
_SHOWN_VARIABLES = ("hard_hs", "powlaw_gamma", "powlaw_nh", "apec_kt", "var_prob_b")


def verdict(found: Interpretation) -> str:
    """One sentence: inside or outside what the run knows, and what the source is most like."""
    place = found.place
    if place is None:
        return ""
    if not math.isfinite(place.p_value):
        return f"Whether the run was trained on the like of it is unknown; {_like(found)}."
    told = f" ({p_words(place.p_value, place.n_calibration)})"
    like = _like(found)
    if place.is_inside:
        return f"Within what the run was trained on{told}, {like}."
    return f"Unlike what the run was trained on{told}: all else is extrapolation; {like}."


def _like(found: Interpretation) -> str:
    """What the source is most like, with whether that is simulated."""
    simulated = "simulated " if found.provenance.is_simulated else ""
    classes = found.classes.probabilities if found.classes else ()
    if not classes:
        nearest = found.neighbours[0] if found.neighbours else None
        return f"nearest to the {simulated}source {nearest.name}" if nearest else "without neighbours"
    if classes[0].probability >= _LIKELY:
        return f"most like {simulated}sources of class {classes[0].name}, probability {with_interval(classes[0])}"
    named = [f"{p.name} {with_interval(p)}" for p in classes[:3]]
    return f"its class open among {simulated}sources: {', '.join(named)}"


def limits(found: Interpretation, *, split: str, lacks_background: bool) -> tuple[str, ...]:
    """What one must keep in mind.

    Parameters
    ----------
    found : Interpretation
    split : str
        Of a source of the run's own survey; empty for a new one.
    lacks_background : bool
    """
    origin = found.provenance
    told = []
    if origin.is_simulated:
        told.append(
            f"Survey {origin.survey_name} ({origin.survey_origin}): its sources, their classes and the papers about "
            "them are not observed. Probabilities hold for sources as frequent as there, not on the sky."
        )
    else:
        told.append(
            f"Probabilities and intervals hold for sources drawn like those of survey {origin.survey_name}: another "
            "selection has other frequencies."
        )
    if found.is_simulated:
        told.append("The source itself is simulated.")
    if found.place is not None and not found.place.is_inside:
        told.append("It lies outside what the run was trained on: probabilities and intervals promise nothing here.")
    if found.n_counts < FEW_COUNTS:
        told.append(f"{plural(round(found.n_counts), 'count')} leave the shape of its spectrum open.")
    if not math.isfinite(found.n_counts):
        told.append("Only the shape of its spectrum is known, not how many photons were counted.")
    if lacks_background:
        told.append("Its background is unknown: all counts were taken for its own.")
    if split == "train":
        told.append("The run was trained on this very source: it is interpreted as if new, but its place is not.")
    return tuple(told)


def digest(found: Interpretation) -> tuple[DigestSection, ...]:
    """Sections of sentences that end with the ids which they cite; empty sections are left out."""
    sections = (
        DigestSection(title="Where it lies", sentences=_where(found)),
        DigestSection(title="What it may be", sentences=_what(found)),
        DigestSection(title="Its spectrum", sentences=_spectrum(found)),
        DigestSection(title="What is written about sources like it", sentences=_written(found)),
        DigestSection(
            title="What to look at next", sentences=tuple(_cited(s.text, *s.because) for s in found.suggestions)
        ),
    )
    return tuple(section for section in sections if section.sentences)


def digest_text(found: Interpretation) -> str:
    """The digest as plain text, with verdict and limits, and a language model's paragraph where there is one."""
    parts = [found.source_name, found.verdict]
    if found.paragraph is not None:
        said = found.paragraph.text or f"No paragraph by {found.paragraph.model}: {found.paragraph.problem}"
        parts += ["", said]
    for section in found.digest:
        parts += ["", section.title, *(f"- {sentence}" for sentence in section.sentences)]
    return "\n".join([*parts, "", "Limits", *(f"- {limit}" for limit in found.limits)])


def _cited(sentence: str, *ids: str) -> str:
    return f"{sentence} {''.join(f'[{i}]' for i in ids if i)}".rstrip()


def _where(found: Interpretation) -> tuple[str, ...]:
    told = []
    if found.place is not None:
        told.append(_cited(found.place.statement, found.place.id))
    if found.neighbours:
        names = ", ".join(f"{n.name} ({n.source_class or 'not classified'})" for n in found.neighbours[:3])
        ids = [n.id for n in found.neighbours[:3]]
        told.append(_cited(f"Nearest by spectrum are {names}.", *ids))
    return (*told, *(_cited(known.statement, known.id) for known in found.known_sources))


def _what(found: Interpretation) -> tuple[str, ...]:
    return (_cited(found.classes.statement, found.classes.id),) if found.classes else ()


def _spectrum(found: Interpretation) -> tuple[str, ...]:
    by_name = {v.name: v for v in found.estimates}
    shown = [by_name[name] for name in _SHOWN_VARIABLES if name in by_name and by_name[name].id]
    apart = [v for v in found.estimates if v.agrees is False and v not in shown]
    told = [_cited(v.statement, v.id) for v in (*shown, *apart)]
    compared = [v for v in found.estimates if v.agrees is not None]
    if compared:
        told.append(_agreement_words(compared))
    return (*told, *(_cited(d.statement, d.id) for d in found.differences))


def _agreement_words(compared: list[VariableComparison]) -> str:
    n_agree = sum(bool(v.agrees) for v in compared)
    sentence = f"{n_agree} of {plural(len(compared), 'measured variable')} agree with what its place says."
    return _cited(sentence, *(v.id for v in compared))


def _written(found: Interpretation) -> tuple[str, ...]:
    return tuple(_cited(paper.statement, paper.id) for paper in found.papers[:_QUOTED])
