"""``alignlab search`` and ``alignlab interpret``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from tests.services.test_drop import JPEG, spectrum_csv


@pytest.fixture
def run(small_demo: Config, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(small_demo.data_dir))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    return invoke


def test_search_by_name_position_and_words(run, small_demo):
    source = Catalogue(small_demo).survey("demo").sources.iloc[4]
    assert f"{source['name']}\t{source['source_class']}" in run("search", source["name"].lower()).stdout
    place = run("search", "--radius", "1", "--", f"{source['ra']:.5f}", f"{source['dec']:.5f}").stdout
    assert "read as equatorial (ICRS), degrees: 1 within 1 arcmin" in place
    assert "arcsec" in place
    words = run("search", "-k", "3", "young", "star", "quazar").stdout
    assert "nearest: quasar" in words
    assert "# papers (simulated)" in words
    assert words.count("\tspectrum ") == 3
    assert "nothing found" in run("search", "zzzzzz").stdout


def test_interpret_names_neighbours_and_leaves_nothing(run, small_demo, tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text(spectrum_csv())
    before = sorted(small_demo.data_dir.rglob("*"))
    result = run("interpret", "-k", "4", str(path))
    assert result.exit_code == 0
    first, *near = [line for line in result.stdout.splitlines() if not line.startswith("#")]
    assert first.startswith("mine\t")
    assert "the training set" in first
    assert len(near) == 4
    assert sorted(small_demo.data_dir.rglob("*")) == before


def test_interpret_refuses_in_one_line(run, tmp_path: Path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(JPEG)
    result = run("interpret", str(path))
    assert result.exit_code == 2
    assert "neither FITS nor text" in result.stderr.splitlines()[-1]
    assert run("interpret", str(tmp_path / "absent.pi")).exit_code == 2
