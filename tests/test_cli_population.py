"""``alignlab population`` on the small demo."""

from __future__ import annotations

import pytest
from astropy.table import Table
from click.testing import CliRunner

from alignlab.cli import main


@pytest.fixture
def call(small_demo, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(small_demo.data_dir))

    def run(*arguments: str, code: int = 0):
        result = CliRunner().invoke(main, ["population", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def test_a_class_is_compared_with_the_rest_and_written(call, tmp_path):
    path = tmp_path / "ulx.csv"
    told = call("class:ULX", "--distance", "4.6 Mpc", "--output", str(path)).stdout
    assert told.startswith("ULX (n = 12) against rest of the survey (n = 388); survey demo, simulated.")
    assert "erg s⁻¹" in told
    table = Table.read(path, format="ascii.csv", comment="#")
    assert set(table["source_class"]) == {"ULX"}
    assert (table["luminosity"] > 1e35).all()


def test_two_groups_with_names_from_a_file_and_tables(call, tmp_path, small_demo):
    from alignlab.services.workspace import Catalogue

    survey = Catalogue(small_demo).survey("demo")
    names = tmp_path / "names.txt"
    names.write_text("\n".join([*survey.sources["name"][:20], "nobody"]), encoding="utf-8")
    survey.close()
    result = call("--names", str(names), "--against", "class:AGN", "--table")
    assert "20 named sources (n = 20) against AGN" in result.stdout
    assert "| quantity | median, first |" in result.stdout
    assert "1 of 21 names are not in the survey: nobody." in result.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("class:AGN", "--names", "x"), ("class:AGN", "--distance", "far"), ("oops",)]
)
def test_what_cannot_be_is_one_line(call, arguments):
    result = call(*arguments, code=2)
    assert result.stderr.startswith("alignlab: ")
    assert len(result.stderr.splitlines()) == 1
