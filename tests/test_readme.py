"""What the README tells a newcomer to type is typed, on the small demo."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text()


def commands() -> list[str]:
    """All lines of the shell blocks that call alignlab, in their order, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("alignlab ")]


def targets() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return re.findall(r"^make (\w+)", "\n".join(blocks), re.MULTILINE)


def test_there_is_something_to_type():
    assert len(commands()) >= 8
    assert targets()[:2] == ["run", "test"]


def test_the_makefile_has_the_targets():
    makefile = (PROJECT / "Makefile").read_text()
    for target in targets():
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.fixture
def type_in(demo_copy: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run README commands in an empty folder, with RUN standing for the small demo's run."""
    monkeypatch.setenv("ALIGNLAB_DATA", str(demo_copy.data_dir))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (run_id,) = Catalogue(demo_copy).run_ids("demo")

    def run(command: str, *, spectra: list[Path] | None = None) -> str:
        arguments: list[str] = []
        for word in shlex.split(command)[1:]:
            given = spectra if spectra and word.startswith("spectra/") else [run_id if word == "RUN" else word]
            arguments += map(str, given)
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, f"{command}\n{result.output}"
        assert result.stdout.strip(), command
        return result.stdout

    return run


def needs_own_files(command: str) -> bool:
    return "spectra/" in command or "--survey mine" in command


@pytest.mark.parametrize("command", [command for command in commands() if not needs_own_files(command)])
def test_a_command_of_the_readme_works_on_the_demo(type_in, command):
    type_in(command)
    for word in shlex.split(command):
        if word.endswith((".vot", ".fits", ".csv", ".ecsv", ".parquet")):
            assert Path(word).stat().st_size > 0


@pytest.mark.real_data
def test_bringing_ones_own_data_works_as_the_readme_says(type_in, real_data):
    own = [command for command in commands() if needs_own_files(command)]
    assert [command.split()[1] for command in own] == ["ingest", "apply"]
    spectra = [real_data / "spectra" / "9774.pi.gz", real_data / "spectra" / "3c273.pi.gz"]
    told = [type_in(command, spectra=spectra) for command in own]
    assert told[0].startswith("2 sources in ")
    assert {line.split("\t")[0] for line in told[1].splitlines()} == {"3C 186", "3C 273"}


def test_its_pictures_and_documents_exist():
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", README) + re.findall(r"`(docs/[\w.-]+)`", README)
    missing = [path for path in linked if not (PROJECT / path).exists()]
    assert missing == []


def test_it_names_the_paper_and_says_that_the_demo_is_simulated():
    text = re.sub(r"\s+", " ", README)
    assert "arXiv:2603.04516" in text
    assert "simulated" in text
