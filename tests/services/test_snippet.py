from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.services.snippet import LONGEST_LIST, selection_snippet
from tests.conftest import PROJECT

URL = "http://localhost:8501/?representation=both"


def run_here(text: str, monkeypatch: pytest.MonkeyPatch, config) -> dict:
    """The snippet's variables after it ran in this process."""
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    names: dict = {"print": lambda *_: None}
    exec(compile(text, "snippet", "exec"), names)
    return names


def test_the_script_runs_elsewhere_and_prints_the_selection(workspace, small_demo, tmp_path):
    rows = np.array([17, 3, 4, 5, 6, 200])
    script = tmp_path / "selection.py"
    script.write_text(selection_snippet(workspace, rows, url=URL), encoding="utf-8")
    environment = {**os.environ, "ALIGNLAB_DATA": str(small_demo.data_dir), "PYTHONPATH": str(PROJECT)}
    result = subprocess.run(
        [sys.executable, "-W", "error", script],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    names = workspace.survey.sources["name"].iloc[np.sort(rows)]
    found = [line for line in result.stdout.splitlines() if "SIM J" in line]
    assert len(found) == len(rows)
    assert all(name in line for name, line in zip(names, found, strict=True))


def test_it_says_what_it_is_and_where_it_was_made(workspace):
    text = selection_snippet(workspace, np.array([3, 4, 5, 9]), url=URL)
    assert URL in text
    assert "4 of 400 simulated sources" in text
    assert "3:6, 9" in text


def test_a_class_a_split_and_everything_are_named(workspace, small_demo, monkeypatch):
    sources = workspace.survey.sources
    agn = (sources["source_class"] == "AGN").to_numpy()
    test = (sources["split"] == "test").to_numpy()
    for mask, words in (
        (agn, "sources[\"source_class\"].isin(['AGN'])"),
        (test, "sources[\"split\"].isin(['test'])"),
        (agn & test, " & "),
        (np.ones(len(sources), bool), "np.arange"),
    ):
        text = selection_snippet(workspace, np.flatnonzero(mask))
        assert words in text
        np.testing.assert_array_equal(run_here(text, monkeypatch, small_demo)["rows"], np.flatnonzero(mask))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mask=st.one_of(st.binary(min_size=50, max_size=50), st.sampled_from([b"\0" * 50, b"\1" * 50, b"\xaa" * 50])))
def test_any_selection_comes_back_row_by_row(workspace, small_demo, monkeypatch, mask):
    rows = np.flatnonzero(np.unpackbits(np.frombuffer(mask, np.uint8)))
    text = selection_snippet(workspace, rows)
    assert all(len(line) <= 130 for line in text.splitlines())
    names = run_here(text, monkeypatch, small_demo)
    np.testing.assert_array_equal(names["rows"], rows)
    assert names["table"]["source_index"].tolist() == rows.tolist()


def test_a_long_scattered_selection_is_packed(workspace, small_demo, monkeypatch):
    rows = np.flatnonzero(np.random.default_rng(1).random(400) < 0.5)
    monkeypatch.setattr("alignlab.services.snippet.LONGEST_LIST", 200)
    text = selection_snippet(workspace, rows)
    assert "base64" in text
    assert LONGEST_LIST > 200
    np.testing.assert_array_equal(run_here(text, monkeypatch, small_demo)["rows"], rows)


@pytest.mark.parametrize("which", ["survey", "run"])
def test_another_survey_or_run_of_that_name_is_refused(workspace, small_demo, monkeypatch, which):
    text = selection_snippet(workspace, np.array([1]))
    digest = getattr(workspace, which).digest[:16]
    with pytest.raises(SystemExit, match=f"another {which}"):
        run_here(text.replace(digest, "0" * 16), monkeypatch, small_demo)
