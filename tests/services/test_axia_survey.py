"""Corpora of any size: blocks side by side, killed and taken up again, the same survey in the end."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest import axia_stream
from alignlab.progress import StoppedError
from alignlab.services.ingest import ingest_axia_file
from alignlab.store.survey import Survey
from tests.ingest.test_axia import record, write_lines

N = 60


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(axia_stream, "BLOCK_LINES", 8)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path / "data")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    lines = [json.dumps(record(i, n=20 + i, source_name=f"name {i // 2}")) for i in range(N)]
    lines[17] = lines[17][:40]
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.fixture(scope="module")
def expected(corpus, tmp_path_factory) -> Survey:
    """All in one block, in this process."""
    config = Config(data_dir=tmp_path_factory.mktemp("whole"))
    return ingest_axia_file(corpus, name="axia", config=config, processes=0).survey


def assert_same(survey: Survey, expected: Survey) -> None:
    pd.testing.assert_frame_equal(survey.sources, expected.sources)
    pd.testing.assert_frame_equal(survey.limits, expected.limits)
    for name in ("variables", "catalogued", "spectra", "counts", "background"):
        np.testing.assert_array_equal(getattr(survey, name), getattr(expected, name))
    for index in range(survey.n_sources):
        for found, wanted in zip(survey.events_of(index), expected.events_of(index), strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("processes", [0, 2])
def test_blocks_side_by_side_make_the_survey_of_one(corpus, expected, config, processes):
    steps = []
    outcome = ingest_axia_file(
        corpus, name="axia", config=config, processes=processes, on_step=lambda *step: steps.append(step) is None
    )
    assert outcome.survey.n_sources == N - 1
    assert outcome.survey.sources["name"].is_unique
    assert [problem.split(":")[0] for problem in outcome.problems] == ["corpus.jsonl.gz, line 18"]
    assert_same(outcome.survey, expected)
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert sorted(path.name for path in config.surveys_dir.iterdir()) == ["axia"]


def test_who_is_killed_goes_on_with_the_blocks_that_are_missing(corpus, expected, config, tmp_path):
    checkpoint = tmp_path / "job"
    blocks = checkpoint / "blocks"
    program = (
        "import sys, time; from pathlib import Path; from alignlab.config import Config\n"
        "from alignlab.ingest import axia_stream; axia_stream.BLOCK_LINES = 8\n"
        "from alignlab.services.ingest import ingest_axia_file\n"
        "ingest_axia_file(Path(sys.argv[1]), name='axia', config=Config(data_dir=Path(sys.argv[2])), processes=0,\n"
        "    checkpoint=Path(sys.argv[3]), on_step=lambda *_: time.sleep(0.2) is None)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, corpus, config.data_dir, checkpoint])
    deadline = time.monotonic() + 60
    while not (blocks / "block-000002").is_dir() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {folder: folder.stat().st_mtime_ns for folder in blocks.glob("block-??????")}
    assert 3 <= len(before) < N // 8
    outcome = ingest_axia_file(corpus, name="axia", config=config, processes=0, checkpoint=checkpoint)
    assert_same(outcome.survey, expected)
    assert before == {folder: folder.stat().st_mtime_ns for folder in before}


def test_blocks_of_another_file_are_not_taken_over(corpus, config, tmp_path):
    checkpoint = tmp_path / "job"
    first = write_lines(tmp_path / "corpus.jsonl", *(record(i, n=9) for i in range(12)))
    ingest_axia_file(first, name="first", config=config, checkpoint=checkpoint)
    write_lines(first, *(record(100 + i, n=9) for i in range(10)))
    second = ingest_axia_file(first, name="second", config=config, checkpoint=checkpoint).survey
    assert second.sources["obsid"].tolist() == [1000 + i for i in range(10)]


def test_a_process_that_dies_is_told_and_what_is_finished_is_kept(corpus, expected, config, tmp_path, monkeypatch):
    checkpoint = tmp_path / "job"
    real = axia_stream.request
    asked = []

    def poisoned(block, grid_kind, folder):
        asked.append(folder)
        return b"this is no request\n" if len(asked) == 5 else real(block, grid_kind, folder)

    monkeypatch.setattr(axia_stream, "request", poisoned)
    with pytest.raises(AlignlabError, match=r"measured the lines from \d+ to \d+ of corpus.jsonl.gz died"):
        ingest_axia_file(corpus, name="axia", config=config, processes=1, checkpoint=checkpoint)
    monkeypatch.undo()
    monkeypatch.setattr(axia_stream, "BLOCK_LINES", 8)
    assert len(list((checkpoint / "blocks").glob("block-??????"))) >= 4
    assert_same(
        ingest_axia_file(corpus, name="axia", config=config, processes=0, checkpoint=checkpoint).survey, expected
    )


def test_stopping_ends_the_processes_and_leaves_no_survey(corpus, config):
    with pytest.raises(StoppedError):
        ingest_axia_file(
            corpus, name="axia", config=config, processes=1, on_step=lambda done, total, info: "24 lines" not in info
        )
    assert list(config.surveys_dir.iterdir()) == []


def test_very_many_broken_lines_are_counted(config, tmp_path, monkeypatch):
    monkeypatch.setattr(axia_stream, "BLOCK_LINES", 700)
    path = write_lines(tmp_path / "corpus.jsonl", *["{"] * 1500, record(1))
    problems = ingest_axia_file(path, name="axia", config=config).problems
    assert len(problems) == 1001
    assert "500 more lines" in problems[-1]


def test_a_file_that_ends_early_gives_what_was_before(config, tmp_path):
    text = "".join(json.dumps(record(i)) + "\n" for i in range(20)).encode()
    path = tmp_path / "corpus.jsonl.gz"
    path.write_bytes(gzip.compress(text)[:-9000])
    outcome = ingest_axia_file(path, name="axia", config=config)
    assert 0 < outcome.survey.n_sources < 20
    assert "ends early" in outcome.problems[-1]


def test_a_damaged_block_is_told(corpus, config, tmp_path):
    checkpoint = tmp_path / "job"
    ingest_axia_file(corpus, name="axia", config=config, checkpoint=checkpoint)
    shutil.copy(corpus, checkpoint / "blocks" / "block-000001" / "counts.npy")
    with pytest.raises(AlignlabError, match="block-000001 cannot be read"):
        ingest_axia_file(corpus, name="again", config=config, checkpoint=checkpoint)
