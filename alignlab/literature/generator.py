"""The simulated literature: papers about each source, and summaries of what they say under three aspects.

Nothing here is real: titles and abstracts are composed from phrases of our own, identifiers cannot be taken for
bibcodes, and every abstract ends by saying that the paper is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.literature import phrases_environment as environment
from alignlab.literature import phrases_nature as nature
from alignlab.literature import phrases_papers as paper_phrases
from alignlab.literature import phrases_spectrum as spectrum
from alignlab.literature import phrases_variability as variability
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.claims import FAMILY, NUMBERS, PROBABLE, STATED, UNKNOWN, VAGUE, Claims, draw_claims
from alignlab.literature.fields import Fields, assign_fields
from alignlab.literature.grammar import Pen, Phrase, paragraph
from alignlab.literature.noise import TextNoise
from alignlab.literature.slots import Slots

MAX_PAPERS = 8
FIRST_YEAR, LAST_YEAR = 2000, 2025
#: Uniform numbers prepared per text: enough for the longest, so that no two texts share any.
_DRAWS = 160
_MOST_FILLERS = 6
#: Sentences on a source in the abstract of a paper about it.
_MOST_RESULTS = 3
_TOPICS = ASPECTS


@dataclass(frozen=True, eq=False)
class Literature:
    """What was written about the sources of a survey.

    Attributes
    ----------
    papers : DataFrame
        paper_id, title, year, identifier, abstract.
    source_papers : DataFrame
        source_index, paper_id: one row per source and paper about it; a field paper has many sources.
    summaries : DataFrame
        source_index, aspect, text; only aspects that are discussed.
    """

    papers: pd.DataFrame
    source_papers: pd.DataFrame
    summaries: pd.DataFrame


def write_literature(
    truth: pd.DataFrame,
    variables: pd.DataFrame,
    *,
    rng: np.random.Generator,
    settings: TextNoise | None = None,
) -> Literature:
    """Write 1 to 8 papers and up to three aspect summaries for each source.

    Parameters
    ----------
    truth, variables : DataFrame
        As in `alignlab.spectra.simulate.SimulatedSurvey`, one row per source.
    rng : numpy.random.Generator
        Same state, same texts.
    settings : TextNoise, optional
        How much the texts tell, and how well.

    Returns
    -------
    Literature
        Every source has at least one paper and at least one aspect. No text holds a source's name or position.
    """
    settings = settings or TextNoise()
    n = len(truth)
    claims = draw_claims(truth, variables, settings=settings, rng=rng)
    fields = assign_fields(truth, probability=settings.field_paper, strength=settings.strength, rng=rng)
    discussed = _discussed(n, settings, rng)
    fillers = np.minimum(rng.poisson(settings.filler, (n, len(ASPECTS))), _MOST_FILLERS)
    pen = Pen(rng.random((n, _DRAWS)))
    shared = _shared_words(claims, fields, rng.spawn(1)[0])
    rarity = truth["rarity"].tolist()
    rows: list[tuple[int, str, str]] = []
    for i in range(n):
        pen.turn_to(i)
        slots = Slots(claims, i, pen=pen, surroundings=fields.kind[i], year=_year(pen))
        if fields.field_of[i] >= 0:
            slots.update(shared[fields.field_of[i]])
        for column, (aspect, write) in enumerate(_WRITERS.items()):
            sentences = write(claims, i, pen, rarity[i], fields)
            sentences += _distinct(_FILLERS[aspect], int(fillers[i, column]), pen)
            if discussed[i, column]:
                rows.append((i, aspect, paragraph(sentence.write(pen, slots) for sentence in sentences)))
    summaries = pd.DataFrame(rows, columns=["source_index", "aspect", "text"])
    papers, source_papers = _papers(claims, fields, shared, rarity, rng)
    return Literature(papers, source_papers, summaries)


_FILLERS = {"nature": nature.FILLER, "spectrum": spectrum.FILLER, "environment": environment.FILLER}


def _discussed(n: int, settings: TextNoise, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which aspects are discussed, shape (n, 3); each source has at least one."""
    chance = rng.random((n, len(ASPECTS)))
    missing = np.asarray(settings.missing_aspect)
    discussed = chance >= missing
    silent = ~discussed.any(axis=1)
    discussed[silent, np.argmax((chance - missing)[silent], axis=1)] = True
    return discussed


def _shared_words(claims: Claims, fields: Fields, rng: np.random.Generator) -> list[dict[str, str]]:
    """How each field is described, and how many sources its paper lists: the same for all its sources."""
    pen = Pen(rng.random((max(len(fields.field_kind), 1), _DRAWS)))
    shared = []
    for field, kind in enumerate(fields.field_kind):
        pen.turn_to(field)
        slots = Slots(claims, 0, pen=pen, surroundings=kind, year=_year(pen))
        shared.append({"field": slots["field"], "n_members": str(60 + int(200 * pen.draw()))})
    return shared


def _nature(claims: Claims, i: int, pen: Pen, rarity: str, fields: Fields) -> list[Phrase]:
    del fields
    believed, certainty = claims.believed_class[i], claims.certainty[i]
    sentences: list[Phrase] = []
    if certainty == UNKNOWN:
        sentences.append(pen.pick(nature.AGNOSTIC))
    elif certainty == FAMILY:
        sentences.append(pen.pick(nature.GROUP_STATEMENTS))
    elif certainty == PROBABLE:
        sentences.append(pen.pick(nature.HEDGED))
    elif certainty == STATED:
        sentences.append(pen.pick(nature.STATEMENTS[believed]))
    if claims.told["evidence"][i]:
        sentences.append(pen.pick(nature.EVIDENCE[believed]))
    if claims.old_class[i]:
        sentences.append(pen.pick(nature.OUTDATED))
    if claims.told["rarity"][i]:
        sentences.append(pen.pick(nature.RARITY[rarity]))
    return sentences


def _spectrum(claims: Claims, i: int, pen: Pen, rarity: str, fields: Fields) -> list[Phrase]:
    del fields
    told = {fact: rows[i] for fact, rows in claims.told.items()}
    manner = {fact: rows[i] for fact, rows in claims.manner.items()}
    level = {fact: rows[i] for fact, rows in claims.level.items()}
    kind = claims.continuum[i]
    sentences: list[Phrase] = []
    if told["counts"]:
        counted = [spectrum.COUNTS_NUMBER] if manner["counts"] == NUMBERS else []
        sentences += [pen.pick(options) for options in (*counted, spectrum.COUNTS[level["counts"]])]
    if told["continuum"]:
        sentences += [pen.pick(options) for options in _continuum(kind, manner["continuum"], level)]
    if told["absorption"]:
        sentences += [pen.pick(options) for options in _absorption(manner["absorption"], level)]
    if told["lines"]:
        lines = spectrum.ABUNDANCE[level["abundance"]] if kind == "plasma" else spectrum.IRON[level["lines"]]
        sentences.append(pen.pick(lines))
    if told["second"]:
        sentences.append(pen.pick(_second(claims.second[i], level["second"])))
    if told["hardness"]:
        sentences.append(pen.pick(spectrum.HARDNESS[level["hardness"]]))
    if told["flux"]:
        sentences.append(pen.pick(spectrum.FLUX))
    if told["variability"]:
        curve = claims.light_curve[i]
        if manner["variability"] == VAGUE:
            sentences.append(pen.pick(variability.VAGUE_VARIABILITY[int(curve != "constant")]))
        else:
            sentences.append(pen.pick(variability.VARIABILITY[curve]))
    if told["other mission"]:
        sentences.append(pen.pick(spectrum.OTHER_MISSION))
    if told["rarity"]:
        sentences.append(pen.pick(spectrum.RARITY[rarity]))
    return sentences or [pen.pick(spectrum.NO_DETAIL)]


def _environment(claims: Claims, i: int, pen: Pen, rarity: str, fields: Fields) -> list[Phrase]:
    believed, certainty = claims.believed_class[i], claims.certainty[i]
    sentences: list[Phrase] = []
    if fields.field_of[i] >= 0:
        sentences.append(pen.pick(environment.IN_FIELD))
    if claims.told["environment"][i]:
        if certainty == FAMILY:
            sentences.append(pen.pick(environment.GROUP_INTERPRETATION[nature.GROUP_OF[believed]]))
        else:
            sentences.append(pen.pick(environment.ENVIRONMENT[believed]))
            sentences.append(pen.pick(environment.INTERPRETATION[believed]))
    if claims.told["rarity"][i]:
        sentences.append(pen.pick(environment.RARITY[rarity]))
    return sentences or [pen.pick(environment.AGNOSTIC)]


def _continuum(kind: str, manner: int, level: dict[str, int]) -> list[Sequence[Phrase]]:
    """What to say of the continuum: its colour only, the model in words, or its parameter as well."""
    if manner == VAGUE:
        return [spectrum.VAGUE_CONTINUUM[level["colour"]]]
    in_words = {"power law": spectrum.POWER_LAW, "plasma": spectrum.PLASMA, "blackbody": spectrum.BLACKBODY}
    in_numbers = {
        "power law": spectrum.POWER_LAW_NUMBER,
        "plasma": spectrum.PLASMA_NUMBER,
        "blackbody": spectrum.BLACKBODY_NUMBER,
    }
    return [in_words[kind], in_numbers[kind]] if manner == NUMBERS else [in_words[kind]]


def _absorption(manner: int, level: dict[str, int]) -> list[Sequence[Phrase]]:
    """What to say of the absorber: coarse words, graded ones, or the column as well."""
    if manner == VAGUE:
        return [spectrum.VAGUE_COLUMN[level["obscuration"]]]
    graded = spectrum.COLUMN[level["absorption"]]
    return [graded, spectrum.COLUMN_NUMBER] if manner == NUMBERS else [graded]


def _second(component: str, level: int) -> Sequence[Phrase]:
    if component == "soft excess":
        return spectrum.SOFT_EXCESS[level]
    if component == "two temperatures":
        return spectrum.TWO_TEMPERATURES[level]
    return spectrum.HOT_GAS if component == "hot gas" else spectrum.NO_SECOND


def _distinct(options: Sequence[Phrase], n: int, pen: Pen) -> list[Phrase]:
    """`n` different phrases."""
    left = list(options)
    return [left.pop(int(pen.draw() * len(left))) for _ in range(min(n, len(left)))]


def _year(pen: Pen) -> int:
    return FIRST_YEAR + int(pen.draw() * (LAST_YEAR - FIRST_YEAR + 1))


_WRITERS = {"nature": _nature, "spectrum": _spectrum, "environment": _environment}


def _papers(
    claims: Claims, fields: Fields, shared: list[dict[str, str]], rarity: list[str], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Papers about single sources (bright ones have more), and one per field."""
    n = len(claims)
    brightness = np.clip(np.log10(claims.values["counts"] / 100.0), 0.0, 1.5)
    n_own = 1 + np.minimum(rng.poisson(0.5 + 1.3 * brightness), MAX_PAPERS - 2)
    owner = np.repeat(np.arange(n), n_own)
    pen = Pen(rng.random((len(owner) + len(fields.field_kind), _DRAWS)))
    papers: list[tuple[str, str, int]] = []
    for number, i in enumerate(owner.tolist()):
        pen.turn_to(number)
        year = _year(pen)
        slots = Slots(claims, i, pen=pen, surroundings=fields.kind[i], year=year)
        if claims.certainty[i] >= PROBABLE:
            slots["what"] = slots.noun(claims.believed_class[i])
        topic = pen.pick(_TOPICS)
        title = pen.pick(paper_phrases.TITLES[topic]).write(pen, slots)
        results = _WRITERS[topic](claims, i, pen, rarity[i], fields)[:_MOST_RESULTS]
        if fields.field_of[i] >= 0:
            slots.update(shared[fields.field_of[i]])
        body = [pen.pick(paper_phrases.OPENINGS), *results, pen.pick(paper_phrases.CLOSINGS)]
        papers.append((title, _abstract(body, pen, slots), year))
    for field, kind in enumerate(fields.field_kind):
        pen.turn_to(len(owner) + field)
        year = _year(pen)
        slots = Slots(claims, 0, pen=pen, surroundings=kind, year=year)
        slots.update(shared[field])
        title = pen.pick(paper_phrases.FIELD_TITLES).write(pen, slots)
        body = [
            pen.pick(paper_phrases.FIELD_OPENINGS),
            pen.pick(paper_phrases.FIELD_RESULTS),
            pen.pick(paper_phrases.CLOSINGS),
        ]
        papers.append((title, _abstract(body, pen, slots), year))
    ids = [f"sim-{number:06d}" for number in range(len(papers))]
    table = pd.DataFrame(
        {
            "paper_id": ids,
            "title": [title for title, _, _ in papers],
            "year": [year for _, _, year in papers],
            "identifier": [f"sim:{year % 100:02d}:{number:06d}" for number, (_, _, year) in enumerate(papers)],
            "abstract": [abstract for _, abstract, _ in papers],
        }
    )
    field_of = np.asarray(fields.field_of)
    members = np.flatnonzero(field_of >= 0)
    pairs = pd.DataFrame(
        {
            "source_index": np.concatenate([owner, members]),
            "paper_id": [ids[k] for k in [*range(len(owner)), *(len(owner) + field_of[members]).tolist()]],
        }
    )
    return table, pairs.sort_values("source_index", kind="stable", ignore_index=True)


def _abstract(body: Sequence[Phrase], pen: Pen, slots: Slots) -> str:
    return f"{paragraph(phrase.write(pen, slots) for phrase in body)} {paper_phrases.SIMULATED_NOTE}"
