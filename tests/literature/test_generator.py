from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from alignlab.errors import RecipeError
from alignlab.literature import (
    phrases_environment,
    phrases_nature,
    phrases_papers,
    phrases_spectrum,
    phrases_variability,
)
from alignlab.literature.aspects import ASPECT_MEANINGS, ASPECTS, aspect_index
from alignlab.literature.claims import draw_claims
from alignlab.literature.embedders import LsaEmbedder
from alignlab.literature.fields import LARGEST_FIELD, SMALLEST_FIELD
from alignlab.literature.generator import FIRST_YEAR, LAST_YEAR, MAX_PAPERS, Literature, write_literature
from alignlab.literature.grammar import Pen, Phrase
from alignlab.literature.noise import TextNoise
from alignlab.literature.slots import Slots
from alignlab.spectra.rarities import RARITIES

PHRASE_MODULES = (phrases_environment, phrases_nature, phrases_papers, phrases_spectrum, phrases_variability)


def write(simulated, *, seed=0, **dials) -> Literature:
    settings = TextNoise(**dials)
    return write_literature(simulated.truth, simulated.variables, rng=np.random.default_rng(seed), settings=settings)


@pytest.fixture(scope="module")
def literature(simulated) -> Literature:
    return write(simulated)


def all_texts(literature: Literature) -> list[str]:
    papers = literature.papers
    return [*literature.summaries["text"], *papers["title"], *papers["abstract"]]


def test_same_seed_same_texts_and_another_seed_others(simulated, literature):
    again, other = write(simulated), write(simulated, seed=1)
    for name in ("papers", "source_papers", "summaries"):
        assert getattr(literature, name).equals(getattr(again, name))
    assert other.summaries["text"].isin(literature.summaries["text"]).mean() < 0.1


def test_one_to_eight_papers_per_source(simulated, literature):
    n_papers = literature.source_papers.groupby("source_index").size()
    assert n_papers.index.tolist() == list(range(len(simulated.truth)))
    assert n_papers.min() >= 1
    assert 2 < n_papers.max() <= MAX_PAPERS
    assert not literature.source_papers.duplicated().any()
    assert set(literature.source_papers["paper_id"]) == set(literature.papers["paper_id"])
    assert literature.papers["paper_id"].is_unique


def test_brighter_sources_have_more_papers(simulated, literature):
    n_papers = literature.source_papers.groupby("source_index").size().to_numpy()
    counts = simulated.truth["expected_counts"].to_numpy()
    assert n_papers[counts > np.quantile(counts, 0.8)].mean() > n_papers[counts < np.quantile(counts, 0.4)].mean() + 0.5


def test_every_source_has_an_aspect_and_none_is_told_twice(simulated, literature):
    summaries = literature.summaries
    assert set(summaries["source_index"]) == set(range(len(simulated.truth)))
    assert set(summaries["aspect"]) == set(ASPECTS)
    assert not summaries.duplicated(["source_index", "aspect"]).any()
    assert summaries["text"].str.len().min() > 10


def test_aspects_are_missing_as_often_as_asked(simulated):
    asked = (0.1, 0.25, 0.5)
    summaries = write(simulated, missing_aspect=asked).summaries
    n = len(simulated.truth)
    for aspect, probability in zip(ASPECTS, asked, strict=True):
        missing = 1 - (summaries["aspect"] == aspect).mean() * len(summaries) / n
        assert missing == pytest.approx(probability, abs=4 * np.sqrt(probability * (1 - probability) / n))


def test_every_source_has_an_aspect_even_when_all_are_missing(simulated):
    summaries = write(simulated, missing_aspect=(1.0, 1.0, 1.0)).summaries
    assert summaries["source_index"].tolist() == list(range(len(simulated.truth)))


def test_no_text_holds_a_name_or_a_position(simulated, literature):
    coordinates = re.compile(r"\d{4,6}(\.\d+)?[+−-]\d{4,6}|\d+h\s*\d+m|\bJ\d{4,}|[Dd]eclination|[Rr]ight ascension")
    names = [re.compile(re.escape(name.split(" J")[-1])) for name in simulated.sources["name"]]
    joined = "\n".join(all_texts(literature))
    assert "SIM J" not in joined
    assert coordinates.search(joined) is None
    assert not any(name.search(joined) for name in names)
    for ra, dec in simulated.sources[["ra", "dec"]].to_numpy():
        assert f"{ra:.3f}" not in joined
        assert f"{dec:.4f}" not in joined


def test_an_identifier_cannot_be_taken_for_a_bibcode_or_an_eprint(literature):
    identifiers = literature.papers["identifier"]
    assert identifiers.is_unique
    assert identifiers.str.startswith("sim:").all()
    assert (identifiers.str.len() != 19).all()
    assert not identifiers.str.contains(r"^\d{4}[A-Za-z&]|\d{4}\.\d{4,5}|^10\.", regex=True).any()


def test_papers_say_that_they_are_simulated_and_when_they_appeared(literature):
    papers = literature.papers
    assert papers["abstract"].str.endswith(phrases_papers.SIMULATED_NOTE).all()
    assert papers["year"].between(FIRST_YEAR, LAST_YEAR).all()
    assert (papers["title"].str.len() > 10).all()


def test_texts_are_well_formed(literature):
    for text in all_texts(literature):
        body = text.removesuffix(phrases_papers.SIMULATED_NOTE)
        assert re.search(r"[\[\]{}<>|]|\(n\)|  | ,|\.\.|\bnan\b|\binf\b", body) is None, text
        assert text[0].isupper() or not text[0].isalpha(), text


def test_texts_are_varied(literature):
    assert literature.summaries["text"].duplicated().mean() < 0.1
    words = set(re.findall(r"[a-z]+", " ".join(literature.summaries["text"]).lower()))
    assert len(words) > 500


def test_field_papers_are_shared_by_5_to_60_sources(literature):
    members = literature.source_papers.groupby("paper_id").size()
    shared = members[members > 1]
    assert len(shared) >= 3
    assert shared.between(SMALLEST_FIELD, LARGEST_FIELD).all()


def test_without_fields_no_paper_is_shared(simulated):
    assert write(simulated, field_paper=0.0).source_papers["paper_id"].is_unique


def test_rarities_are_told(simulated):
    truth = simulated.truth
    rare = truth["rarity"].ne("")
    assert set(truth.loc[rare, "rarity"]) == set(RARITIES)
    told = write(simulated, rarity_told=1.0, missing_aspect=(0.0, 0.0, 0.0)).summaries
    untold = write(simulated, rarity_told=0.0, missing_aspect=(0.0, 0.0, 0.0)).summaries
    differ = (told["text"] != untold["text"]).groupby(told["source_index"]).any()
    assert differ[rare.to_numpy()].all()
    assert not differ[~rare.to_numpy()].any()
    text = " ".join(told["text"][told["source_index"].isin(np.flatnonzero(rare))]).lower()
    for word in ("lens", "puls", "pile", "flar"):
        assert word in text


def class_found(simulated, literature: Literature) -> float:
    """Share of test sources whose class is that of the nearest class centroid in a latent semantic space."""
    n = len(simulated.truth)
    texts = literature.summaries.groupby("source_index")["text"].agg(" ".join)
    classes = simulated.truth["source_class"].to_numpy()
    training = np.arange(n) % 2 == 0
    vectors = LsaEmbedder(dim=40).fit(texts[training]).transform(texts)
    known = sorted(set(classes[training]))
    centroids = np.array([vectors[training & (classes == name)].mean(axis=0) for name in known])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    found = np.array(known)[(vectors @ centroids.T).argmax(axis=1)]
    return float(np.mean(found[~training] == classes[~training]))


def test_texts_tell_the_class_at_full_strength_and_nothing_at_none(simulated):
    classes = simulated.truth["source_class"].value_counts(normalize=True).to_numpy()
    nothing = class_found(simulated, write(simulated, strength=0.0))
    everything = class_found(simulated, write(simulated))
    assert nothing < classes.max() + 0.08
    assert everything > 2 * nothing
    assert everything > 0.4


def test_at_strength_zero_texts_do_not_depend_on_their_source(simulated):
    rows = np.random.default_rng(0).permutation(len(simulated.truth))
    permuted = simulated.truth.iloc[rows].reset_index(drop=True)
    variables = simulated.variables.iloc[rows].reset_index(drop=True)
    settings = TextNoise(strength=0.0, field_paper=0.0)
    first, second = (
        write_literature(truth, measured, rng=np.random.default_rng(0), settings=settings).summaries
        for truth, measured in ((simulated.truth, simulated.variables), (permuted, variables))
    )
    same = first["text"].to_numpy() == second["text"].to_numpy()
    assert same.mean() > 0.95


def phrases_of(thing: object) -> Iterator[Phrase]:
    """All phrases in nested tuples and dicts."""
    if isinstance(thing, Phrase):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from phrases_of(value)
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from phrases_of(value)


@pytest.mark.parametrize("module", PHRASE_MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_phrase_can_be_written_in_each_of_its_alternatives(simulated, module):
    claims = draw_claims(
        simulated.truth, simulated.variables, settings=TextNoise(outdated=1.0), rng=np.random.default_rng(0)
    )
    claims.old_class[:] = [name or "star" for name in claims.old_class]
    pen = Pen(np.random.default_rng(1).random((40, 60)))
    kinds = list(phrases_environment.FIELDS)
    found = list(phrases_of({k: v for k, v in vars(module).items() if k.isupper()}))
    assert len(found) > 10
    for phrase in found:
        for row in range(40):
            pen.turn_to(row)
            slots = Slots(claims, row, pen=pen, surroundings=kinds[row % len(kinds)], year=2015)
            text = phrase.write(pen, slots)
            assert text, phrase.source
            assert "(n)" not in text, phrase.source
            assert "nan" not in text.split(), (phrase.source, text)


def test_one_source_alone_has_a_literature(simulated):
    alone = write_literature(simulated.truth.iloc[:1], simulated.variables.iloc[:1], rng=np.random.default_rng(0))
    assert set(alone.source_papers["source_index"]) == {0}
    assert set(alone.summaries["source_index"]) == {0}


@pytest.mark.parametrize("dials", [
    {"strength": 1.5}, {"vagueness": -0.1}, {"scatter": 9.0}, {"missing_aspect": (0.1, 0.2)},
    {"missing_aspect": (0.1, 0.2, 1.1)},
])  # fmt: skip
def test_a_dial_out_of_its_range_is_refused_by_name(dials):
    with pytest.raises(RecipeError, match=next(iter(dials))):
        TextNoise(**dials)


def test_aspects_have_a_place_and_a_meaning():
    assert [aspect_index(aspect) for aspect in ASPECTS] == [0, 1, 2]
    assert set(ASPECT_MEANINGS) == set(ASPECTS)
    with pytest.raises(ValueError, match="nature"):
        aspect_index("distance")


@pytest.mark.parametrize("source", ["[open", "closed]", "a <macro> unknown", "{half"])
def test_a_broken_phrase_is_refused(source):
    with pytest.raises(ValueError, match="phrase"):
        Phrase(source)


@pytest.mark.parametrize(("source", "written"), [
    ("a(n) {x} source", "An X-ray source"), ("[|]the   sky , above", "The sky, above"), ("a(n) used one", "A used one"),
    ("[first|[second|third]]", "First"), ("seen by <mission>", "Seen by XMM-Newton"),
])  # fmt: skip
def test_phrases_are_put_into_prose(source, written):
    pen = Pen(np.zeros((1, 4)))
    pen.turn_to(0)
    assert Phrase(source).write(pen, {"x": "X-ray"}) == written


@pytest.mark.parametrize("name", ["Be/X-ray binary", "Seyfert galaxy", "T Tauri star", "AGN", "quasar"])
def test_a_phrase_within_a_sentence_keeps_the_case_of_names(name):
    pen = Pen(np.zeros((1, 4)))
    pen.turn_to(0)
    assert Phrase(f"[{name}]").write_within(pen, {}) == name


def test_a_pen_starts_again_where_its_row_ends():
    pen = Pen(np.array([[0.1, 0.7], [0.4, 0.2]]))
    pen.turn_to(1)
    assert [pen.draw() for _ in range(3)] == [0.4, 0.2, 0.4]
    assert [pen.pick("abc") for _ in range(2)] == ["a", "b"]
    with pytest.raises(ValueError, match="shape"):
        Pen(np.zeros(3))
