from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from alignlab.literature.aspects import ASPECTS
from alignlab.literature.embedders import LsaEmbedder
from alignlab.literature.extractive import N_SENTENCES, summarise
from alignlab.literature.naming import Names
from alignlab.literature.reading import Paper
from alignlab.literature.sentences import sentences_of
from alignlab.literature.summary_schema import LONGEST_SUMMARY, plain_text
from alignlab.store.survey import Survey

NOBODY = Names(())


def papers(*texts: str) -> list[Paper]:
    return [Paper(bibcode=f"b{i}", title="On a thing", text=text, year=2020 - i) for i, text in enumerate(texts)]


def test_each_aspect_gets_the_sentences_that_speak_of_it():
    text = (
        "We present observations of GX 99. The optical counterpart identifies it as a cataclysmic variable. "
        "The X-ray spectrum is an absorbed power law with a photon index of 1.7. The flux varies by a factor of two. "
        "It lies in a globular cluster at a distance of 4 kpc. Further work is encouraged by everybody involved."
    )
    said = summarise(papers(text), names=Names(["GX 99"])).texts
    assert said == {
        "nature": "The optical counterpart identifies it as a cataclysmic variable.",
        "spectrum": "The X-ray spectrum is an absorbed power law with a photon index of 1.7. "
        "The flux varies by a factor of two.",
        "environment": "It lies in a globular cluster at a distance of 4 kpc.",
    }


def test_an_aspect_of_which_nothing_is_said_is_none():
    assert set(summarise(papers("The committee met twice. It adjourned."), names=NOBODY).texts.values()) == {None}
    assert set(summarise([], names=NOBODY).texts.values()) == {None}


def test_the_same_thing_is_not_said_twice():
    one = "The X-ray spectrum is an absorbed power law with a photon index of 1.7."
    said = summarise(papers(one, one.replace("1.7", "1.8"), one), names=NOBODY).texts["spectrum"]
    assert said == one


def test_what_matters_to_all_papers_is_chosen_of_too_many_sentences():
    said_often = [f"The X-ray spectrum of the flare shows an iron line, as in part {i}." for i in range(6)]
    aside = "The hardness and flux of another spectrum were used to check the calibration of that instrument."
    text = summarise(papers(*said_often, aside), names=NOBODY, n_sentences=1).texts["spectrum"]
    assert "iron line" in text


@pytest.mark.real_data
def test_on_real_abstracts_summaries_are_sentences_of_theirs_without_the_names(real_data: Path):
    with gzip.open(real_data / "literature" / "xray_abstracts.jsonl.gz", "rt") as lines:
        real = [json.loads(line) for line in lines][::11]
    made = [summarise(papers(row["abstract"]), names=NOBODY) for row in real]
    for row, summary in zip(real, made, strict=True):
        whole = NOBODY.removed_from(" ".join(sentences_of(plain_text(row["abstract"])))).lower()
        for text in filter(None, summary.texts.values()):
            assert len(text) <= LONGEST_SUMMARY and len(sentences_of(text)) <= N_SENTENCES + 2
            assert all(sentence.lower() in whole for sentence in sentences_of(text))
    shares = [np.mean([summary.texts[aspect] is not None for summary in made]) for aspect in ASPECTS]
    assert all(0.6 < share < 0.95 for share in shares)
    named = [(row, summarise(papers(row["abstract"]), names=Names(row["names"]))) for row in real if row["names"]]
    n_left = sum(Names(row["names"]).found_in(text) for row, s in named for text in s.texts.values() if text)
    assert n_left == 0


@pytest.mark.real_data
def test_the_class_of_real_objects_can_be_told_from_what_is_said_of_their_nature(real_data: Path):
    with gzip.open(real_data / "literature" / "xray_abstracts.jsonl.gz", "rt") as lines:
        real = [row for row in map(json.loads, lines) if len(row["classes"]) == 1][:300]
    classes = np.array([row["classes"][0] for row in real])
    embedder = LsaEmbedder(dim=64).fit([row["abstract"] for row in real])

    def right(texts: list[str]) -> float:
        told = np.array([bool(text) for text in texts])
        vectors = embedder.transform([text for text in texts if text])
        similarity = vectors @ vectors.T - 2 * np.eye(len(vectors))
        near = classes[told][np.argsort(-similarity, axis=1)[:, :10]]
        votes = [max(sorted(set(row)), key=list(row).count) for row in near]
        return float(np.mean(np.array(votes) == classes[told]))

    whole = right([row["abstract"] for row in real])
    nature = right([summarise(papers(row["abstract"]), names=NOBODY).texts["nature"] or "" for row in real])
    assert nature > whole - 0.15


def test_on_the_demo_each_summary_is_nearest_to_the_text_of_its_own_aspect(small_demo):
    survey = Survey.open(small_demo.surveys_dir / "demo")
    embedder = LsaEmbedder(dim=64).fit(survey.summaries["text"].tolist())
    likeness = []
    for index in range(60):
        rows = survey.papers_of(index).itertuples()
        read = [Paper(bibcode=row.paper_id, title=row.title, text=row.abstract, year=int(row.year)) for row in rows]
        mine, theirs = summarise(read, names=NOBODY).texts, survey.summaries_of(index)
        first, second = (embedder.transform([told.get(aspect) or "" for aspect in ASPECTS]) for told in (mine, theirs))
        likeness.append(first @ second.T)
    survey.close()
    mean = np.mean(likeness, axis=0)
    assert (mean.argmax(axis=1) == np.arange(len(ASPECTS))).all()
    assert (np.diag(mean) > 1.5 * (mean.sum(axis=1) - np.diag(mean)) / 2).all()
