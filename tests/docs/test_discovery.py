"""What docs/discovery.md tells one to type is typed, on the small demo; its figures and pictures are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from alignlab.cli import main
from tests.conftest import PROJECT

PAGE = PROJECT / "docs" / "discovery.md"
TEXT = PAGE.read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("alignlab ")]


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_page_works_on_the_demo(command, demo_copy, monkeypatch, tmp_path):
    monkeypatch.setenv("ALIGNLAB_DATA", str(demo_copy.data_dir))
    monkeypatch.chdir(tmp_path)
    # A survey of 400 sources has none so near to a galaxy.
    wide = command.replace("within 6 arcmin", "within 60 deg")
    result = CliRunner().invoke(main, shlex.split(wide)[1:])
    assert result.exit_code == 0, f"{command}\n{result.output}"
    assert result.stdout.strip()
    for word in shlex.split(command):
        if word.endswith(".csv"):
            assert Path(word).stat().st_size > 0


def test_every_block_of_figures_is_filled():
    blocks = dict(re.findall(r"<!-- ([\w -]+) -->\n(.*?)<!-- /\1 -->", TEXT, re.DOTALL))
    assert len(blocks) == 6
    assert all(len(block.strip()) > 100 for block in blocks.values())
    assert all("(simulated)" in block for name, block in blocks.items() if block.startswith("**"))


def test_its_pictures_and_documents_exist_and_are_small():
    linked = [PAGE.parent / name for name in re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)]
    assert [path.name for path in linked if not path.exists()] == []
    assert sum(path.stat().st_size for path in linked if path.suffix == ".png") < 1_000_000


def test_it_says_that_the_demo_is_simulated():
    assert "**The demo is simulated**" in TEXT
