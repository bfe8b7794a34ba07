"""``alignlab interpret``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.config import Config
from tests.services.test_drop import JPEG, spectrum_csv


@pytest.fixture
def run(small_demo: Config, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(small_demo.data_dir))

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["interpret", *map(str, arguments)])

    return invoke


@pytest.fixture
def spectrum(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(spectrum_csv())
    return path


def artefacts(config: Config) -> list[Path]:
    return sorted(path for root in (config.surveys_dir, config.runs_dir) for path in root.rglob("*"))


def test_a_spectrum_is_interpreted_and_nothing_is_left(run, small_demo, spectrum, tmp_path):
    before = artefacts(small_demo)
    report = tmp_path / "report.md"
    result = run("-k", "4", "--ra", "10.5", "--dec", "-3", "--output", report, spectrum)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "mine"
    assert {"Where it lies", "What it may be", "Its spectrum", "What to look at next", "Limits"} <= set(lines)
    assert "simulated" in result.stdout
    claims = [line for line in lines[: lines.index("Limits")] if line.startswith("- ")]
    assert claims
    assert all(re.search(r"\[E\d+\]$", claim) for claim in claims)
    assert "mine" in report.read_text(encoding="utf-8")
    assert artefacts(small_demo) == before


def test_several_sources_get_a_report_each(run, spectrum, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(spectrum_csv(250))
    result = run("--papers", "0", "--output", tmp_path / "report.md", spectrum, other)
    assert result.exit_code == 0, result.output
    assert [path.name for path in sorted(tmp_path.glob("report*"))] == ["report-1.md", "report-2.md"]
    assert "What is written" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ra", "10"], "two coordinates"),
        (["--ra", "400", "--dec", "0"], "no position on the sky"),
        (["--output", "report.docx"], "no report"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_read(run, spectrum, arguments, words):
    result = run(*arguments, spectrum)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_what_is_no_spectrum_is_refused_in_one_line(run, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(JPEG)
    result = run(path)
    assert result.exit_code == 2
    assert "neither FITS nor text" in result.stderr.splitlines()[-1]
    assert run(tmp_path / "absent.pi").exit_code == 2
