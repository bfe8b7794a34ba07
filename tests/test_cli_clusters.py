"""``alignlab clusters``."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.services.discover import cluster_sweep as sweeps


@pytest.fixture
def run(demo_copy, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(demo_copy.data_dir))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["clusters", *arguments])

    return invoke


def test_clusters_are_told_kept_written_and_forgotten(run, tmp_path):
    path = tmp_path / "labels.csv"
    result = run(
        "mixture", "-k", "3", "--representation", "spectrum", "--labelling", "accretors", "--output", str(path)
    )
    assert result.exit_code == 0, result.output
    for told in ("Gaussian mixture, 3 clusters in spectrum", "Survey demo (simulated)", "One cluster per class finds"):
        assert told in result.stdout
    table = pd.read_csv(path, keep_default_na=False)
    assert len(table) == 400
    assert sorted(set(table["cluster"])) == [0, 1, 2]
    assert table.groupby("cluster")["cluster_name"].nunique().tolist() == [1, 1, 1]
    again = run("mixture", "-k", "3", "--representation", "spectrum", "--scope", "all", "--json")
    told = json.loads(again.stdout)
    assert told["clusters"] == table["cluster"].value_counts().sort_index().tolist()
    assert 0 < told["classes"]["balanced_accuracy"] < 1
    (name,) = run("--list").stdout.split()
    assert name.startswith("mixture-3-spectrum-")
    assert run("--delete", name).exit_code == 0
    assert run("--list").stdout == ""
    again = run("--delete", name)
    assert again.exit_code == 2
    assert "are kept" in again.stderr


def test_sweep_and_comparison(run, monkeypatch):
    monkeypatch.setattr(sweeps, "SIZES", (2, 3))
    monkeypatch.setattr(sweeps, "COMPARED_REPRESENTATIONS", ("spectrum",))
    monkeypatch.setattr(sweeps, "COMPARED_METHODS", ("kmeans",))
    swept = run("--sweep", "--labelling", "eight")
    assert "| 3 | 3 | 0 |" in swept.stdout
    assert "arXiv:2510.14102" in run("--compare").stdout


def test_wrong_words_are_refused_in_one_line(run):
    result = run("--labelling", "colours")
    assert result.exit_code == 2
    assert "no classes 'colours'. Choose one of classes, eight, accretors" in " ".join(result.stderr.split())
    assert "k must be a whole number from 2" in run("-k", "1").stderr
