from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.ingest.csc_literature import write_csc_literature
from alignlab.ingest.csc_table import read_detections
from alignlab.literature.noise import TextNoise
from tests.ingest.csc_tables import detections

CLASSES = ("CV", "", "pulsar")


def written(tmp_path):
    path = tmp_path / "d.parquet"
    detections(120, per_source=3).to_parquet(path)
    found = read_detections(path)
    names = pd.factorize(found.sources["name"])[0]
    sources = found.sources.assign(source_class=[CLASSES[i % 3] for i in names])
    return sources, write_csc_literature(sources, found.variables, rng=np.random.default_rng(4), settings=TextNoise())


def test_detections_of_a_source_share_its_papers_and_texts(tmp_path):
    sources, literature = written(tmp_path)
    assert set(literature.summaries["source_index"]) == set(range(len(sources)))
    assert literature.source_papers["source_index"].is_monotonic_increasing
    owner = sources["name"].to_numpy()
    for table, column in ((literature.summaries, "text"), (literature.source_papers, "paper_id")):
        told = table.groupby("source_index")[column].agg(tuple)
        assert (told.groupby(owner[told.index]).nunique() == 1).all()
    assert set(literature.source_papers["paper_id"]) == set(literature.papers["paper_id"])
    assert literature.papers["paper_id"].is_unique
    assert literature.papers["identifier"].is_unique


def test_a_source_of_unknown_class_has_one_paper_and_no_word_of_a_class(tmp_path):
    sources, literature = written(tmp_path)
    unknown = np.flatnonzero(sources["source_class"] == "")
    summaries = literature.summaries[literature.summaries["source_index"].isin(unknown)]
    assert set(summaries["aspect"]) == {"spectrum"}
    pairs = literature.source_papers[literature.source_papers["source_index"].isin(unknown)]
    assert (pairs.groupby("source_index").size() == 1).all()
    papers = literature.papers.set_index("paper_id").loc[pairs["paper_id"]]
    texts = " ".join([*summaries["text"], *papers["title"], *papers["abstract"]]).lower()
    nouns = ("active galactic", "agn", "seyfert", "quasar", "cataclysmic", "white dwarf", "pulsar", "neutron star")
    assert not [noun for noun in nouns if f" {noun}" in texts]


def test_known_classes_are_told(tmp_path):
    sources, literature = written(tmp_path)
    known = literature.summaries[sources["source_class"].to_numpy()[literature.summaries["source_index"]] != ""]
    assert {"nature", "spectrum", "environment"} == set(known["aspect"])
    papers = literature.papers.set_index("paper_id").loc[literature.source_papers["paper_id"]]
    assert papers["abstract"].str.contains("simulated paper").all()
