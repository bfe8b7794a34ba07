from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.store.survey import PAPER_SPLIT_SIZES, SPLITS, Survey, paper_split, write_survey
from tests.store.builders import survey_contents, survey_meta


def test_what_was_written_comes_back_in_order(tmp_path):
    contents = survey_contents()
    survey = write_survey(contents, survey_meta(), tmp_path)
    assert survey.n_sources == 20
    assert survey.simulated
    assert list(survey.sources["name"]) == list(contents.sources["name"])
    np.testing.assert_array_equal(survey.variables, contents.variables.to_numpy(np.float32))
    np.testing.assert_array_equal(survey.spectra, contents.arrays["spectra"])
    np.testing.assert_array_equal(survey.text_mask, contents.arrays["text_mask"])
    config, state = survey.embedder()
    assert config == {"name": "lsa"}
    np.testing.assert_array_equal(state["components"], contents.embedder["components"])


def test_photons_papers_and_summaries_of_a_source(tmp_path):
    contents = survey_contents()
    survey = write_survey(contents, survey_meta(), tmp_path)
    for i in range(20):
        first, last = contents.photons.offsets[i : i + 2]
        time_s, energy_kev = survey.events_of(i)
        np.testing.assert_array_equal(time_s, contents.photons.time_s[first:last])
        np.testing.assert_array_equal(energy_kev, contents.photons.energy_kev[first:last])
    assert list(survey.papers_of(0)["paper_id"]) == ["b", "a"]
    assert survey.papers_of(5).empty
    assert survey.summaries_of(0) == {"nature": "x"}
    assert survey.summaries_of(7) == {}
    assert survey.n_papers[:3].tolist() == [2, 1, 0]


def test_a_survey_without_papers_says_what_it_lacks(tmp_path):
    full = survey_contents()
    empty = full.papers.iloc[:0]
    bare = dataclasses.replace(
        full, papers=empty, source_papers=full.source_papers.iloc[:0], summaries=full.summaries.iloc[:0],
        arrays={"spectra": full.arrays["spectra"]}, truth=None, embedder={}, embedder_config={},
    )  # fmt: skip
    survey = write_survey(bare, survey_meta(), tmp_path)
    assert survey.truth is None
    assert survey.catalogued is None
    assert survey.papers_of(0).empty
    with pytest.raises(MissingArtefactError, match="no 'text'"):
        _ = survey.text
    with pytest.raises(MissingArtefactError, match="no text embedder"):
        survey.embedder()


@pytest.mark.parametrize("change", ["short array", "unknown array", "unknown split"])
def test_inconsistent_contents_are_refused_and_nothing_is_written(tmp_path, change):
    contents = survey_contents()
    if change == "short array":
        contents = dataclasses.replace(contents, arrays={"spectra": np.zeros((19, 400), np.float32)})
    elif change == "unknown array":
        contents = dataclasses.replace(contents, arrays={"colour": np.zeros((20, 400), np.float32)})
    else:
        contents = dataclasses.replace(contents, sources=contents.sources.assign(split="dev"))
    with pytest.raises(AlignlabError, match=r"19 rows|unknown"):
        write_survey(contents, survey_meta(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_processes_read_the_same_survey(tmp_path):
    folder = write_survey(survey_contents(), survey_meta(), tmp_path).folder
    script = (
        "from pathlib import Path; from alignlab.store.survey import Survey; "
        f"print(Survey.open(Path({str(folder)!r})).n_sources)"
    )
    assert Survey.open(folder).n_sources == 20
    answers = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in "ab"]
    assert [a.stdout.strip() for a in answers] == ["20", "20"]


def test_the_split_of_the_paper():
    split = paper_split(sum(PAPER_SPLIT_SIZES), rng=np.random.default_rng(1))
    assert tuple((split == name).sum() for name in SPLITS) == PAPER_SPLIT_SIZES
    again = paper_split(sum(PAPER_SPLIT_SIZES), rng=np.random.default_rng(1))
    np.testing.assert_array_equal(split, again)
    small = paper_split(12, rng=np.random.default_rng(1))
    assert min((small == name).sum() for name in SPLITS) == 2
