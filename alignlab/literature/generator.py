"""The simulated literature of a survey: papers, which source they discuss, and summaries by aspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.literature import phrases_papers as papers
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.claims import draw_claims
from alignlab.literature.fields import Fields, assign_fields
from alignlab.literature.grammar import Pen, paragraph
from alignlab.literature.noise import TextNoise
from alignlab.literature.phrases_environment import FIELDS
from alignlab.literature.slots import draw_slots
from alignlab.literature.writers import Slots, Writer, add_fillers, n_fillers

MOST_PAPERS = 8
FIRST_YEAR, LAST_YEAR = 2000, 2025
_DRAWS_PER_TEXT = 72


@dataclass(frozen=True, eq=False)
class Literature:
    """What was written about the sources of a survey.

    Attributes
    ----------
    papers : DataFrame
        ``paper_id`` (int, the row), ``title``, ``year``, ``identifier`` ("sim:07:000123", no bibcode), ``abstract``.
    source_papers : DataFrame
        ``source_index``, ``paper_id``: each source has 1 to 8 papers.
    summaries : DataFrame
        ``source_index``, ``aspect``, ``text``; aspects that are not discussed have no row.
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
    """Write the literature of simulated sources.

    Texts follow from class and physics through what the literature is supposed to believe
    (`alignlab.literature.claims`); they name neither sources nor positions.

    Parameters
    ----------
    truth : DataFrame
        One row per source, columns as in `alignlab.spectra.population.TRUTH_COLUMNS`.
    variables : DataFrame
        Measured variables (``hard_hs`` and ``var_prob_b`` are used where they are finite), or an empty table.
    rng : numpy.random.Generator
        Same state, same settings: same texts.
    settings : TextNoise, optional
        How much is said, and how well.

    Raises
    ------
    ValueError
        If `truth` is empty.
    """
    if len(truth) == 0:
        raise ValueError("truth must hold at least one source")
    settings = settings or TextNoise()
    truth = truth.reset_index(drop=True)
    fields_rng, claims_rng, details_rng, words_rng, papers_rng = rng.spawn(5)
    fields = assign_fields(truth, probability=settings.field_paper, strength=settings.strength, rng=fields_rng)
    claims = draw_claims(truth, variables, settings=settings, rng=claims_rng)
    slots = list(draw_slots(claims, rng=details_rng))
    field_slots, field_words = _describe_fields(fields, slots, words_rng)
    surroundings = _surroundings(fields, field_words, slots, settings, words_rng)
    writer = Writer(claims, rarity=truth["rarity"], surroundings=surroundings)
    discussed = _discussed(len(truth), settings, words_rng)
    summaries = _write_summaries(writer, slots, discussed, settings, words_rng)
    counts = truth["expected_counts"].to_numpy(dtype=float)
    rare = truth["rarity"].ne("").to_numpy()
    catalogue, links = _write_papers(
        writer, slots, discussed, fields, field_words, field_slots, counts=counts, rare=rare, rng=papers_rng
    )
    return Literature(catalogue, links, summaries)


def _describe_fields(fields: Fields, slots: Sequence[Slots], rng: np.random.Generator) -> tuple[list[Slots], list[str]]:
    """Describe each field in the words that all its sources share; its details are those of its first source."""
    first = dict(zip(reversed(fields.field_of), reversed(range(len(slots))), strict=True))
    details = [slots[first[k]] for k in range(len(fields.field_kind))]
    pen = Pen(rng.random((len(details) + 1, _DRAWS_PER_TEXT)))
    words = []
    for k, kind in enumerate(fields.field_kind):
        pen.turn_to(k)
        words.append(_in_sentence(pen.pick(FIELDS[kind]).write(pen, details[k])))
    return details, words


def _surroundings(
    fields: Fields, field_words: list[str], slots: Sequence[Slots], settings: TextNoise, rng: np.random.Generator
) -> list[str]:
    """Words for the surroundings of each source: its field's, or its own where they are told."""
    told = rng.random(len(slots)) < settings.environment_fact * settings.strength
    pen = Pen(rng.random((len(slots), 8)))
    words = []
    for i, field in enumerate(fields.field_of):
        pen.turn_to(i)
        if field >= 0:
            words.append(field_words[field])
        elif told[i]:
            words.append(_in_sentence(pen.pick(FIELDS[fields.kind[i]]).write(pen, slots[i])))
        else:
            words.append("")
    return words


def _in_sentence(words: str) -> str:
    return words if words.startswith("H II") else words[:1].lower() + words[1:]


def _discussed(n: int, settings: TextNoise, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which aspects are discussed; a source of which nothing is discussed keeps its nature."""
    discussed = rng.random((n, len(ASPECTS))) >= np.array(settings.missing_aspect)
    discussed[~discussed.any(axis=1), 0] = True
    return discussed


def _write_summaries(
    writer: Writer, slots: Sequence[Slots], discussed: NDArray[np.bool_], settings: TextNoise, rng: np.random.Generator
) -> pd.DataFrame:
    n = len(slots)
    fillers = n_fillers(settings.filler, (n, len(ASPECTS)), rng=rng)
    pen = Pen(rng.random((n * len(ASPECTS), _DRAWS_PER_TEXT)))
    index, names, texts = [], [], []
    for i, row in enumerate(discussed.tolist()):
        for a, aspect in enumerate(ASPECTS):
            if row[a]:
                pen.turn_to(i * len(ASPECTS) + a)
                written = writer.aspects[aspect](i, pen, slots[i])
                add_fillers(written, aspect, fillers[i][a], pen, slots[i])
                index.append(i)
                names.append(aspect)
                texts.append(paragraph(written))
    return pd.DataFrame({"source_index": np.array(index, dtype=np.int64), "aspect": names, "text": texts})


def _write_papers(
    writer: Writer,
    slots: Sequence[Slots],
    discussed: NDArray[np.bool_],
    fields: Fields,
    field_words: list[str],
    field_slots: list[Slots],
    *,
    counts: NDArray[np.float64],
    rare: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write field papers first, then each source's own; return the papers and who is in which."""
    n, n_fields = len(slots), len(field_words)
    in_field = np.array(fields.field_of) >= 0
    eager = 0.45 + 0.45 * np.log10(counts.clip(10) / 100.0).clip(0, 1.5) + 0.8 * rare
    own = rng.poisson(eager) + np.where(in_field, 0, 1)
    own = np.minimum(own, MOST_PAPERS - in_field)
    owner = np.repeat(np.arange(n), own)
    pen = Pen(rng.random((n_fields + len(owner), _DRAWS_PER_TEXT)))
    year = rng.integers(FIRST_YEAR, LAST_YEAR + 1, size=n_fields + len(owner))
    titles, abstracts = [], []
    for k, words in enumerate(field_words):
        pen.turn_to(k)
        title, abstract = _field_paper(words, pen, field_slots[k])
        titles.append(title)
        abstracts.append(abstract)
    topics = [[aspect for a, aspect in enumerate(ASPECTS) if row[a]] for row in discussed.tolist()]
    for k, i in enumerate(owner.tolist(), start=n_fields):
        pen.turn_to(k)
        title, abstract = _own_paper(writer, i, topics[i], pen, slots[i])
        titles.append(title)
        abstracts.append(abstract)
    number = np.arange(len(titles))
    catalogue = pd.DataFrame(
        {
            "paper_id": number,
            "title": titles,
            "year": year,
            "identifier": [f"sim:{y % 100:02d}:{k:06d}" for k, y in zip(number.tolist(), year.tolist(), strict=True)],
            "abstract": abstracts,
        }
    )
    links = pd.DataFrame(
        {
            "source_index": np.concatenate([np.flatnonzero(in_field), owner]),
            "paper_id": np.concatenate([np.array(fields.field_of)[in_field], number[n_fields:]]),
        }
    ).astype(np.int64)
    return catalogue, links.sort_values(["source_index", "paper_id"], kind="stable", ignore_index=True)


def _field_paper(words: str, pen: Pen, slots: Slots) -> tuple[str, str]:
    slots = {**slots, "field": words}
    title = pen.pick(papers.FIELD_TITLES).write(pen, slots)
    parts = [papers.FIELD_OPENINGS, papers.FIELD_RESULTS, papers.CLOSINGS]
    return title, _abstract([pen.pick(part).write(pen, slots) for part in parts])


def _own_paper(writer: Writer, i: int, topics: list[str], pen: Pen, slots: Slots) -> tuple[str, str]:
    topic = pen.pick(topics)
    what = writer.name_class(i, pen)
    if not what:
        unknown = pen.pick(papers.UNKNOWN).write(pen, slots)
        what = unknown if unknown.startswith("X-ray") else unknown[:1].lower() + unknown[1:]
    slots = {**slots, "what": what}
    title = pen.pick(papers.TITLES[topic]).write(pen, slots)
    results = writer.aspects[topic](i, pen, slots)[:3]
    opening, closing = pen.pick(papers.OPENINGS).write(pen, slots), pen.pick(papers.CLOSINGS).write(pen, slots)
    return title, _abstract([opening, *results, closing])


def _abstract(sentences: list[str]) -> str:
    return f"{paragraph(sentences)} {papers.SIMULATED_NOTE}"
