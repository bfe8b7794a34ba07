"""``alignlab search``."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.config import Config
from alignlab.services.workspace import Catalogue


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
